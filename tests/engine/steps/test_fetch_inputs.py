"""How generate fetches attachments and data: side by side, whole, and with a reason for each that is missing."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.http.guard import AGENT, GuardedHttp
from engine.domain.brief import AttachedFile, MissingFile
from engine.domain.browser_report import Computation
from engine.domain.budget import fresh
from engine.domain.http import Answer
from engine.domain.repository import RepositorySpec
from engine.domain.workbook import Sheet, Workbook
from engine.errors import LeaseLost, Permanent, Transient
from engine.inputs.reading_code import ADVICE, RESULTS
from engine.steps import fetch_inputs
from engine.steps.contracts import Generated
from engine.steps.generate import generate
from tests.doubles.http_server import HttpServer, Script
from tests.engine.steps.inputs import BRIEF, LATER, generating, seconds_from_now
from tests.fakes import NOW, FakeAuthor, FakeBrowser, FakeFetcher, FakeForge, FakeJournal, make_ports, plan_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ports import Ports
    from engine.steps.contracts import GenerateInput
    from tests.doubles.http_server import Asked

UNPLANNED = {"plan": None, "is_made": False}
ORIGIN = "https://owner.github.io"
SPEC = RepositorySpec("name", "01234567", "key", "a page", NOW)
AT_ONCE_SECONDS = 20.0  # in which threads that run side by side meet


class Meeting(FakeFetcher):
    """Answers no address before all of `count` fetches are under way."""

    def __init__(self, count: int, body: bytes = b"a,b\n1,2\n") -> None:
        super().__init__()
        self.barrier, self.body = threading.Barrier(count), body

    def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
        del max_bytes, origin
        self.fetched.append(url)
        assert seconds > 0
        self.barrier.wait(AT_ONCE_SECONDS)
        return Answer(200, {"content-type": "text/csv"}, self.body, url)


def urls(count: int) -> list[str]:
    return [f"https://data.test/{at}.csv" for at in range(count)]


def fetching_data(addresses: Sequence[str], **over: object) -> GenerateInput:
    brief = replace(BRIEF, text=f"Show the rows of {' and '.join(addresses)}.")
    return generating(brief=brief, pages_origin=ORIGIN, **{**UNPLANNED, **over})


def ports_for(fetcher: object, addresses: Sequence[str] = (), *, live: bool = False, **over: object) -> Ports:
    author = FakeAuthor()
    author.plans = [plan_reply(data=[{"url": url, "at_run_time": live} for url in addresses])]
    return make_ports(**{"author": author, "journal": FakeJournal(), "fetcher": fetcher, **over})


def fetch_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_attachments_are_fetched_side_by_side_while_the_tree_is_read() -> None:
    forge = FakeForge(lambda: NOW)
    repository = forge.create(SPEC)
    meeting = Meeting(4)

    class Waiting(FakeForge):
        def head(self, _: object) -> str | None:
            meeting.barrier.wait(AT_ONCE_SECONDS)
            return None

    waiting = Waiting()
    waiting.repositories = forge.repositories
    unfetched = tuple((f"{at}.csv", url) for at, url in enumerate(urls(3)))
    task = generating(brief=LATER, unfetched=unfetched, repository=repository)
    ports = ports_for(meeting, forge=waiting)
    outcome = generate(task, ports)
    assert isinstance(outcome, Generated)
    assert [file.name for file in ports.journal.kept] == ["0.csv", "1.csv", "2.csv"]
    assert fetch_threads() == []


def test_the_addresses_of_a_plan_are_fetched_side_by_side_and_named_in_its_order() -> None:
    addresses = [f"https://data.test/{at}/rows.csv" for at in range(5)]
    ports = ports_for(Meeting(5), addresses)
    assert isinstance(generate(fetching_data(addresses), ports), Generated)
    assert [file.name for file in ports.journal.kept] == [
        "rows.csv",
        *(f"rows-{number}.csv" for number in range(2, 6)),
    ]
    assert [file.url for file in ports.journal.kept] == addresses


def test_a_lost_lease_ends_the_step_and_leaves_no_thread() -> None:
    class Lost(FakeJournal):
        def file_kept(self, file: object) -> None:
            raise LeaseLost

    ports = ports_for(Meeting(3), journal=Lost())
    task = generating(unfetched=tuple((f"{at}.csv", url) for at, url in enumerate(urls(3))))
    with pytest.raises(LeaseLost):
        generate(task, ports)
    assert fetch_threads() == []


def test_an_error_of_the_forge_is_the_steps_error_and_leaves_no_thread() -> None:
    forge = FakeForge(lambda: NOW)
    repository = forge.create(SPEC)
    forge.faults.before["head"] = [Permanent("forge_refused", "It said no.")]
    task = generating(brief=LATER, unfetched=(("0.csv", urls(1)[0]),), repository=repository)
    with pytest.raises(Permanent, match="forge_refused"):
        generate(task, ports_for(Meeting(1), forge=forge))
    assert fetch_threads() == []


def test_an_error_of_our_own_in_a_thread_is_the_steps_error() -> None:
    ports = ports_for(FakeFetcher({urls(1)[0]: RuntimeError("a bug")}))
    with pytest.raises(RuntimeError, match="a bug"):
        generate(generating(unfetched=(("0.csv", urls(1)[0]),)), ports)


def test_a_late_round_still_fetches_its_attachments_but_no_data() -> None:
    (url,) = urls(1)
    late = replace(fresh(NOW, 600), start=seconds_from_now(-400), deadline=seconds_from_now(200))
    ports = ports_for(FakeFetcher({url: b"a,b\n1,2\n"}), [url])
    assert isinstance(generate(fetching_data([url], budget=late, unfetched=(("x.csv", url + "?x"),)), ports), Generated)
    assert [one.why for one in ports.journal.missed] == ["HTTP 404", "no time was left for it"]


def test_a_rounds_fetched_files_have_a_limit_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_inputs, "MOST_FETCHED", 20)
    addresses = urls(3)
    ports = ports_for(FakeFetcher(dict.fromkeys(addresses, b"a,b\n1,2\n")), addresses)
    assert isinstance(generate(fetching_data(addresses), ports), Generated)
    assert [file.name for file in ports.journal.kept] == ["0.csv", "1.csv"]
    assert [one.why for one in ports.journal.missed] == [fetch_inputs.TOO_MUCH]


def test_a_secret_of_ours_in_an_attachment_is_refused_before_a_model_sees_it() -> None:
    (url,) = urls(1)
    ports = ports_for(FakeFetcher({url: b"a,b\n1,the-shared-secret\n"}))
    with pytest.raises(Permanent, match="secret_in_attachment"):
        generate(generating(unfetched=(("0.csv", url),), **UNPLANNED), ports)
    assert ports.author.planned == []


ODD = b"a,b\r\n1,2\r\n"


class Reading(FakeBrowser):
    """A browser in which each code on a.csv gives `value`."""

    def __init__(self, value: object) -> None:
        super().__init__(computed=Computation(files={RESULTS: json.dumps({"a.csv\n0": {"value": value}}).encode()}))


@pytest.mark.parametrize(
    ("value", "advised"),
    [({"header": ["a", "b"], "rows": [["1", "2"]]}, True), ({"header": ["a", "b\r"], "rows": [["1", "2\r"]]}, False)],
)
def test_code_that_reads_an_odd_file_is_in_the_prompt_only_if_a_browser_ran_it_well(
    value: object, advised: bool
) -> None:
    brief = replace(BRIEF, attachments=(AttachedFile("a.csv", "text/csv", ODD), AttachedFile("b.csv", "", b"a\n1\n")))
    ports = ports_for(FakeFetcher(), browser=Reading(value))
    assert isinstance(generate(generating(brief=brief), ports), Generated)
    ((script, files),) = ports.browser.scripts
    assert (list(files), base64.b64decode(files["a.csv"])) == (["a.csv"], ODD)
    assert 'await fetch("a.csv")' in script
    assert (ADVICE in ports.author.asked[0][1][-1].content) is advised
    assert [ADVICE in file.note for file in ports.journal.kept] == ([True] if advised else [])


@pytest.mark.parametrize(
    "over",
    [
        {"computes": False},
        {"budget": replace(fresh(NOW, 600), reduced_until=seconds_from_now(100))},
        {"budget": replace(fresh(NOW, 600), start=seconds_from_now(-200), deadline=seconds_from_now(400))},
    ],
    ids=["no browser works", "other rounds wait", "late"],
)
def test_without_time_or_a_working_browser_there_is_no_advice(over: dict[str, object]) -> None:
    brief = replace(BRIEF, attachments=(AttachedFile("a.csv", "text/csv", ODD),))
    ports = ports_for(FakeFetcher(), browser=FakeBrowser())
    assert isinstance(generate(generating(brief=brief, **over), ports), Generated)
    assert ports.browser.scripts == []


def test_a_file_that_has_its_advice_or_needs_none_starts_no_browser() -> None:
    files = (AttachedFile("a.csv", "text/csv", ODD, note=f"{ADVICE}: …"), AttachedFile("b.csv", "", b"a\n1\n"))
    ports = ports_for(FakeFetcher(), browser=FakeBrowser())
    assert isinstance(generate(generating(brief=replace(BRIEF, attachments=files)), ports), Generated)
    assert ports.browser.scripts == []


def test_an_attachment_that_the_request_holds_in_no_readable_form_is_missing_in_the_prompt() -> None:
    ports = ports_for(FakeFetcher())
    lost = MissingFile("rates.csv", "The data URI says base64, but what follows is not base64.")
    assert isinstance(generate(generating(unreadable=(lost,)), ports), Generated)
    request = ports.author.asked[0][1][-1].content
    assert "The attachment rates.csv could not be read: The data URI says base64" in request
    assert 'Show on the page: "Data missing: rates.csv could not be read."' in request


class SlowBooks:
    """Takes 25 s of a clock of its own for each workbook."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.given: list[float] = []

    def read(self, content: bytes, *, seconds: float) -> Workbook:
        del content
        self.given.append(seconds)
        self.now += min(seconds, 25.0)
        return Workbook((Sheet("One", 1, 1, b"a\n"),))


