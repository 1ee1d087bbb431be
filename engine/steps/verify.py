"""Judge a tree: our own rules, the request's checks and earlier rounds' ones in a browser; then decide what follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core import rules
from engine.core.changes import change_results
from engine.core.checks import OF_EARLIER, Check, CheckResult, Kind, Target, Verdict
from engine.core.decision import Next, Purpose, Tried, candidates, decide, tree_digest
from engine.core.file_wishes import file_results
from engine.core.gates import bars
from engine.core.lasting_files import Asked, lasting_results
from engine.core.missing import missing_checks, missing_result
from engine.core.prose import Prose
from engine.core.review import review_results
from engine.core.source_rules import source_results
from engine.core.vanished import TEXT as VANISHED
from engine.core.vanished import vanished_result
from engine.core.views import view_result
from engine.ports import BrowserReport, PageUnderTest
from engine.steps.judging import judged
from engine.steps.outcomes import Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.core.brief import MissingFile
    from engine.core.budget import Budget
    from engine.core.probes import Probe
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
    gates: tuple[CheckResult, ...] = ()
    foreign: frozenset[str] = frozenset()  # paths of files that were attached, which are as they came


@dataclass(frozen=True, slots=True)
class VerifyInput:
    """What is to be judged and by which checks. `new` is None where a further try gave no tree: then only the decision is made anew.

    `kept` are the checks of earlier rounds that held when those were published, `earlier` what those rounds were asked for, the newest
    first, `before` the page of the round before.
    """

    new: NewTree | None
    tried: tuple[Tried, ...]
    url: str  # where Pages would serve it
    words: str  # the brief
    checks: tuple[Check, ...]
    budget: Budget
    kept: tuple[Check, ...] = ()
    earlier: tuple[Asked, ...] = ()
    before: Mapping[str, bytes] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)  # of this round
    probes: tuple[Probe, ...] = ()  # of the sentences among `checks`, as they were frozen
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
        return earlier | dict(self.attachments)


def verify(task: VerifyInput, ports: Ports) -> Verified:
    """Return a result for each of our rules, each check of the request and of earlier rounds, and each view; and what follows."""
    tried, results, line = list(task.tried), list[CheckResult](), "nothing new to check"
    if new := task.new:
        results, line = _unchecked(task, new) if task.unchecked else _judged(task, new, ports)
        all_of_it = (*new.gates, *results)
        tried.append(Tried(new.attempt, new.purpose, tree_digest(new.files), all_of_it, new.parent))
    left = task.budget.repair_seconds(ports.clock.now(), task.call_seconds)
    decision = decide(
        tried,
        repair_seconds=left,
        polish_seconds=task.budget.polish_seconds(ports.clock.now(), task.call_seconds),
        given_up=task.given_up,
    )
    warnings = _warnings(tried, decision.attempt) if decision.next is Next.PUBLISH else ()
    if task.unchecked and new and decision.attempt == new.attempt:
        warnings += (f"The page is published unchecked: {task.unchecked}",)
    judgements = _judgements(task, tried, decision.attempt, ports) if decision.next is Next.PUBLISH else {}
    detail = f"{line}; {decision.next} attempt {decision.attempt}: {decision.reason}"
    return Verified(new.attempt if new else None, tuple(results), decision, detail, warnings, judgements)


def _judgements(task: VerifyInput, tried: Sequence[Tried], chosen: int, ports: Ports) -> dict[str, str]:
    """Have a model judge what nothing decided of the attempt that is published; the honest page claims nothing that could be judged."""
    found = next(one for one in tried if one.attempt == chosen)
    if not task.judging or found.purpose is Purpose.HONEST:
        return {}
    files = task.new.files if task.new and task.new.attempt == chosen else task.tree_of(chosen)
    return judged(chosen, files, found.results, task.budget.judge_seconds(ports.clock.now()), ports)


def summary(results: Sequence[CheckResult]) -> str:
    """Return in a line how many passed, and why some were not run."""
    passed = sum(r.verdict is Verdict.PASS for r in results)
    not_run = [r.detail for r in results if r.verdict is Verdict.NOT_RUN]
    line = f"{passed} of {len(results)} checks passed"
    return f"{line}, {len(not_run)} not run: {not_run[0]}" if not_run else line


def _judged(task: VerifyInput, new: NewTree, ports: Ports) -> tuple[list[CheckResult], str]:
    """Return all results, those of the request in its order, and a line about them."""
    prose = Prose(task.checks, task.probes, new.files, task.words, task.attachments)
    lacks = missing_checks(task.missing, task.words)
    scripts = [check for check in (*task.checks, *task.kept) if check.kind in {Kind.JS, Kind.EARLIER}]
    scripts += [lack.expression for lack in lacks]
    page = PageUnderTest(task.url, new.files, Target.LOCAL)
    report = _report(page, scripts, prose, bars(new.gates), task.budget.check_seconds(ports.clock.now()), ports)
    ran, sentences = iter(report.results[: len(scripts)]), prose.results(report, report.results[len(scripts) :])
    requested = [next(ran) if check.kind is Kind.JS else sentences[at] for at, check in enumerate(task.checks)]
    earlier = [
        CheckResult(check, r.target, r.verdict, r.detail, r.value, r.milliseconds)
        for check, r in zip(task.kept, ran, strict=False)
    ]
    said = [missing_result(lack, r, new.files) for lack, r in zip(lacks, ran, strict=True)]
    changed = change_results(task.words, task.attached, new.files)
    named = file_results(task.words, task.checks, task.attachments, new.files)
    now = Asked(task.words, task.checks, task.attachments)
    lasting = lasting_results(task.earlier, now, task.before, new.files)
    counted = [*rules.own_results(new.files), *said, *changed, *requested, *earlier, *named, *lasting]
    asked_for = "\n".join([task.words, *(check.text for check in (*task.checks, *task.kept))])
    advice = source_results(new.files, task.checks)
    parsed = any(report.views) and not any("SyntaxError" in error for view in report.views for error in view.errors)
    advice += review_results(new.files, foreign=new.foreign, asked=asked_for, parsed=parsed)
    advice += [view_result(view, Target.LOCAL) for view in report.views]
    if task.before:
        advice.append(vanished_result(task.before, new.files, task.words))
    return [*counted, *advice], summary(counted)


def _unchecked(task: VerifyInput, new: NewTree) -> tuple[list[CheckResult], str]:
    """Return no verdict on any check, so that a tree which our own checking fails on is published all the same."""
    not_run = [
        CheckResult(check, Target.LOCAL, Verdict.NOT_RUN, task.unchecked) for check in (*task.checks, *task.kept)
    ]
    return [*rules.own_results(new.files), *not_run], f"not checked: {task.unchecked}"


def _report(
    page: PageUnderTest, scripts: Sequence[Check], prose: Prose, barred: bool, seconds: float, ports: Ports
) -> BrowserReport:
    """Have the browser run scripts, rules and probes; without one, or on what may not be opened, each is `not_run`."""
    asked = [*scripts, *prose.rules]
    if ports.browser and not barred:
        if prose.tests:
            return ports.browser.run(page, asked, seconds=seconds, tests=prose.tests)
        return ports.browser.run(page, asked, seconds=seconds)
    why = BARRED if barred else rules.NO_BROWSER
    not_run = [CheckResult(check, Target.LOCAL, Verdict.NOT_RUN, why) for check in (*asked, *prose.probed_checks)]
    return BrowserReport(not_run[: len(asked)], not_run=why, tested=not_run[len(asked) :])


def _warnings(tried: Sequence[Tried], chosen: int) -> tuple[str, ...]:
    """Tell before the evaluator does what the page to be published has lost."""
    found = next(one for one in candidates(tried) if one.attempt == chosen)
    lost = [f"A check of an earlier round does not hold any more: {text}" for text in _earlier_lost(found.results)]
    gone = [r.detail for r in found.results if r.check.text == VANISHED and r.detail]
    return tuple(f"{text[:1].upper()}{text[1:]}"[:1000] for text in (*lost, *gone))


def _earlier_lost(results: Sequence[CheckResult]) -> list[str]:
    return [r.check.text for r in results if r.check.kind in OF_EARLIER and r.verdict is Verdict.FAIL]
