from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from engine.checks.decision import JudgedAttempt, Next, Purpose
from engine.checks.gates import gate_results
from engine.checks.own_rules import NO_BROWSER
from engine.checks.review import review_defects
from engine.checks.selection import Candidate
from engine.domain.brief import AttachedFile, MissingFile, Source
from engine.domain.browser_report import BrowserReport, PageUnderTest, PageView
from engine.domain.budget import fresh
from engine.domain.checks import ADVICE, Check, CheckOutcome, Kind, Target, Verdict, parse_check
from engine.domain.workbook import Sheet, Workbook
from engine.plan.predicates import (
    CsvEquals,
    Exists,
    LicenceMit,
    OpensWithoutErrors,
    Page,
    PageStep,
    Served,
    Words,
)
from engine.plan.schema import CheckReading, DataAddress, FileSource, PlannedFile, PlannedTest, RequestPlan
from engine.plan.verdicts import EarlierPlan
from engine.site.repository_files import licence
from engine.steps.contracts import EarlierAttempts, EarlierRequirements, NewTree, Requirements, VerifyInput
from engine.steps.verify import BARRED, verify
from tests.engine.checks.workflow_files import CI, WORKFLOW
from tests.engine.steps.inputs import changed
from tests.fakes import NOW, PAGE, README, FakeAuthor, make_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.browser_report import PageTest

FILES = {"index.html": PAGE, "README.md": README, "LICENSE": licence(2026, "x")}
CHECKS = (parse_check("js: true"), parse_check("Repo has MIT license"), parse_check("It is pretty"))
URL = "https://owner.github.io/repo/"
PLAN = RequestPlan(
    files=(PlannedFile(path="index.html", source=FileSource.WRITE),),
    checks=(
        CheckReading(number=2, predicates=[LicenceMit()]),
        CheckReading(number=3, why_not="it is a matter of taste"),
    ),
)


@dataclass
class FakeBrowser:
    """Returns the reports that a test planned; `asked` and `tests` record the arguments."""

    report: BrowserReport
    asked: list[tuple[PageUnderTest, tuple[Check, ...], float]] = field(default_factory=list)
    tests: list[PageTest] = field(default_factory=list)

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        self.asked.append((page, tuple(checks), seconds))
        self.tests += tests
        return self.report


def verifying(**over: object) -> VerifyInput:
    task = VerifyInput(
        new=NewTree(7, Purpose.GENERATE, FILES),
        url=URL,
        requirements=Requirements("the brief", CHECKS, PLAN),
        budget=fresh(NOW, 600),
        earlier=EarlierRequirements(),
        attempts=EarlierAttempts(),
    )
    return changed(task, **over)


def tree(**files: bytes) -> NewTree:
    return NewTree(7, Purpose.GENERATE, FILES | {path.replace("_", "."): content for path, content in files.items()})


def js(verdict: Verdict, target: Target = Target.LOCAL, detail: str = "", check: Check = CHECKS[0]) -> CheckOutcome:
    return CheckOutcome(check, target, verdict, detail)


def verdicts(task: VerifyInput, **ports: object) -> dict[str, Verdict]:
    return {r.check.text: r.verdict for r in verify(task, make_ports(**ports)).results}


def test_our_rules_come_first_and_then_each_check_in_order() -> None:
    outcome = verify(verifying(), make_ports())
    found = [r.verdict for r in outcome.results]
    assert found[:6] == [Verdict.PASS] * 3 + [Verdict.NOT_RUN, Verdict.PASS, Verdict.UNVERIFIABLE]
    assert (outcome.attempt, outcome.decision.attempt) == (7, 7)
    assert "1 not run: this machine runs no check browser" in outcome.detail


def test_a_sentences_verdict_names_its_predicates_and_what_was_seen() -> None:
    licensed, pretty = verify(verifying(), make_ports()).results[4:6]
    assert [(one.says, one.verdict) for one in licensed.predicates] == [
        ("LICENSE holds the text of the MIT licence", Verdict.PASS)
    ]
    assert (pretty.verdict, pretty.detail) == (Verdict.UNVERIFIABLE, "nothing decides it: it is a matter of taste")


def test_without_a_plan_expressions_are_run_and_no_sentence_is_decided() -> None:
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS)]))
    outcome = verify(verifying(plan=None), make_ports(browser=browser))
    assert [r.verdict for r in outcome.results[3:6]] == [Verdict.PASS, *[Verdict.UNVERIFIABLE] * 2]


