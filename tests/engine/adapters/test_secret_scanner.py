from __future__ import annotations

import pytest

from engine.adapters import secret_scanner
from engine.adapters.secret_scanner import DetectSecretsScanner
from tests.little_time import LARGE, little_time
from tests.tokens import HEX, INNOCENT, SHAPES, filler

LOWER = "a1b2c3d4e5f6g7h8i9"
CAPITALS = "A1B2C3D4E5F6G7H8I9"
PLUGINS = [
    ("AWS Access Key", "AK" + "IA" + filler(16, CAPITALS)),
    ("AWS Access Key", "AS" + "IA" + filler(16, CAPITALS)),
    ("Discord Bot Token", "M" + filler(23) + "." + filler(6) + "." + filler(27)),
    ("GitHub Token", "gh" + "p_" + filler(36)),
    ("GitHub Token", "gh" + "o_" + filler(36)),
    ("GitHub Token", "gh" + "s_" + filler(36)),
    ("GitLab Token", "glpat" + "-" + filler(20)),
    ("GitLab Token", "gldt" + "-" + filler(20)),
    ("GitLab Token", "GR134" + "8941" + filler(20)),
    ("GitLab Token", "glptt" + "-" + filler(40, HEX)),
    ("GitLab Token", "gloas" + "-" + filler(64)),
    ("Mailchimp Access Key", filler(32, LOWER) + "-us" + "12"),
    ("OpenAI Token", "sk-" + "team-" + filler(20) + "T3Blbk" + "FJ" + filler(20)),
    ("PyPI Token", "pypi-" + "AgEIcHlwaS5vcmc" + filler(80)),
    ("PyPI Token", "pypi-" + "AgENdGVzdC5weXBpLm9yZw" + filler(80)),
    ("SendGrid API Key", "S" + "G." + filler(22) + "." + filler(43)),
    ("Slack Token", "xox" + "b-" + "1234567890-0987654321-" + filler(24)),
    ("Slack Token", "https://hooks.slack" + ".com/services/T" + filler(8) + "/B" + filler(8) + "/" + filler(24)),
    ("Square OAuth Secret", "sq0" + "csp-" + filler(43)),
    ("Stripe Access Key", "sk_" + "live_" + filler(24)),
    ("Stripe Access Key", "rk_" + "live_" + filler(24)),
    ("Telegram Bot Token", "123456789" + ":" + filler(35)),
    ("Twilio API Key", "A" + "C" + filler(32, HEX)),
    ("Twilio API Key", "S" + "K" + filler(32, HEX)),
]
HARMLESS = [
    "gh" + "p_" + "x" * 36,
    "AK" + "IA" + "X" * 16,
    "https://x.example/a/long/path/to/some/file.html?with=a&query=b",
    "window.document.documentElement.classList.toggle('dark')",
    "2026-03-01T12:00:00.000+00:00/2026-03-02T12:00:00.000+00:00",
]
ALL = PLUGINS + SHAPES
IDS = [f"{what} {number}" for number, (what, _) in enumerate(ALL)]


def found(text: str) -> list[tuple[str, int, str]]:
    return [(token.what, token.line, token.match) for token in DetectSecretsScanner().tokens(text)]


def test_every_plugin_has_a_token_here() -> None:
    assert {plugin.secret_type for plugin in secret_scanner._PLUGINS} == {what for what, _ in PLUGINS}


@pytest.mark.parametrize("around", ["{}", "'{}'", "KEY={}\n", "<!-- {} -->", "https://x.example/?key={}&b=1"])
@pytest.mark.parametrize(("what", "token"), ALL, ids=IDS)
def test_a_credential_of_a_known_form_is_found_with_its_line(what: str, token: str, around: str) -> None:
    assert (what, 3, token) in found(f"let a;\n\n{around.format(token)}\n")


@pytest.mark.parametrize(("what", "token"), ALL, ids=IDS)
def test_what_may_be_shown_holds_four_characters_of_it_at_most(what: str, token: str) -> None:
    for one in DetectSecretsScanner().tokens(f"key: {token}"):
        assert one.redacted == f"{one.match[:4]}… ({len(one.match)} characters)"
        assert token[4:] not in one.redacted


def test_a_place_that_two_patterns_match_is_reported_once() -> None:
    token = "sk-" + filler(20) + "T3Blbk" + "FJ" + filler(20)
    assert found(token) == [("OpenAI key", 1, token)]


def test_the_same_token_in_two_lines_is_reported_twice() -> None:
    token = dict(PLUGINS)["GitHub Token"]
    assert [line for _, line, _ in found(f"{token}\n\n{token} {token}\n")] == [1, 3]


@pytest.mark.parametrize("text", [*INNOCENT, *HARMLESS], ids=range(len(INNOCENT) + len(HARMLESS)))
def test_hashes_data_addresses_and_stand_ins_are_no_credentials(text: str) -> None:
    assert found(f"a\n{text}\nb") == []


def test_a_token_far_inside_of_an_unbroken_run_is_not_looked_for() -> None:
    token = dict(PLUGINS)["GitHub Token"]
    assert found(f"{'a/' * 400}{token}")
    assert found(f"{'a/' * 600}{token}") == []


@pytest.mark.parametrize(
    "part", ["xoxb-1-", "sk-", "a", "1:", "eyJ.", "https://hooks.slack.com/services/T", "M.", "0 "]
)
def test_a_huge_senseless_text_is_read_in_a_moment(part: str) -> None:
    with little_time(LARGE):
        found(part * (1_000_000 // len(part)))
