"""The step verify: check a tree by our rules, the request's checks and earlier checks, and decide what follows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from engine.checks import own_rules
from engine.checks.decision import JudgedAttempt, Next, Purpose, candidates, decide, tree_digest
from engine.checks.gates import is_barred
from engine.checks.page_load import in_order_result, page_load_result
from engine.checks.regressions import TEXT as NOTHING_REMOVED
from engine.checks.regressions import removal_result
from engine.checks.review import review_result
from engine.checks.source_rules import source_results
from engine.checks.workflows import workflow_results
from engine.domain.browser_report import BrowserReport, PageUnderTest
from engine.domain.check_counts import count_checks
from engine.domain.checks import OF_EARLIER, REQUESTED, Check, CheckOutcome, Kind, Target, Verdict
from engine.inputs.missing_data import missing_checks, missing_result
from engine.plan.deciding.decide import ONCE_LIVE
from engine.plan.deciding.evidence import Evidence
from engine.plan.predicates import CsvEquals
from engine.plan.schema import FileSource
from engine.plan.verdicts import PlanVerdicts, regression_results
from engine.steps.contracts import Verified
from engine.steps.fetch_inputs import sheets_of
from engine.steps.judging import judge_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.domain.browser_report import PageTest
    from engine.plan.schema import RequestPlan
    from engine.ports import Ports
    from engine.steps.contracts import NewTree, VerifyInput

#: Kinds of checks of which none may be left out silently.
_MUST_RUN = REQUESTED | OF_EARLIER | {Kind.TEST}

BARRED = "not run: a gate bars this attempt"


def verify(task: VerifyInput, ports: Ports) -> Verified:
    """Return the results of our rules, of all checks and of the page loads, and the decision."""
    history, results, line = list(task.attempts.judged), list[CheckOutcome](), "nothing new to check"
    if new := task.new:
        results, line = _unchecked(task, new) if task.unchecked else _checked(task, new, ports)
        all_of_it = (*new.gates, *results)
        history.append(JudgedAttempt(new.attempt, new.purpose, tree_digest(new.files), all_of_it, new.parent))
    left = task.budget.repair_seconds(ports.clock.now(), task.attempts.call_seconds)
    decision = decide(history, repair_seconds=left, given_up=task.given_up)
    warnings = _warnings(history, decision.attempt) if decision.next is Next.PUBLISH else ()
    if task.unchecked and new and decision.attempt == new.attempt:
        warnings += (f"The page is published unchecked: {task.unchecked}",)
    elif decision.next is Next.PUBLISH:
        warnings += _not_run(history, decision.attempt)
    judgements = _judgements(task, history, decision.attempt, ports) if decision.next is Next.PUBLISH else {}
    detail = f"{line}; {decision.next} attempt {decision.attempt}: {decision.reason}"
    return Verified(new.attempt if new else None, tuple(results), decision, detail, warnings, judgements)


def _judgements(task: VerifyInput, history: Sequence[JudgedAttempt], chosen: int, ports: Ports) -> dict[str, str]:
    """Ask a model about the undecided sentences of the published attempt, unless it is the fallback page."""
    found = next(one for one in history if one.attempt == chosen)
    if not task.judging or found.purpose is Purpose.FALLBACK:
        return {}
    files = task.new.files if task.new and task.new.attempt == chosen else task.attempts.tree_of(chosen)
    return judge_sentences(chosen, files, found.results, task.budget.judge_seconds(ports.clock.now()), ports)


def summary(results: Sequence[CheckOutcome]) -> str:
    """Return one line on how many checks hold, and why some were not run."""
    not_run = [r.detail for r in results if r.verdict is Verdict.NOT_RUN]
    line = str(count_checks((r.check.kind, r.verdict) for r in results))
    return f"{line}; {len(not_run)} not run: {not_run[0]}" if not_run else line


def _checked(task: VerifyInput, new: NewTree, ports: Ports) -> tuple[list[CheckOutcome], str]:
    """Return all results, those of the request in its order, and a line about them."""
    evidence = _evidence(task, new, ports)
    request, earlier = task.requirements, task.earlier
    words = "\n".join([request.words, *(check.text for check in request.checks)])
    plan = PlanVerdicts(request.plan, request.checks, evidence, words=words, earlier=earlier.plans)
    at_run_time = [address.url for address in request.plan.data if address.at_run_time] if request.plan else []
    gaps = missing_checks(request.missing, at_run_time)
    scripts = [check for check in (*request.checks, *earlier.held_checks) if check.kind in {Kind.JS, Kind.EARLIER}]
    scripts += [gap.expression for gap in gaps]
    page = PageUnderTest(task.url, new.files, Target.LOCAL)
    report = _report(
        page, scripts, plan.tests, is_barred(new.gates), task.budget.check_seconds(ports.clock.now()), ports
    )
    ran, sentences = iter(report.results), plan.sentences(report)
    requested = [next(ran) if check.kind is Kind.JS else sentences[at] for at, check in enumerate(request.checks)]
    held = [
        CheckOutcome(check, r.target, r.verdict, r.detail, r.value, r.milliseconds)
        for check, r in zip(earlier.held_checks, ran, strict=False)
    ]
    missing_results = [missing_result(gap, r, new.files) for gap, r in zip(gaps, ran, strict=True)]
    before = Evidence(earlier.before, task.attached, {})
    regressions = [*regression_results(earlier.plans, request.plan, before, evidence), *plan.earlier_sentences(report)]
    counted = [
        *own_rules.own_results(new.files),
        *_workflow_results(new.files, request.plan),
        *missing_results,
        *requested,
        *held,
        *plan.files(),
        *plan.own_tests(report),
        *regressions,
    ]
    return [*counted, *_advice(task, new, report)], summary([*new.gates, *counted])


def _workflow_results(files: Mapping[str, bytes], plan: RequestPlan | None) -> list[CheckOutcome]:
    """Return our rules on the workflow files that the plan names."""
    planned = [file.path for file in plan.files] if plan else []
    publishes = plan is not None and plan.pages == "workflow"
    return workflow_results(files, planned=planned, publishes=publishes)


def _advice(task: VerifyInput, new: NewTree, report: BrowserReport) -> list[CheckOutcome]:
    """Return results that are shown to operators and in repairs, and are never counted."""
    advice = source_results(new.files, task.requirements.checks)
    plan = task.requirements.plan
    # What a workflow publishes is no file of the repository, and the page may load it all the same.
    outputs = {one.path: b"" for one in plan.files if one.source is FileSource.WORKFLOW_OUTPUT} if plan else {}
    advice.append(review_result({**new.files, **outputs}, foreign=new.foreign | outputs.keys()))
    advice += [page_load_result(view, Target.LOCAL) for view in report.views]
    advice += filter(None, [in_order_result(report, Target.LOCAL)])
    if task.earlier.before:
        advice.append(removal_result(task.earlier.before, new.files, task.requirements.words))
    return advice


def _evidence(task: VerifyInput, new: NewTree, ports: Ports) -> Evidence:
    """Return the evidence for the plan's predicates. A workbook is read only if a predicate or a file needs it."""
    plan = task.requirements.plan
    names = {one.origin for one in plan.files if one.source is FileSource.CONVERTED} if plan else set()
    names |= {one.workbook for one in _predicates(plan) if isinstance(one, CsvEquals)}
    books = [file for file in task.requirements.attachments if file.name in names]
    seconds = task.budget.check_seconds(ports.clock.now()) / 2
    sheets = sheets_of(books, ports, seconds=seconds) if books else {}
    return Evidence(new.files, task.attached, sheets, _not_made(plan, new))