def test_the_best_attempt_is_chosen_and_not_the_last() -> None:
    results = [CheckOutcome(Check(Kind.RULE, str(n)), Target.LOCAL, Verdict.PASS) for n in range(5)]
    better = JudgedAttempt(3, Purpose.GENERATE, "d", results)
    assert verify(verifying(judged=(better,)), make_ports()).decision.attempt == 3


def test_only_a_published_tree_has_the_warning_that_it_was_not_checked() -> None:
    alone = verify(verifying(unchecked="five died of it"), make_ports())
    assert (alone.decision.attempt, alone.warnings) == (7, ("The page is published unchecked: five died of it",))
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS)]))
    better = JudgedAttempt(3, Purpose.GENERATE, "d", verify(verifying(), make_ports(browser=browser)).results)
    beside = verify(verifying(judged=(better,), unchecked="five died of it"), make_ports())
    assert (beside.attempt, beside.decision.attempt, beside.warnings) == (7, 3, ())


def test_a_browser_decides_the_js_checks_and_them_alone() -> None:
    browser = FakeBrowser(BrowserReport([js(Verdict.FAIL)]))
    outcome = verify(verifying(), make_ports(browser=browser))
    assert [r.verdict for r in outcome.results[3:6]] == [Verdict.FAIL, Verdict.PASS, Verdict.UNVERIFIABLE]
    assert browser.asked == [(PageUnderTest(URL, FILES, Target.LOCAL), (CHECKS[0],), 60.0)]
    assert browser.tests == []


def test_a_page_without_js_checks_is_opened_all_the_same() -> None:
    browser = FakeBrowser(BrowserReport((), [PageView(1280, True, b"jpeg", (), (), (), {})]))
    outcome = verify(verifying(checks=CHECKS[1:], plan=None), make_ports(browser=browser))
    assert browser.asked[0][1] == ()
    assert (outcome.results[-1].check.kind, outcome.results[-1].verdict) == (Kind.PAGE_LOAD, Verdict.PASS)


def test_each_view_is_a_result_with_its_screenshot_and_what_the_page_said() -> None:
    good = PageView(1280, True, b"jpeg", ("error: oops (x:7)",), (), ("cdn.test: timed out",), {"cdn.test": ["d3@7"]})
    bad = PageView(390, True, b"", (), ("TypeError: x",), (), {})
    outcome = verify(verifying(), make_ports(browser=FakeBrowser(BrowserReport([js(Verdict.PASS)], [good, bad]))))
    wide, narrow = outcome.results[-2:]
    assert (wide.verdict, wide.screenshot) == (Verdict.PASS, b"jpeg")
    assert wide.console == ("error: oops (x:7)", "not had: cdn.test: timed out")
    assert wide.value == {"hosts": {"cdn.test": ["d3@7"]}, "elements": {}}
    assert (narrow.verdict, narrow.detail) == (Verdict.FAIL, "TypeError: x")


def test_advice_never_outweighs_a_check_of_the_request() -> None:
    views = [CheckOutcome(Check(Kind.PAGE_LOAD, str(n)), Target.LOCAL, Verdict.PASS) for n in range(9)]
    rules = [CheckOutcome(Check(Kind.RULE, str(n)), Target.LOCAL, Verdict.PASS) for n in range(3)]
    pretty, right = Candidate(1, 1, [*rules, *views]), Candidate(2, 2, [*rules, js(Verdict.PASS)])
    assert pretty.rank() < right.rank()


def test_advice_asks_for_no_repair_and_is_no_part_of_the_count() -> None:
    views = [PageView(1280, True, b"", (), ("TypeError: x",), (), {})]
    report = BrowserReport([js(Verdict.PASS)], views, in_order=[False])
    outcome = verify(
        verifying(before=FILES | {"index.html": b"<script>function gone() {}</script>"}),
        make_ports(browser=FakeBrowser(report)),
    )
    assert {r.check.kind for r in outcome.results if r.verdict is Verdict.FAIL} & {Kind.PAGE_LOAD, Kind.REVIEW}
    assert outcome.decision.next is Next.PUBLISH
    assert outcome.detail.startswith("2 of 3 of the request's checks hold, 1 not decided; own checks: 3 of 3;")


def test_an_unusable_browser_is_reported_and_stops_nothing() -> None:
    report = BrowserReport([js(Verdict.NOT_RUN, detail="no Chromium was found on this machine")], not_run="no Chromium")
    outcome = verify(verifying(), make_ports(browser=FakeBrowser(report)))
    assert "1 not run: no Chromium was found on this machine" in outcome.detail
    assert outcome.warnings == ("Checks not run before publishing: 1, because no Chromium was found on this machine.",)


