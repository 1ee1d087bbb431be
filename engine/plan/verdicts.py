"""Decides a plan's predicates on a tree and on a browser's report, and combines them into verdicts on sentences."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.domain.checks import Check, CheckOutcome, Kind, PredicateResult, Target, Verdict
from engine.plan.deciding.attachment_predicates import attachment_of
from engine.plan.deciding.decide import decide
from engine.plan.page_tests import as_page_test, guesses
from engine.plan.predicates import (
    Absent,
    CsvEquals,
    DiffersFromAttachment,
    EqualsAttachment,
    Exists,
    OnFile,
    OpensWithoutErrors,
    Page,
)
from engine.plan.schema import FileSource, PlannedFile
from engine.plan.wording import in_words, rule_in_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.domain.browser_report import BrowserReport, PageTest, PageView
    from engine.plan.deciding.evidence import Evidence
    from engine.plan.schema import CheckReading, RequestPlan

#: A sentence's verdict is the first of these among its predicates' verdicts.
_WORST_FIRST = (
    Verdict.FAIL,
    Verdict.NOT_RUN,
    Verdict.INCONCLUSIVE,
    Verdict.VACUOUS,
    Verdict.UNVERIFIABLE,
    Verdict.PASS,
)

#: No language model writes these types, so a missing file of them is unverifiable and starts no repair.
_BINARY = frozenset(
    [".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".pdf", ".mp3", ".mp4", ".wav", ".zip", ".woff2", ".xlsx"]
)

#: Files that the service provides: a model cannot repair them.
_NOT_A_MODELS = frozenset({FileSource.ATTACHMENT, FileSource.CONVERTED})

#: The repository's own rules decide these (engine.checks.own_rules).
_OWN_RULES = frozenset({"index.html", "README.md", "LICENSE"})

MOST_REGRESSIONS = 40
MOST_REGRESSION_PAGES = 10
NO_PLAN = "no plan says what decides this sentence"


@dataclass(frozen=True, slots=True)
class EarlierPlan:
    """The plan of an earlier round, with its checks and the texts of those that held when the round was published."""

    plan: RequestPlan
    checks: tuple[Check, ...] = ()
    held: frozenset[str] = frozenset()


def predicates_of(planned: PlannedFile) -> list[Any]:
    """Return all predicates on a planned file: those that its source implies, then its own."""
    path, origin = planned.path, planned.origin or planned.path
    match planned.source:
        case FileSource.ATTACHMENT:
            implied: list[Any] = [EqualsAttachment(path=path, attachment=origin)]
        case FileSource.CHANGED:
            implied = [DiffersFromAttachment(path=path, attachment=origin)]
        case FileSource.CONVERTED:
            implied = [Exists(path=path), CsvEquals(path=path, workbook=origin, sheet=planned.sheet)]
        case FileSource.WORKFLOW_OUTPUT:
            return [Absent(path=path)]
        case _:
            implied = [Exists(path=path)]
    implied = [] if path in _OWN_RULES else implied
    return [*implied, *(predicate for predicate in planned.predicates if predicate not in implied)]


class PlanVerdicts:
    """The verdicts of a plan on one tree. `tests` are the page tests for the browser; the methods take its report.

    `words` is the brief with its checks. A failing test with a name that `words` lacks may be wrong itself.
    """

    def __init__(
        self,
        plan: RequestPlan | None,
        checks: Sequence[Check],
        evidence: Evidence,
        *,
        words: str,
        earlier: Sequence[EarlierPlan] = (),
    ) -> None:
        self._plan, self._checks, self._evidence, self._words = plan, checks, evidence, words
        own = {check.text for check in checks}
        self._earlier_pages = dict(list(_earlier_page_sentences(earlier, own))[:MOST_REGRESSION_PAGES])
        self._held = [page for pages in self._earlier_pages.values() for page in pages]
        self._pages: list[Page] = []
        for predicates in self._all():
            self._pages += [
                predicate for predicate in predicates if isinstance(predicate, Page) and predicate not in self._pages
            ]
        self.tests: list[PageTest] = [as_page_test(page) for page in self._pages]

    def sentences(self, report: BrowserReport) -> Mapping[int, CheckOutcome]:
        """Return a result for each check but the expressions, by the check's position."""
        return {
            at: self._sentence(at, check, report) for at, check in enumerate(self._checks) if check.kind is not Kind.JS
        }

    def files(self) -> list[CheckOutcome]:
        """Return a result for each predicate on a planned file, and for each path that must be absent."""
        if self._plan is None:
            return []
        found = [result for planned in self._plan.files for result in self._of_file(planned)]
        absent = [self._file_result(Absent(path=path), path) for path in self._plan.absent]
        return [*found, *absent]

    def own_tests(self, report: BrowserReport) -> list[CheckOutcome]:
        tests = self._plan.tests if self._plan else ()
        return [self._verdict_on(Check(Kind.TEST, test.says), test.predicates, report) for test in tests]

    def earlier_sentences(self, report: BrowserReport) -> list[CheckOutcome]:
        """Return a result for each sentence of an earlier round that held there by a page test."""
        return [
            self._verdict_on(Check(Kind.REGRESSION, text), pages, report) for text, pages in self._earlier_pages.items()
        ]

    def _all(self) -> Iterator[Sequence[Any]]:
        yield from self._earlier_pages.values()
        if self._plan is not None:
            for at, check in enumerate(self._checks):
                reading = self._plan.reading(at)
                if check.kind is Kind.PROSE and reading:
                    yield reading.predicates
            for test in self._plan.tests:
                yield test.predicates

    def _sentence(self, at: int, check: Check, report: BrowserReport) -> CheckOutcome:
        if check.kind is not Kind.PROSE:
            return CheckOutcome(check, Target.LOCAL, Verdict.UNVERIFIABLE, 'neither text nor {"js": …}')
        reading = self._plan.reading(at) if self._plan else None
        if reading is None or not reading.predicates:
            why = reading.why_not if reading else NO_PLAN
            return CheckOutcome(check, Target.LOCAL, Verdict.UNVERIFIABLE, f"nothing decides it: {why}"[:2_000])
        return self._verdict_on(check, reading.predicates, report)

    def _verdict_on(self, check: Check, predicates: Sequence[Any], report: BrowserReport) -> CheckOutcome:
        return combined(check, Target.LOCAL, [self._result(predicate, report) for predicate in predicates])

    def _result(self, predicate: Any, report: BrowserReport) -> PredicateResult:
        says = in_words(predicate)
        match predicate:
            case Page():
                return self._page_result(predicate, says, report)
            case OpensWithoutErrors():
                return _opening_result(says, report)
            case _:
                found = decide(predicate, self._evidence)
                return PredicateResult(says, found.verdict, found.seen)

    def _page_result(self, page: Page, says: str, report: BrowserReport) -> PredicateResult:
        """Return the result of a page test: inconclusive if the test itself may be wrong.

        A test that held in an earlier round counts as right.
        """
        at = self._pages.index(page)
        if at >= len(report.tested):
            return PredicateResult(says, Verdict.NOT_RUN, report.not_run or "the page was not opened")
        result = report.tested[at]
        verdict, detail = result.verdict, result.detail
        if verdict in {Verdict.ERROR, Verdict.TIMEOUT}:
            verdict, detail = Verdict.INCONCLUSIVE, f"it came to no value: {detail}"
        elif verdict is Verdict.INVALID:
            verdict, detail = Verdict.UNVERIFIABLE, f"it is no JavaScript: {detail}"
        elif verdict is Verdict.FAIL and page not in self._held and (guessed := guesses(page, self._words)):
            verdict = Verdict.INCONCLUSIVE
            detail = f"{detail}; but it names what the request does not: {', '.join(guessed[:5])}"
        return PredicateResult(says, verdict, detail[:1_000])

    def _of_file(self, planned: PlannedFile) -> list[CheckOutcome]:
        predicates = [self._without_attachment(predicate, planned) for predicate in predicates_of(planned)]
        missing = planned.path not in self._evidence.files and planned.source is not FileSource.WORKFLOW_OUTPUT
        if not missing or not predicates:
            return [self._file_result(predicate, planned.path) for predicate in predicates]
        result = self._file_result(Exists(path=planned.path), planned.path)
        if planned.source in _NOT_A_MODELS or posixpath.splitext(planned.path)[1].lower() in _BINARY:
            result = replace(result, verdict=Verdict.UNVERIFIABLE)
        return [result]

    def _without_attachment(self, predicate: Any, planned: PlannedFile) -> Any:
        """Return what stands for a comparison with an attachment if the file to be changed is a present file."""
        implied = planned.source is FileSource.CHANGED and isinstance(predicate, DiffersFromAttachment)
        return predicate if not implied or attachment_of(predicate, self._evidence) else Exists(path=planned.path)

    def _file_result(self, predicate: Any, path: str) -> CheckOutcome:
        found = decide(predicate, self._evidence)
        return CheckOutcome(
            Check(Kind.FILE, f"{path}: {rule_in_words(predicate)}"), Target.LOCAL, found.verdict, found.seen
        )


