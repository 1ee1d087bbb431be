"""Judge a tree: our own rules, the request's checks and earlier rounds' ones in a browser; then decide what follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.checks import own_rules
from engine.checks.decision import JudgedAttempt, Next, Purpose, candidates, decide, tree_digest
from engine.checks.gates import bars
from engine.checks.page_load import in_order_result, page_load_result
from engine.checks.regressions import TEXT as VANISHED
from engine.checks.regressions import vanished_result
from engine.checks.review import review_result
from engine.checks.source_rules import source_results
from engine.domain.browser_report import BrowserReport, PageUnderTest
from engine.domain.checks import OF_EARLIER, Check, CheckOutcome, Kind, Target, Verdict
from engine.inputs.missing_data import missing_checks, missing_result
from engine.plan.deciding.evidence import Evidence
from engine.plan.predicates import CsvEquals
from engine.plan.schema import FileSource
from engine.plan.verdicts import EarlierPlan, PlanVerdicts, regression_results
from engine.steps.inputs import sheets_of
from engine.steps.judging import judged
from engine.steps.outcomes import Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from engine.domain.brief import AttachedFile, MissingFile
    from engine.domain.browser_report import PageTest
    from engine.domain.budget import Budget
    from engine.plan.schema import RequestPlan
    from engine.ports import Ports

BARRED = "not run: a gate bars this attempt"


def _no_tree(_: int) -> Mapping[str, bytes]:
    return {}


@dataclass(frozen=True, slots=True)
class NewTree:
    """The newest attempt's tree, which was not judged yet: what it was written for, the attempt that it repairs, and the gates' verdicts."""

    attempt: int
    purpose: Purpose
    files: Mapping[str, bytes]
    parent: int | None = None
    gates: tuple[CheckOutcome, ...] = ()
    foreign: frozenset[str] = frozenset()  # paths of files that were attached, which are as they came


@dataclass(frozen=True, slots=True)
class VerifyInput:
    """What is to be judged and by which checks. `new` is None where a further try gave no tree: then only the decision is made anew.

    `kept` are the checks of earlier rounds that held when those were published, `earlier` the plans of those rounds, the newest
    first, `before` the tree of the round before. `plan` is None where there is none.
    """

    new: NewTree | None
    tried: tuple[JudgedAttempt, ...]
    url: str  # where Pages would serve it
    words: str  # the brief
    checks: tuple[Check, ...]
    budget: Budget
    kept: tuple[Check, ...] = ()
    plan: RequestPlan | None = None
    earlier: tuple[EarlierPlan, ...] = ()
    before: Mapping[str, bytes] = field(default_factory=dict)
    attachments: tuple[AttachedFile, ...] = ()  # of this round
    call_seconds: float = 0.0  # that the round's longest model call took
    protected: tuple[str, ...] = ()  # names of attachments of earlier rounds
    missing: tuple[MissingFile, ...] = ()
    given_up: str = ""  # why no further try is to be made
    unchecked: str = ""  # why nothing but our own rules is to be judged
    judging: bool = False  # whether a model may be asked about sentences that nothing decided
    tree_of: Callable[[int], Mapping[str, bytes]] = _no_tree  # of an attempt that was tried before

    @property
    def attached(self) -> Mapping[str, bytes]:
        """Return the files that came, this round's as they came, the others as the round before left them: what the brief may ask to change."""
        earlier = {name: self.before[name] for name in self.protected if name in self.before}
        return earlier | {file.name: file.content for file in self.attachments}


def verify(task: VerifyInput, ports: Ports) -> Verified:
    """Return a result for each of our rules, each check of the request and of earlier rounds, and each view; and what follows."""
    tried, results, line = list(task.tried), list[CheckOutcome](), "nothing new to check"
    if new := task.new:
        results, line = _unchecked(task, new) if task.unchecked else _judged(task, new, ports)
        all_of_it = (*new.gates, *results)
        tried.append(JudgedAttempt(new.attempt, new.purpose, tree_digest(new.files), all_of_it, new.parent))
    left = task.budget.repair_seconds(ports.clock.now(), task.call_seconds)
    decision = decide(tried, repair_seconds=left, given_up=task.given_up)
    warnings = _warnings(tried, decision.attempt) if decision.next is Next.PUBLISH else ()
    if task.unchecked and new and decision.attempt == new.attempt:
        warnings += (f"The page is published unchecked: {task.unchecked}",)
    judgements = _judgements(task, tried, decision.attempt, ports) if decision.next is Next.PUBLISH else {}
    detail = f"{line}; {decision.next} attempt {decision.attempt}: {decision.reason}"
    return Verified(new.attempt if new else None, tuple(results), decision, detail, warnings, judgements)


def _judgements(task: VerifyInput, tried: Sequence[JudgedAttempt], chosen: int, ports: Ports) -> dict[str, str]:
    """Have a model judge what nothing decided of the attempt that is published; the fallback page claims nothing that could be judged."""
    found = next(one for one in tried if one.attempt == chosen)
    if not task.judging or found.purpose is Purpose.FALLBACK:
        return {}
    files = task.new.files if task.new and task.new.attempt == chosen else task.tree_of(chosen)
    return judged(chosen, files, found.results, task.budget.judge_seconds(ports.clock.now()), ports)