def test_all_workbooks_of_a_round_have_one_time_and_the_rest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    books = SlowBooks()
    monkeypatch.setattr(fetch_inputs, "monotonic", lambda: books.now)
    files = tuple(AttachedFile(f"{at}.xlsx", "", b"PK xl/workbook.xml") for at in range(15))
    ports = ports_for(FakeFetcher(), workbooks=books)
    assert isinstance(generate(generating(brief=replace(BRIEF, attachments=files)), ports), Generated)
    assert books.given == [fetch_inputs.WORKBOOK_SECONDS, fetch_inputs.MOST_FETCHING - 25]
    assert len(ports.journal.kept) == 15
    late = "was not read: the time for the workbooks of this round was over."
    assert [one for one in ports.journal.warnings if late in one] == [f"{at}.xlsx {late}" for at in range(2, 15)]


def test_a_fetch_that_starts_late_gets_only_the_time_that_is_left_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    now = [1_000.0]

    class Dripping(FakeFetcher):
        def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
            del max_bytes, origin
            given.append(seconds)
            now[0] += seconds
            raise Transient("timed_out", f"{url} did not answer in time")

    monkeypatch.setattr(fetch_inputs, "AT_ONCE", 1)
    monkeypatch.setattr(fetch_inputs, "monotonic", lambda: now[0])
    unfetched = tuple((f"{at}.csv", url) for at, url in enumerate(urls(40)))
    ports = ports_for(Dripping())
    assert isinstance(generate(generating(unfetched=unfetched), ports), Generated)
    assert given == [fetch_inputs.FETCH_SECONDS, fetch_inputs.MOST_FETCHING - fetch_inputs.FETCH_SECONDS]
    assert len(ports.journal.missed) == 40
    assert fetch_threads() == []