def combined(check: Check, target: Target, results: Sequence[PredicateResult]) -> CheckOutcome:
    """Return the worst verdict of one or more predicates; the detail names the predicates that have it."""
    verdicts = {result.verdict for result in results}
    verdict = next(worst for worst in _WORST_FIRST if worst in verdicts)
    deciding = [result for result in results if result.verdict is verdict]
    detail = "; ".join(f"{result.says}: {result.seen or result.verdict}" for result in deciding)
    return CheckOutcome(check, target, verdict, detail[:2_000], predicates=tuple(results))


def regression_results(
    earlier: Sequence[EarlierPlan], plan: RequestPlan | None, before: Evidence, now: Evidence
) -> list[CheckOutcome]:
    """Decide again the predicates on files of earlier plans, the newest first, that held in the round before.

    Files of the present plan are left out, since the present round may change them.
    """
    replaced = {file.path for file in plan.files} | set(plan.absent) if plan else set()
    results: dict[str, CheckOutcome] = {}
    for predicate in _regressions(earlier):
        path = getattr(predicate, "path", "")
        if path in replaced or path in _OWN_RULES or (path and path not in before.files):
            continue
        says = in_words(predicate)
        if says in results or decide(predicate, before).verdict is not Verdict.PASS:
            continue
        found = decide(predicate, now)
        results[says] = CheckOutcome(Check(Kind.REGRESSION, says), Target.LOCAL, found.verdict, found.seen)
        if len(results) >= MOST_REGRESSIONS:
            break
    return list(results.values())


