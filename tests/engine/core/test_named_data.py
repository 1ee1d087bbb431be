from __future__ import annotations

import pytest

from engine.core.checks import parse_check
from engine.core.named_data import MOST_ADDRESSES, Likelihood, data_addresses, is_live
from tests.little_time import little_time


def found(text: str, *checks: str) -> dict[str, tuple[str, str]]:
    return {one.url: (one.likelihood.name, one.name) for one in data_addresses(text, [parse_check(c) for c in checks])}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/rates.json",
        "https://api.frankfurter.dev/v1/latest?base=EUR",
        "https://example.org/api/3/stations",
        "https://raw.githubusercontent.com/a/b/main/data.csv",
        "https://github.com/a/b/raw/main/data.csv",
        "https://cdn.jsdelivr.net/npm/@fawazahmed0/currency-api@latest/v1/currencies/eur.json",
        "http://127.0.0.1:8123/v1/rates",
        "https://example.org/export?format=csv",
    ],
)
def test_an_address_that_looks_like_data_is_fetched(url: str) -> None:
    assert found(f"Show the figures of {url}.") == {url: ("SHAPED", "")}
    assert found("Show it.", f"js: (await fetch('{url}')).ok") == {url: ("SHAPED", "")}


def test_the_words_of_a_sentence_tell_what_an_address_is_for() -> None:
    assert found("Fetch the exchange rates as JSON from https://example.org/latest and list them.") == {
        "https://example.org/latest": ("SAID", "")
    }
    assert found("The theme is https://example.org/latest.") == {"https://example.org/latest": ("PERHAPS", "")}
    assert found("Link to the docs of the API at https://example.org/latest.") == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.jsdelivr.net/npm/bootstrap@5.3.3/dist/css/bootstrap.min.css",
        "https://unpkg.com/marked",
        "https://github.com/octocat/hello",
        "https://github.com/octocat/hello/blob/main/data.csv",
        "https://api.github.com/users/{username}",
        "https://api.github.com/users/<name>",
        "https://api.github.com/users/${login}",
        "https://api.github.com/users/USERNAME",
        "https://api.example.org/search?q=...",
        "https://api.example.org/get?url=",
        "https://example.org/logo.png",
        "http://www.w3.org/2000/svg",
        "https://[broken/api/x.json",
    ],
)
def test_libraries_repositories_and_placeholders_are_left_alone(url: str) -> None:
    assert found(f"Fetch the data from {url} and show it.") == {}


def test_an_address_that_code_completes_is_a_placeholder() -> None:
    assert found("", "js: fetch('https://api.example.org/users/' + name)") == {}
    assert found("", "js: fetch(`https://api.example.org/users/${name}`)") == {}


def test_the_callback_and_attachments_by_address_are_no_data() -> None:
    url = "https://evaluator.example/api/notify"
    assert data_addresses(f"POST to {url}?round=1.", [], but=(url, "")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Get <https://x.test/a.json>.",
        "Get [the data](https://x.test/a.json).",
        "Get 'https://x.test/a.json'!",
        "Get **https://x.test/a.json**, please",
        "Get https://x.test/a.json#top.",
    ],
)
def test_what_a_sentence_puts_around_an_address_is_not_a_part_of_it(text: str) -> None:
    assert list(found(text)) == ["https://x.test/a.json"]


def test_a_sentence_may_name_the_file() -> None:
    assert found("Commit https://api.x.test/v1/rates as fx.json. Then show it.") == {
        "https://api.x.test/v1/rates": ("SHAPED", "fx.json")
    }
    two = found("Fetch https://a.test/a.json and https://b.test/b.json into all.json.")
    assert [name for _, name in two.values()] == ["", ""]


def test_few_are_fetched_and_the_likeliest_first() -> None:
    text = "See https://x.test/page. " + " ".join(f"Get https://x.test/{n}.json." for n in range(9))
    many = data_addresses(text, [])
    assert len(many) == MOST_ADDRESSES
    assert {one.likelihood for one in many} == {Likelihood.SHAPED}


def test_a_brief_that_wants_its_page_to_ask_is_live() -> None:
    assert is_live("The user types a name and the page shows https://api.x.test/users/octocat.")
    assert is_live("Refresh the price every 30 seconds.")
    assert not is_live("Show the sum of https://live.x.test/a.json.")


@pytest.mark.parametrize(
    "text", ["https://" * 40_000, "fetch data " * 40_000 + "https://x.test/a", "[" * 200_000, "a" * 300_000]
)
def test_a_hostile_brief_takes_no_time(text: str) -> None:
    with little_time():
        data_addresses(text, [parse_check(f"js: {text}")])
        is_live(text)