# --- against a server

BIG = b"a,b\n" + b"1,2\n" * 4_999_998  # 19,999,996 bytes
JSON = {"content-type": "application/json"}
SCRIPTS = {
    "/big.csv": Script(headers={"content-type": "text/csv"}, body=BIG),
    "/huge.csv": Script(headers={"content-type": "text/csv"}, body=BIG + b"3,4,5\n"),
    "/packed.json": Script(headers={**JSON, "content-encoding": "gzip"}, body=gzip.compress(b'{"n": 1}')),
    "/file.json.gz": Script(headers={"content-type": "application/gzip"}, body=gzip.compress(b'{"n": 1}')),
    "/moved.json": Script(302, headers={"location": "/there.json"}),
    "/there.json": Script(headers=JSON, body=b'{"n": 2}'),
    "/bom.json": Script(headers=JSON, body=b'\xef\xbb\xbf{"n": 3}'),
    "/empty.json": Script(headers=JSON),
    "/page.json": Script(headers={"content-type": "text/html"}, body=b"<!doctype html><p>Log in"),
    "/slow.json": Script(hang=True),
    "/open.json": Script(headers={**JSON, "access-control-allow-origin": "*"}, body=b"{}"),
    "/ours.json": Script(headers={**JSON, "access-control-allow-origin": ORIGIN}, body=b"{}"),
    "/theirs.json": Script(headers={**JSON, "access-control-allow-origin": "https://other.test"}, body=b"{}"),
}