def _not_made(plan: RequestPlan | None, new: NewTree) -> dict[str, str]:
    """Return the computed files that are missing because no browser ran the build script, with the reason."""
    why = next((r.detail for r in new.gates if r.check.kind is Kind.COMPUTED and r.verdict is Verdict.NOT_RUN), "")
    computed = [one.path for one in plan.files if one.source is FileSource.COMPUTED] if plan and why else []
    return {path: f"{path} was not computed: {why}" for path in computed if path not in new.files}


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
    """Return `not_run` for every check, so that a tree is published although our checking fails on it."""
    checks = (*task.requirements.checks, *task.earlier.held_checks)
    not_run = [CheckOutcome(check, Target.LOCAL, Verdict.NOT_RUN, task.unchecked) for check in checks]
    return [*own_rules.own_results(new.files), *not_run], f"not checked: {task.unchecked}"


def _report(
    page: PageUnderTest,
    scripts: Sequence[Check],
    tests: Sequence[PageTest],
    barred: bool,
    seconds: float,
    ports: Ports,
) -> BrowserReport:
    """Run scripts and page tests in the browser; without one, or on a barred tree, each is `not_run`."""
    if ports.browser and not barred:
        return ports.browser.run(page, scripts, seconds=seconds, tests=tests)
    why = BARRED if barred else own_rules.NO_BROWSER
    return BrowserReport([CheckOutcome(one, Target.LOCAL, Verdict.NOT_RUN, why) for one in scripts], not_run=why)


def _warnings(history: Sequence[JudgedAttempt], chosen: int) -> tuple[str, ...]:
    """Return warnings on what the published page has lost since earlier rounds."""
    found = next(one for one in candidates(history) if one.attempt == chosen)
    failing_again = [
        f"A check of an earlier round does not hold any more: {text}" for text in _earlier_failing(found.results)
    ]
    removed = [r.detail for r in found.results if r.check.text == NOTHING_REMOVED and r.detail]
    return tuple(f"{text[:1].upper()}{text[1:]}"[:1000] for text in (*failing_again, *removed))


def _not_run(history: Sequence[JudgedAttempt], chosen: int) -> tuple[str, ...]:
    """Return a warning for each reason why checks of the published attempt were not run."""
    found = next(one for one in candidates(history) if one.attempt == chosen)
    unknown = [one for one in found.results if one.verdict is Verdict.NOT_RUN and one.check.kind in _MUST_RUN]
    reasons = Counter(
        next((part.seen for part in one.predicates if part.verdict is Verdict.NOT_RUN), one.detail) for one in unknown
    )
    reasons.pop(ONCE_LIVE, None)
    return tuple(f"Checks not run before publishing: {count}, because {why}."[:1000] for why, count in reasons.items())


def _earlier_failing(results: Sequence[CheckOutcome]) -> list[str]:
    return [r.check.text for r in results if r.check.kind in OF_EARLIER and r.verdict is Verdict.FAIL]