def _regressions(earlier: Sequence[EarlierPlan]) -> Iterator[Any]:
    for each in earlier:
        for planned in each.plan.files:
            yield from (
                predicate
                for predicate in predicates_of(planned)
                if not isinstance(predicate, EqualsAttachment | DiffersFromAttachment | CsvEquals)
            )
        for _, reading in _held_sentences(each):
            yield from (
                predicate
                for predicate in reading.predicates
                if isinstance(predicate, OnFile) and not isinstance(predicate, EqualsAttachment | CsvEquals)
            )


def _earlier_page_sentences(earlier: Sequence[EarlierPlan], own: Collection[str]) -> Iterator[tuple[str, list[Page]]]:
    """Yield the sentences that held in earlier rounds by page tests, the newest first, without those in `own`."""
    for each in earlier:
        for text, reading in _held_sentences(each):
            pages = [predicate for predicate in reading.predicates if isinstance(predicate, Page)]
            if pages and text not in own:
                yield text, pages


def _held_sentences(earlier: EarlierPlan) -> Iterator[tuple[str, CheckReading]]:
    for reading in earlier.plan.checks:
        text = earlier.checks[reading.number - 1].text if reading.number <= len(earlier.checks) else ""
        if text in earlier.held:
            yield text, reading


def shortfalls(results: Sequence[CheckOutcome]) -> list[str]:
    """Return a sentence with the planned files that a tree lacks, as a list of none or one."""
    rule = f": {rule_in_words(Exists())}"
    unmet = [result.check for result in results if result.verdict is not Verdict.PASS]
    missing = [
        check.text.partition(": ")[0] for check in unmet if check.kind is Kind.FILE and check.text.endswith(rule)
    ]
    return [f"Files that are asked for are missing or empty: {', '.join(dict.fromkeys(missing))}"] if missing else []


def _opening_result(says: str, report: BrowserReport) -> PredicateResult:
    """Decide by the page's errors at all widths; requests that failed make it inconclusive."""
    if report.not_run or not report.views:
        return PredicateResult(says, Verdict.NOT_RUN, report.not_run or "the page was not opened")
    page_errors = [line for view in report.views for line in _errors(view)]
    missing = [line for view in report.views for line in view.failed]
    if missing:
        return PredicateResult(says, Verdict.INCONCLUSIVE, "; ".join([*page_errors, *missing])[:1_000])
    return PredicateResult(says, Verdict.FAIL if page_errors else Verdict.PASS, "; ".join(page_errors)[:1_000])


def _errors(view: PageView) -> list[str]:
    loaded = [] if view.loaded else ["the page did not load"]
    return [*loaded, *view.errors, *(line for line in view.console if line.startswith("error:"))]