def test_checks_that_were_not_run_are_warned_of_by_reason_and_those_that_wait_for_the_live_page_are_not() -> None:
    readings = (CheckReading(number=2, predicates=[Served(path="a.json")]), CheckReading(number=3, predicates=[SHOWN]))
    plan = PLAN.model_copy(update={"checks": readings})
    outcome = verify(verifying(plan=plan), make_ports())
    assert outcome.warnings == (f"Checks not run before publishing: 2, because {NO_BROWSER}.",)
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS)], tested=[js(Verdict.PASS, check=TITLE)]))
    assert verify(verifying(plan=plan), make_ports(browser=browser)).warnings == ()


def test_what_a_gate_bars_is_opened_in_no_browser() -> None:
    gates = tuple(gate_results({"a.js": b"the-secret"}, secret_in=lambda _: "KEY"))
    browser = FakeBrowser(BrowserReport(()))
    page = Page(expression="document.title === 'T'")
    plan = RequestPlan(files=PLAN.files, checks=(CheckReading(number=3, predicates=[page]),))
    new = NewTree(7, Purpose.GENERATE, FILES, gates=gates)
    outcome = verify(verifying(new=new, plan=plan), make_ports(browser=browser))
    assert browser.asked == []
    found = {r.check.text: r for r in outcome.results}
    assert (found["true"].verdict, found["true"].detail) == (Verdict.NOT_RUN, BARRED)
    assert (found["It is pretty"].verdict, BARRED in found["It is pretty"].detail) == (Verdict.NOT_RUN, True)


# --- The plan's predicates ------------------------------------------------------------------------------------------

SHOWN = Page(steps=[PageStep(do="click", selector="#add")], expression="document.title === 'T'")
TITLE = Check(Kind.JS, SHOWN.expression)


def test_page_tests_are_frozen_in_the_plan_and_run_with_the_checks() -> None:
    plan = PLAN.model_copy(update={"checks": (CheckReading(number=3, predicates=[SHOWN]),)})
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS)], tested=[js(Verdict.FAIL, check=TITLE, detail="false")]))
    task = verifying(plan=plan, words="A page titled T with a button #add")
    found = verdicts(task, browser=browser)
    assert (found["It is pretty"], found["true"]) == (Verdict.FAIL, Verdict.PASS)
    assert [(str(step), test.expression) for test in browser.tests for step in test.steps] == [
        ("click #add", "document.title === 'T'")
    ]


def test_a_failing_test_of_the_plans_own_asks_for_a_repair_and_fails_no_check_of_the_request() -> None:
    plan = PLAN.model_copy(update={"tests": (PlannedTest(says="The title is T", predicates=[SHOWN]),)})
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS)], tested=[js(Verdict.FAIL, check=TITLE)]))
    outcome = verify(verifying(plan=plan, words="titled T, #add"), make_ports(browser=browser))
    failing = [r.check for r in outcome.results if r.verdict is Verdict.FAIL and r.check.kind not in ADVICE]
    assert failing == [Check(Kind.TEST, "The title is T")]
    assert outcome.decision.next is Next.REPAIR


def test_how_the_page_opened_decides_a_sentence() -> None:
    plan = PLAN.model_copy(update={"checks": (CheckReading(number=3, predicates=[OpensWithoutErrors()]),)})
    for errors, verdict in (((), Verdict.PASS), (("TypeError: x",), Verdict.FAIL)):
        report = BrowserReport([js(Verdict.PASS)], [PageView(1280, True, b"", (), errors, (), {})])
        assert verdicts(verifying(plan=plan), browser=FakeBrowser(report))["It is pretty"] is verdict


def test_planned_files_are_judged_beside_the_checks() -> None:
    notes = PlannedFile(path="notes.txt", source=FileSource.WRITE, predicates=[Words(path="notes.txt", min=2, max=3)])
    plan = PLAN.model_copy(update={"files": (*PLAN.files, notes), "absent": ("draft.txt",)})
    found = verdicts(verifying(plan=plan, new=tree(notes_txt=b"one", draft_txt=b"x")))
    assert found["notes.txt: has 2 to 3 words"] is Verdict.FAIL
    assert found["draft.txt: is not in the repository"] is Verdict.FAIL
    missing = verify(verifying(plan=plan), make_ports())
    assert [(r.check.text, r.verdict) for r in missing.results if r.check.kind is Kind.FILE] == [
        ("notes.txt: is there and is not empty", Verdict.FAIL),
        ("draft.txt: is not in the repository", Verdict.PASS),
    ]
    assert missing.decision.next is Next.REPAIR