def summary(results: Sequence[CheckOutcome]) -> str:
    """Return in a line how many passed, and why some were not run."""
    passed = sum(r.verdict is Verdict.PASS for r in results)
    not_run = [r.detail for r in results if r.verdict is Verdict.NOT_RUN]
    line = f"{passed} of {len(results)} checks passed"
    return f"{line}, {len(not_run)} not run: {not_run[0]}" if not_run else line


def _judged(task: VerifyInput, new: NewTree, ports: Ports) -> tuple[list[CheckOutcome], str]:
    """Return all results, those of the request in its order, and a line about them."""
    evidence = _evidence(task, new.files, ports)
    words = "\n".join([task.words, *(check.text for check in task.checks)])
    plan = PlanVerdicts(task.plan, task.checks, evidence, words=words, earlier=task.earlier)
    at_run_time = [address.url for address in task.plan.data if address.at_run_time] if task.plan else []
    lacks = missing_checks(task.missing, at_run_time)
    scripts = [check for check in (*task.checks, *task.kept) if check.kind in {Kind.JS, Kind.EARLIER}]
    scripts += [lack.expression for lack in lacks]
    page = PageUnderTest(task.url, new.files, Target.LOCAL)
    report = _report(page, scripts, plan.tests, bars(new.gates), task.budget.check_seconds(ports.clock.now()), ports)
    ran, sentences = iter(report.results), plan.sentences(report)
    requested = [next(ran) if check.kind is Kind.JS else sentences[at] for at, check in enumerate(task.checks)]
    earlier = [
        CheckOutcome(check, r.target, r.verdict, r.detail, r.value, r.milliseconds)
        for check, r in zip(task.kept, ran, strict=False)
    ]
    said = [missing_result(lack, r, new.files) for lack, r in zip(lacks, ran, strict=True)]
    before = Evidence(task.before, task.attached, {})
    lasting = [*regression_results(task.earlier, task.plan, before, evidence), *plan.kept_sentences(report)]
    counted = [
        *own_rules.own_results(new.files),
        *said,
        *requested,
        *earlier,
        *plan.files(),
        *plan.own_tests(report),
        *lasting,
    ]
    advice = source_results(new.files, task.checks)
    advice.append(review_result(new.files, foreign=new.foreign))
    advice += [page_load_result(view, Target.LOCAL) for view in report.views]
    advice += filter(None, [in_order_result(report, Target.LOCAL)])
    if task.before:
        advice.append(vanished_result(task.before, new.files, task.words))
    return [*counted, *advice], summary(counted)


def _evidence(task: VerifyInput, files: Mapping[str, bytes], ports: Ports) -> Evidence:
    """Return what the plan's predicates are decided on; a workbook is read only where one of them compares with it."""
    names = {one.origin for one in task.plan.files if one.source is FileSource.CONVERTED} if task.plan else set()
    names |= {one.workbook for one in _predicates(task.plan) if isinstance(one, CsvEquals)}
    books = [file for file in task.attachments if file.name in names]
    return Evidence(files, task.attached, sheets_of(books, ports) if books else {})


def _predicates(plan: RequestPlan | None) -> Iterator[object]:
    if plan is not None:
        for lists in (
            [one.predicates for one in plan.files],
            [one.predicates for one in plan.checks],
            [one.predicates for one in plan.tests],
        ):
            for predicates in lists:
                yield from predicates


def _unchecked(task: VerifyInput, new: NewTree) -> tuple[list[CheckOutcome], str]:
    """Return no verdict on any check, so that a tree which our own checking fails on is published all the same."""
    not_run = [
        CheckOutcome(check, Target.LOCAL, Verdict.NOT_RUN, task.unchecked) for check in (*task.checks, *task.kept)
    ]
    return [*own_rules.own_results(new.files), *not_run], f"not checked: {task.unchecked}"


def _report(
    page: PageUnderTest,
    scripts: Sequence[Check],
    tests: Sequence[PageTest],
    barred: bool,
    seconds: float,
    ports: Ports,
) -> BrowserReport:
    """Have the browser run scripts and page tests; without one, or on what may not be opened, each is `not_run`."""
    if ports.browser and not barred:
        return ports.browser.run(page, scripts, seconds=seconds, tests=tests)
    why = BARRED if barred else own_rules.NO_BROWSER
    return BrowserReport([CheckOutcome(one, Target.LOCAL, Verdict.NOT_RUN, why) for one in scripts], not_run=why)


def _warnings(tried: Sequence[JudgedAttempt], chosen: int) -> tuple[str, ...]:
    """Tell before the evaluator does what the page to be published has lost."""
    found = next(one for one in candidates(tried) if one.attempt == chosen)
    lost = [f"A check of an earlier round does not hold any more: {text}" for text in _earlier_lost(found.results)]
    gone = [r.detail for r in found.results if r.check.text == VANISHED and r.detail]
    return tuple(f"{text[:1].upper()}{text[1:]}"[:1000] for text in (*lost, *gone))


def _earlier_lost(results: Sequence[CheckOutcome]) -> list[str]:
    return [r.check.text for r in results if r.check.kind in OF_EARLIER and r.verdict is Verdict.FAIL]