def fetched(path: str, server: HttpServer, *, live: bool = False) -> tuple[Mapping[str, bytes], Ports]:
    url = server.url(path)
    ports = ports_for(GuardedHttp(allow_private=True), [url], live=live)
    outcome = generate(fetching_data([url], allow_private=True), ports)
    assert isinstance(outcome, Generated)
    return {name: file.content for name, file in outcome.files.items()}, ports


@pytest.mark.parametrize(
    ("path", "name", "content"),
    [
        pytest.param("/big.csv", "big.csv", BIG, marks=pytest.mark.slow),
        ("/packed.json", "packed.json", b'{"n": 1}'),
        ("/moved.json", "moved.json", b'{"n": 2}'),
        ("/bom.json", "bom.json", b'\xef\xbb\xbf{"n": 3}'),
    ],
)
def test_data_comes_into_the_repository_whole(path: str, name: str, content: bytes) -> None:
    with HttpServer(SCRIPTS) as server:
        files, ports = fetched(path, server)
    assert files[name] == content
    assert ports.journal.missed == []
    assert len(ports.author.asked[0][1][-1].content) < 30_000


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/huge.csv", "it is larger than 20,000,000 bytes"),
        ("/none.json", "it answered HTTP 404"),
        ("/page.json", "it answered with a page (HTML) in place of data"),
        ("/empty.json", "the answer was empty"),
        ("/file.json.gz", "it answered with something that is no text (application/gzip)"),
        ("/slow.json", "127.0.0.1 did not answer in time"),
    ],
)
def test_what_could_not_be_fetched_is_a_warning_and_nothing_is_put_in_its_place(
    path: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path == "/slow.json":
        monkeypatch.setattr(fetch_inputs, "FETCH_SECONDS", 1.0)
    with HttpServer(SCRIPTS) as server:
        files, ports = fetched(path, server)
        assert ports.journal.warnings == [f"{server.url(path)} could not be read: {why}."]
    assert path[1:] not in files
    assert "Never invent, recall or estimate them." in ports.author.asked[0][1][-1].content


def test_an_address_is_asked_by_a_descriptive_user_agent_for_the_origin_of_the_page() -> None:
    with HttpServer(SCRIPTS) as server:
        fetched("/open.json", server)
        (asked,) = server.asked
    assert asked.headers["user-agent"] == AGENT
    assert asked.headers["origin"] == ORIGIN


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/open.json", ""),
        ("/ours.json", ""),
        ("/theirs.json", "it allows only https://other.test"),
        ("/there.json", "it sends no Access-Control-Allow-Origin"),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_the_writer_is_told_whether_a_browser_gets_an_answer(path: str, problem: str, live: bool) -> None:
    with HttpServer(SCRIPTS) as server:
        _, ports = fetched(path, server, live=live)
    request = ports.author.asked[0][1][-1].content
    said = f"No page of another site gets this address's answer in a browser: {problem}."
    assert (said in request) == bool(problem)
    assert any("gets this address's answer" in one for one in ports.journal.warnings) == bool(problem and live)
    assert ("The page asks the address itself at run time" in request) == live


def test_a_server_that_refuses_foreign_origins_is_asked_as_no_browser_asks() -> None:
    class OwnOrigin(HttpServer):
        def answer(self, asked: Asked) -> Script:
            return Script(403) if "origin" in asked.headers else Script(headers=JSON, body=b"{}")

    with OwnOrigin() as server:
        files, ports = fetched("/own.json", server)
        assert [("origin" in one.headers) for one in server.asked] == [True, False]
    assert files["own.json"] == b"{}"
    assert "it sends no Access-Control-Allow-Origin" in ports.author.asked[0][1][-1].content