def test_this_rounds_and_earlier_attachments_are_compared_byte_for_byte() -> None:
    files = (
        PlannedFile(path="a.csv", source=FileSource.ATTACHMENT, origin="a.csv"),
        PlannedFile(path="fix.py", source=FileSource.CHANGED, origin="fix.py"),
    )
    task = verifying(
        plan=PLAN.model_copy(update={"files": files}),
        new=tree(a_csv=b"a\n", fix_py=b"x = 1\n"),
        attachments=(AttachedFile("a.csv", "text/csv", b"a\n"),),
        before={"fix.py": b"x = 1\n"},
        protected=("fix.py",),
    )
    found = verdicts(task)
    assert found["a.csv: is the attachment a.csv, byte for byte"] is Verdict.PASS
    assert found["fix.py: is not the attachment fix.py as it came: it was changed"] is Verdict.FAIL


class FakeWorkbooks:
    def __init__(self) -> None:
        self.read_files: list[bytes] = []

    def read(self, content: bytes, *, seconds: float) -> Workbook:
        del seconds
        self.read_files.append(content)
        return Workbook((Sheet("North", 2, 1, b"n\n1\n"),))


BOOKS = tuple(AttachedFile(f"{name}.xlsx", "", f"PK {name} xl/workbook.".encode()) for name in ("used", "other"))


@pytest.mark.parametrize(
    "plan",
    [
        RequestPlan(files=(PlannedFile(path="t.csv", source=FileSource.CONVERTED, origin="used.xlsx"),)),
        RequestPlan(checks=(CheckReading(number=3, predicates=[CsvEquals(path="t.csv", workbook="used.xlsx")]),)),
        RequestPlan(tests=(PlannedTest(says="t", predicates=[CsvEquals(path="t.csv", workbook="used.xlsx")]),)),
    ],
    ids=["file", "check", "test"],
)
@pytest.mark.parametrize(("table", "verdict"), [(b"n\n1.0\n", Verdict.PASS), (b"n\n2\n", Verdict.FAIL)])
def test_a_table_is_compared_with_its_sheet_and_only_that_workbook_is_read(
    plan: RequestPlan, table: bytes, verdict: Verdict
) -> None:
    workbooks = FakeWorkbooks()
    outcome = verify(verifying(plan=plan, new=tree(t_csv=table), attachments=BOOKS), make_ports(workbooks=workbooks))
    assert workbooks.read_files == [BOOKS[0].content]
    assert verdict in {r.verdict for r in outcome.results if "used.xlsx" in f"{r.check.text} {r.predicates}"}


def test_no_workbook_is_read_where_nothing_is_compared_with_it() -> None:
    workbooks = FakeWorkbooks()
    verify(verifying(attachments=BOOKS), make_ports(workbooks=workbooks))
    assert workbooks.read_files == []


def test_what_is_served_is_decided_once_the_page_is_live() -> None:
    plan = PLAN.model_copy(update={"checks": (CheckReading(number=3, predicates=[Served(path="a.json")]),)})
    assert verdicts(verifying(plan=plan))["It is pretty"] is Verdict.NOT_RUN


def test_a_planned_workflow_is_judged_and_what_it_publishes_is_no_broken_address() -> None:
    page = PAGE.replace(b"</body>", b"<a href='result.json'>result.json</a></body>")
    workflow = WORKFLOW.replace("branches: [main]", "branches: [master]").encode()
    files = FILES | {"index.html": page, CI: workflow}
    output = PlannedFile(path="result.json", source=FileSource.WORKFLOW_OUTPUT)
    planned = (*PLAN.files, PlannedFile(path=CI, source=FileSource.WRITE), output)
    plan = PLAN.model_copy(update={"files": planned, "pages": "workflow"})
    new = NewTree(7, Purpose.GENERATE, files)
    outcome = verify(verifying(new=new, plan=plan), make_ports())
    details = {r.check.text: r.detail for r in outcome.results}
    assert "leaves out main" in details[f"{CI} is a workflow that a push to main starts"]
    assert outcome.decision.next is Next.REPAIR
    assert "result.json" not in "".join(review_defects(outcome.results))
    without = verify(verifying(new=new, plan=PLAN), make_ports())
    assert "'result.json' is no file of the repository" in "".join(review_defects(without.results))
    assert not any(CI in r.check.text for r in without.results)


# --- Later rounds ----------------------------------------------------------------------------------------------------

