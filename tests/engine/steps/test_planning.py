"""The call for the plan: once, with one reminder, within its share; and a round without a plan goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.core.brief import AttachedFile, MissingFile
from engine.core.budget import fresh
from engine.core.checks import Verdict
from engine.core.site import Origin
from engine.errors import Fenced, OutOfService, Permanent, Transient
from engine.plan.prompt import plan_prompt
from engine.plan.schema import Plan, Source, response_schema
from engine.ports import Recalled, Reply, Sheet, Workbook
from engine.steps.generate import generate
from engine.steps.outcomes import Generated
from engine.steps.planning import LONGEST_ANSWER, MOST_CUT_OFF, Planning, make_plan, request_of
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

REQUEST = request_of(BRIEF, (), allow_private=False)
NOTES = {"path": "notes.txt", "source": "write", "predicates": [{"kind": "words", "min": 5, "max": 9}]}
GOOD = plan_reply(NOTES)
MALFORMED = plan_reply({"path": "a.txt", "source": "elsewhere"}, NOTES, pages="nowhere")
NO_PLAN = "I cannot tell."


def asking(*answers: str | Reply | BaseException, **over: object) -> Ports:
    author = FakeAuthor()
    author.plans = list(answers)
    return make_ports(**{"author": author, "journal": FakeJournal()} | over)


def planned(ports: Ports, **over: object) -> Plan | None:
    how = {"budget": fresh(NOW, 600), "closed": "", "cut_off": 0}
    return make_plan(BRIEF, REQUEST, Planning(**how | over), ports)


def paths(plan: Plan | None) -> list[str]:
    assert plan is not None
    return [one.path for one in plan.files]


def kinds(ports: Ports) -> list[object]:
    return [row.begun["kind"] for row in ports.journal.attempts]


def test_the_first_model_is_asked_once_for_a_plan_in_the_form_of_its_schema() -> None:
    ports = asking(GOOD)
    assert paths(planned(ports)) == ["index.html", "notes.txt", "README.md", "LICENSE"]
    ((model, messages, seconds, tokens),) = ports.author.planned
    assert (model, seconds, tokens) == ("first", pytest.approx(0.36 * 600 * 0.2), LONGEST_ANSWER)
    assert BRIEF.text in messages[-1].content
    assert ports.author.schemas == [response_schema()]
    assert (ports.journal.attempts[0].begun["parent"], ports.journal.attempts[0].ended["outcome"]) == (None, "plan")


def test_the_plan_is_written_down_with_the_call_that_made_it() -> None:
    ports = asking(GOOD)
    plan = planned(ports)
    written = ports.journal.plan
    assert Plan.model_validate(json.loads(json.dumps(written["plan"]))) == plan
    assert (written["attempt"], written["refused"], written["why_none"]) == (1, [], "")


def test_what_is_not_allowed_is_left_out_and_written_down_with_the_reason() -> None:
    ports = asking(plan_reply({"path": "../up.txt", "source": "write"}, data=[{"url": "http://10.0.0.1/a.json"}]))
    assert "../up.txt" not in paths(planned(ports))
    assert [one["item"] for one in ports.journal.plan["refused"]] == ["../up.txt", "http://10.0.0.1/a.json"]
    assert "private network" in ports.journal.plan["refused"][1]["reason"]
    assert kinds(ports) == ["plan"]


def test_a_malformed_answer_is_reminded_once_of_each_error() -> None:
    ports = asking(MALFORMED, GOOD)
    assert "notes.txt" in paths(planned(ports))
    assert kinds(ports) == ["plan", "plan_reminder"]
    assert ports.journal.attempts[1].begun["parent"] == 1
    reminder = ports.author.planned[1][1]
    assert reminder[-2].content == MALFORMED
    for error in ("- files[1].source: ", '- pages is neither "branch" nor "workflow".'):
        assert error in reminder[-1].content
    assert ports.journal.attempts[0].ended["outcome"] == "plan, 2 errors"
    assert (ports.journal.plan["attempt"], ports.journal.plan["refused"]) == (2, [])


def test_of_what_stays_malformed_the_rest_is_taken_and_the_errors_are_written_down() -> None:
    ports = asking(MALFORMED, MALFORMED, GOOD)
    assert paths(planned(ports)) == ["index.html", "notes.txt", "README.md", "LICENSE"]
    assert kinds(ports) == ["plan", "plan_reminder"]
    assert [one["item"] for one in ports.journal.plan["refused"]] == ["malformed", "malformed"]


@pytest.mark.parametrize(
    "worse",
    [NO_PLAN, plan_reply(*[{"path": "x.txt", "source": f"{number}"} for number in range(3)])],
    ids=["no plan", "more errors"],
)
def test_a_second_answer_that_is_worse_does_not_take_the_place_of_the_first(worse: str) -> None:
    ports = asking(MALFORMED, worse)
    assert "notes.txt" in paths(planned(ports))
    assert ports.journal.plan["attempt"] == 1


def test_a_second_answer_with_errors_is_taken_where_the_first_holds_no_plan() -> None:
    ports = asking(NO_PLAN, MALFORMED)
    assert "notes.txt" in paths(planned(ports))
    assert ports.journal.plan["attempt"] == 2


def test_a_reminder_that_fails_leaves_what_the_first_answer_holds() -> None:
    ports = asking(MALFORMED, Transient("model_overloaded", "busy"))
    assert "notes.txt" in paths(planned(ports))
    assert ports.journal.attempts[1].ended["code"] == "model_overloaded"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([NO_PLAN, NO_PLAN], "no plan was made: The answer holds no JSON object"),
        ([NO_PLAN, Transient("model_overloaded", "busy")], "no plan was made: busy"),
        ([Transient("model_timeout", "It took too long.")], "no plan was made: It took too long."),
        ([Permanent("model_bad_answer", "It is HTML.")], "no plan was made: It is HTML."),
        ([OutOfService("model_quota_spent", "All is spent.", kind="model")], "no plan was made: All is spent."),
    ],
)
def test_without_a_usable_answer_there_is_no_plan_and_the_reason_is_written_down(
    answers: list[str | BaseException], why: str
) -> None:
    ports = asking(*answers)
    assert planned(ports) is None
    assert ports.journal.plan["plan"] is None
    assert ports.journal.plan["why_none"].startswith(why)
    assert ports.journal.plan["attempt"] == len(answers)


def test_a_model_that_refuses_for_good_is_no_round_without_a_plan() -> None:
    ports = asking(OutOfService("model_key_refused", "no", kind="model"))
    with pytest.raises(OutOfService):
        planned(ports)
    assert ports.journal.plan is None


def test_a_lost_lease_ends_it() -> None:
    ports = asking(Fenced())
    with pytest.raises(Fenced):
        planned(ports)


@pytest.mark.parametrize(
    ("over", "seconds", "why"),
    [
        ({"closed": "The key was refused."}, 0, "the language model is out of service: The key was refused."),
        ({"cut_off": MOST_CUT_OFF}, 0, f"{MOST_CUT_OFF} calls for it were cut off"),
        ({}, 216 - 49, "the deadline leaves no time for it"),
    ],
)
def test_where_no_call_may_be_made_none_is_made(over: dict[str, object], seconds: float, why: str) -> None:
    ports = asking()
    ports.clock.advance(seconds)
    assert planned(ports, **over) is None
    assert kinds(ports) == []
    assert ports.journal.plan["why_none"] == f"no plan was made: {why}"


def test_late_in_generates_share_the_call_gets_a_part_of_what_is_left_of_it() -> None:
    ports = asking()
    ports.clock.advance(216 - 60)
    planned(ports)
    assert ports.author.planned[0][2] == pytest.approx(12)


def test_a_call_that_was_cut_off_once_is_made_once_more() -> None:
    ports = asking(GOOD)
    assert planned(ports, cut_off=MOST_CUT_OFF - 1) is not None


@pytest.mark.parametrize(("left", "tokens"), [(None, LONGEST_ANSWER), (1_000_000, LONGEST_ANSWER), (20_000, 4_000)])
def test_the_answer_gets_a_part_of_the_tokens_that_are_left(left: int | None, tokens: int) -> None:
    ports = asking()
    ports.journal.allowance = left
    planned(ports)
    assert ports.author.planned[0][3] == tokens


def test_the_last_tokens_are_left_to_the_page() -> None:
    ports = asking(GOOD)
    ports.journal.allowance = 2_500
    assert planned(ports) is None
    assert ports.author.planned == []
    assert "2,500 tokens left, which the page needs" in ports.journal.plan["why_none"]


def test_a_bound_on_spending_that_is_reached_leaves_the_round_without_a_plan() -> None:
    ports = asking(GOOD)
    ports.journal.refusals = [Permanent("round_tokens_spent", "The round's tokens are spent.")]
    assert planned(ports) is None
    assert ports.journal.plan["why_none"] == "no plan was made: The round's tokens are spent."


def recalled(kind: str, parent: int | None, answer: str, attempt: int = 9) -> tuple[str, str, int | None, Recalled]:
    messages = plan_prompt(BRIEF, boundary="b0b0").messages
    return kind, "first", parent, Recalled(attempt, messages, Reply(answer, "first", "stop"))


def test_an_answer_that_came_before_a_death_is_not_asked_for_again() -> None:
    ports = asking()
    ports.journal.answered = [recalled("plan", None, GOOD)]
    assert "notes.txt" in paths(planned(ports))
    assert ports.author.planned == []
    assert ports.journal.plan["attempt"] == 9


def test_an_answer_that_came_before_a_death_needs_no_time() -> None:
    ports = asking()
    ports.journal.answered = [recalled("plan", None, GOOD)]
    ports.clock.advance(300)
    assert "notes.txt" in paths(planned(ports))


def test_a_reminder_that_was_answered_before_a_death_is_not_asked_again_either() -> None:
    ports = asking()
    ports.journal.answered = [recalled("plan", None, MALFORMED), recalled("plan_reminder", 9, GOOD, attempt=10)]
    assert "notes.txt" in paths(planned(ports))
    assert ports.author.planned == []
    assert (ports.journal.plan["attempt"], ports.journal.plan["refused"]) == (10, [])


def test_after_a_death_only_the_reminder_is_asked() -> None:
    ports = asking(GOOD)
    ports.journal.answered = [recalled("plan", None, MALFORMED)]
    assert "notes.txt" in paths(planned(ports))
    assert [(row.begun["kind"], row.begun["parent"]) for row in ports.journal.attempts] == [("plan_reminder", 9)]


# --- In the step --------------------------------------------------------------------------------------------------


def made(outcome: object) -> Generated:
    assert isinstance(outcome, Generated)
    return outcome


def contents(outcome: Generated) -> dict[str, bytes]:
    return {path: file.content for path, file in outcome.files.items()}


UNPLANNED = {"plan": None, "planned": False}


def test_the_plan_is_made_before_the_page_and_tells_the_writer_what_to_write() -> None:
    ports = asking(GOOD)
    ports.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "notes.txt": b"one two\n"})]
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert kinds(ports) == ["plan", "generate"]
    assert "(notes.txt, whole: has 5 to 9 words)" in ports.author.asked[0][1][-1].content
    assert contents(outcome)["notes.txt"] == b"one two\n"


def test_a_run_that_was_planned_is_not_planned_again() -> None:
    for plan in (generating().plan, None):
        ports = asking(GOOD)
        made(generate(generating(plan=plan, planned=True), ports))
        assert kinds(ports) == ["generate"]
        assert ports.journal.plan is None


def test_without_a_plan_the_page_is_written_all_the_same() -> None:
    ports = asking(NO_PLAN, NO_PLAN)
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert kinds(ports) == ["plan", "plan_reminder", "generate"]
    assert outcome.degraded == ""
    assert contents(outcome)["data.csv"] == BRIEF.attachments[0].content


def test_a_round_that_is_given_up_asks_for_no_plan() -> None:
    ports = asking(GOOD)
    assert made(generate(generating(**UNPLANNED, given_up="five workers died"), ports)).degraded
    assert kinds(ports) == ["honest"]


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


def test_data_that_cannot_be_had_is_told_to_the_writer_and_fails_nothing() -> None:
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


def test_an_attachment_that_the_plan_wants_changed_is_written_anew() -> None:
    change = {"path": "data.csv", "source": "changed"}
    ports = asking(plan_reply(change))
    ports.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "data.csv": b"a,b\n1,3\n"})]
    outcome = made(generate(generating(**UNPLANNED), ports))
    assert outcome.files["data.csv"].content == b"a,b\r\n1,3\r\n"
    assert ports.journal.plan["plan"]["files"][1]["source"] == Source.CHANGED
    assert all(gate.verdict is Verdict.PASS for gate in outcome.gates)
