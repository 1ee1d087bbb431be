"""How a plan changes the step generate: it fetches data, converts sheets, and asks for files or forbids them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.domain.brief import AttachedFile, MissingFile
from engine.domain.checks import Verdict
from engine.domain.repository import Origin
from engine.domain.workbook import Sheet, Workbook
from engine.errors import Permanent
from engine.plan.schema import FileSource
from engine.steps.contracts import Generated
from engine.steps.generate import generate
from tests.engine.steps.inputs import BRIEF, generating
from tests.fakes import (
    NOW,
    PAGE,
    README,
    FakeAuthor,
    FakeFetcher,
    FakeForge,
    FakeJournal,
    make_ports,
    page_reply,
    plan_reply,
)

if TYPE_CHECKING:
    from engine.ports import Ports

NOTES = {"path": "notes.txt", "source": "write", "predicates": [{"kind": "words", "min": 5, "max": 9}]}
UNPLANNED = {"plan": None, "is_made": False}


def asking(*answers: str, **over: object) -> Ports:
    author = FakeAuthor()
    author.plans = list(answers)
    return make_ports(**{"author": author, "journal": FakeJournal()} | over)


def kinds(ports: Ports) -> list[object]:
    return [row.begun["kind"] for row in ports.journal.attempts]


def made(outcome: object) -> Generated:
    assert isinstance(outcome, Generated)
    return outcome


def contents(outcome: Generated) -> dict[str, bytes]:
    return {path: file.content for path, file in outcome.files.items()}


def test_the_plan_is_made_before_the_page_and_tells_the_writer_what_to_write() -> None:
    ports = asking(plan_reply(NOTES))
    ports.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "notes.txt": b"one two\n"})]
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert kinds(ports) == ["plan", "generate"]
    assert "(notes.txt, whole: has 5 to 9 words)" in ports.author.asked[0][1][-1].content
    assert contents(outcome)["notes.txt"] == b"one two\n"


def test_a_run_that_was_planned_is_not_planned_again() -> None:
    for plan in (generating().run_plan.plan, None):
        ports = asking(plan_reply(NOTES))
        made(generate(generating(plan=plan, is_made=True), ports))
        assert kinds(ports) == ["generate"]
        assert ports.journal.plan is None


def test_without_a_plan_the_page_is_written_all_the_same() -> None:
    ports = asking("I cannot tell.", "I cannot tell.")
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert kinds(ports) == ["plan", "plan_reminder", "generate"]
    assert outcome.degraded == ""
    assert contents(outcome)["data.csv"] == BRIEF.attachments[0].content


def test_a_round_that_is_given_up_asks_for_no_plan() -> None:
    ports = asking(plan_reply(NOTES))
    assert made(generate(generating(**UNPLANNED, given_up="five workers died"), ports)).degraded
    assert kinds(ports) == ["fallback"]


URL = "https://data.test/v1/latest"
FETCHING = replace(BRIEF, text=f"Show the rates of {URL}.")


def test_data_that_the_plan_names_is_fetched_and_published() -> None:
    fetcher = FakeFetcher({URL: b'{"usd": 1}'}, FakeForge(lambda: NOW))
    ports = asking(plan_reply(data=[{"url": URL, "name": "rates.json"}]), fetcher=fetcher)
    outcome = made(generate(generating(brief=FETCHING, **UNPLANNED), ports))
    assert outcome.files["rates.json"].content == b'{"usd": 1}'
    assert outcome.files["rates.json"].origin is Origin.SERVICE
    assert [(file.name, file.url) for file in ports.journal.kept] == [("rates.json", URL)]
    request = ports.author.asked[0][1][-1].content
    assert f"Fetched by the service from {URL}" in request
    assert "The page reads this file at run time" in request


def test_what_an_earlier_claim_fetched_is_not_fetched_again() -> None:
    fetcher = FakeFetcher()
    file = AttachedFile("rates.json", "application/json", b"{}", url=URL)
    brief = replace(FETCHING, attachments=(file,))
    made(generate(generating(brief=brief, **UNPLANNED), asking(plan_reply(data=[{"url": URL}]), fetcher=fetcher)))
    assert fetcher.fetched == []


def test_missing_data_is_named_in_the_prompt_and_fails_nothing() -> None:
    ports = asking(plan_reply(data=[{"url": URL}]), fetcher=FakeFetcher())
    outcome = made(generate(generating(brief=FETCHING, **UNPLANNED), ports))
    assert outcome.degraded == ""
    assert [(one.name, one.why) for one in ports.journal.missed] == [("latest.json", "it answered HTTP 404")]
    assert f"{URL} could not be read: it answered HTTP 404." in ports.author.asked[0][1][-1].content
    assert f"- {URL} could not be read" in contents(outcome)["README.md"].decode()


def test_data_that_holds_a_secret_of_ours_is_not_published() -> None:
    ports = asking(plan_reply(data=[{"url": URL}]), fetcher=FakeFetcher({URL: b'{"a": "the-shared-secret"}'}))
    outcome = made(generate(generating(brief=FETCHING, **UNPLANNED), ports))
    assert "latest.json" not in outcome.files
    assert "holds the value of SECRET" in ports.journal.missed[0].why


class FakeWorkbooks:
    """Reads every workbook as these two sheets."""

    def __init__(self) -> None:
        self.read_files: list[bytes] = []

    def read(self, content: bytes, *, seconds: float) -> Workbook:
        del seconds
        self.read_files.append(content)
        if content.startswith(b"PK bad"):
            raise Permanent("workbook_unreadable", "it is damaged")
        return Workbook((Sheet("North", 2, 1, b"n\n1\n"), Sheet("South", 2, 1, b"s\n2\n")))


BOOK = AttachedFile("book.xlsx", "application/vnd.ms-excel", b"PK\x03\x04 xl/workbook.xml\xff\xfe")


@pytest.mark.parametrize(("sheet", "content"), [("", b"n\n1\n"), ("south", b"s\n2\n")])
def test_a_sheet_that_the_plan_converts_becomes_a_file_of_the_service(sheet: str, content: bytes) -> None:
    table = {"path": "table.csv", "source": "converted", "origin": "book.xlsx", "sheet": sheet}
    ports = asking(plan_reply(table), workbooks=FakeWorkbooks())
    outcome = made(generate(generating(brief=replace(BRIEF, attachments=(BOOK,)), **UNPLANNED), ports))
    assert (outcome.files["table.csv"].content, outcome.files["table.csv"].origin) == (content, Origin.SERVICE)
    assert contents(outcome)["book.xlsx"] == BOOK.content
    request = ports.author.asked[0][1]
    assert "Made by the service out of book.xlsx" in request[-1].content
    assert "table.csv" in request[0].content.partition("kept by the service: ")[2].partition("\n")[0]


@pytest.mark.parametrize(
    ("book", "sheet", "why"),
    [
        (BOOK, "West", "book.xlsx has no sheet 'West'"),
        (
            replace(BOOK, content=b"PK bad xl/workbook.\xff"),
            "",
            "book.xlsx cannot be read as a workbook: it is damaged",
        ),
    ],
)
def test_a_sheet_that_cannot_be_converted_is_missing_and_fails_nothing(
    book: AttachedFile, sheet: str, why: str
) -> None:
    table = {"path": "table.csv", "source": "converted", "origin": "book.xlsx", "sheet": sheet}
    ports = asking(plan_reply(table), workbooks=FakeWorkbooks())
    outcome = made(generate(generating(brief=replace(BRIEF, attachments=(book,)), **UNPLANNED), ports))
    assert "table.csv" not in outcome.files
    assert f"table.csv could not be made: {why}." in ports.journal.warnings
    assert "Never invent, recall or estimate them." in ports.author.asked[0][1][-1].content


def test_what_is_made_of_an_attachment_that_could_not_be_had_is_not_asked_of_the_writer() -> None:
    ports = asking(
        plan_reply(
            {"path": "rates.csv", "source": "attachment"},
            {"path": "table.csv", "source": "converted", "origin": "book.xlsx"},
        ),
        fetcher=FakeFetcher(),
    )
    unfetched = (("rates.csv", "https://x.test/rates.csv"), ("book.xlsx", "https://x.test/book.xlsx"))
    outcome = made(generate(generating(unfetched=unfetched, **UNPLANNED), ports))
    assert ports.journal.missed == [
        MissingFile("rates.csv", "HTTP 404", url="https://x.test/rates.csv"),
        MissingFile("book.xlsx", "HTTP 404", url="https://x.test/book.xlsx"),
    ]
    assert not {"rates.csv", "table.csv"} & outcome.files.keys()
    assert "(rates.csv, whole" not in ports.author.asked[0][1][-1].content
    reasons = {one["item"]: one["reason"] for one in ports.journal.plan["refused"]}
    assert reasons == dict.fromkeys(("rates.csv", "table.csv"), "it is made of an attachment that could not be had")


def test_what_the_plan_forbids_is_not_published_though_it_was_attached() -> None:
    ports = asking(plan_reply(absent=["data.csv", "result.json"]))
    ports.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "result.json": b"{}"})]
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert not {"data.csv", "result.json"} & outcome.files.keys()
    assert "result.json must not be in the repository and was left out" in outcome.detail


def test_an_attachment_that_the_plan_changes_is_written_again() -> None:
    change = {"path": "data.csv", "source": "changed"}
    ports = asking(plan_reply(change))
    ports.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "data.csv": b"a,b\n1,3\n"})]
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert outcome.files["data.csv"].content == b"a,b\r\n1,3\r\n"
    assert ports.journal.plan["plan"]["files"][1]["source"] == FileSource.CHANGED
    assert all(gate.verdict is Verdict.PASS for gate in outcome.gates)