EARLIER = EarlierPlan(
    RequestPlan(
        files=(PlannedFile(path="notes.txt", source=FileSource.WRITE, predicates=[Words(path="notes.txt", min=2)]),),
        checks=(
            CheckReading(number=1, predicates=[SHOWN]),
            CheckReading(number=2, predicates=[Exists(path="gone.txt")]),
        ),
    ),
    (parse_check("A click titles it"), parse_check("gone.txt is there")),
    frozenset({"A click titles it"}),
)


def test_what_earlier_plans_say_and_what_held_goes_on_holding_or_is_a_finding_and_a_warning() -> None:
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS)], tested=[js(Verdict.FAIL, check=TITLE)]))
    task = verifying(plans=(EARLIER,), before=FILES | {"notes.txt": b"one two"}, words="titled T, #add")
    outcome = verify(task, make_ports(browser=browser))
    lasting = {r.check.text: r.verdict for r in outcome.results if r.check.kind is Kind.REGRESSION}
    assert lasting == {
        "notes.txt is there and is not empty": Verdict.FAIL,
        "notes.txt has at least 2 words": Verdict.FAIL,
        "A click titles it": Verdict.FAIL,
    }
    assert outcome.decision.next is Next.REPAIR
    given_up = verify(
        verifying(
            plans=(EARLIER,), before=task.earlier.before, words=task.requirements.words, given_up="no time is left"
        ),
        make_ports(browser=FakeBrowser(browser.report)),
    )
    assert "A check of an earlier round does not hold any more: notes.txt has at least 2 words" in given_up.warnings


def test_what_the_new_plan_speaks_of_is_its_to_change() -> None:
    plan = PLAN.model_copy(update={"absent": ("notes.txt",)})
    task = verifying(plan=plan, plans=(EARLIER,), before=FILES | {"notes.txt": b"one two"})
    assert not any(r.check.text.startswith("notes.txt has") for r in verify(task, make_ports()).results)


def test_expressions_of_earlier_rounds_run_behind_the_checks() -> None:
    kept = Check(Kind.EARLIER, "1 < 2")
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS), js(Verdict.FAIL, check=kept)]))
    outcome = verify(verifying(held_checks=(kept,), given_up="no time is left"), make_ports(browser=browser))
    assert browser.asked[0][1] == (CHECKS[0], kept)
    assert {r.verdict for r in outcome.results if r.check == kept} == {Verdict.FAIL}
    assert outcome.warnings == ("A check of an earlier round does not hold any more: 1 < 2",)


# --- Data that could not be had ---------------------------------------------------------------------------------------

API = MissingFile("latest.json", "HTTP 503", Source.ADDRESS, "https://api.test/latest")


@pytest.mark.parametrize("at_run_time", [False, True])
def test_a_page_that_lacks_data_must_say_so_unless_it_asks_the_address_itself(at_run_time: bool) -> None:
    plan = PLAN.model_copy(update={"data": (DataAddress(url=API.url, at_run_time=at_run_time),)})
    said = js(Verdict.FAIL, check=Check(Kind.RULE, "x"))
    browser = FakeBrowser(BrowserReport([js(Verdict.PASS), *([] if at_run_time else [said])]))
    outcome = verify(verifying(plan=plan, missing=(API,)), make_ports(browser=browser))
    found = [r for r in outcome.results if "data is missing" in r.check.text]
    assert [r.verdict for r in found] == ([] if at_run_time else [Verdict.FAIL])


# --- Judgements -------------------------------------------------------------------------------------------------------


def test_what_nothing_decided_of_the_published_tree_is_judged_and_stays_undecided() -> None:
    author = FakeAuthor()
    author.judgements = ["1: holds - there is a heading"]
    outcome = verify(verifying(judging=True), make_ports(author=author))
    assert outcome.judgements["It is pretty"].startswith("judged by first to hold")
    assert {r.verdict for r in outcome.results if r.check.text == "It is pretty"} == {Verdict.UNVERIFIABLE}
    (_, messages, seconds, _) = author.judged[0]
    assert "1. It is pretty\n" in messages[-1].content
    assert seconds == 40


def test_nothing_is_judged_where_nobody_asks_for_it_or_a_repair_follows() -> None:
    author = FakeAuthor()
    verify(verifying(judging=False), make_ports(author=author))
    broken = FakeBrowser(BrowserReport([js(Verdict.FAIL)]))
    assert verify(verifying(judging=True), make_ports(author=author, browser=broken)).decision.next is Next.REPAIR
    assert author.judged == []
