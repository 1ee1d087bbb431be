"""How the sentences among a request's checks are decided: on the files, by an expression of ours in the browser, by a frozen probe, or not at all.

Only what was really decided is a pass or a failure, and the detail says by what.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.core import rules
from engine.core.checks import Check, CheckResult, Kind, Target, Verdict
from engine.core.page_sentences import is_about_errors, page_expression
from engine.core.page_tests import PageAction, page_test
from engine.core.probes import Asked, guesses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.page_tests import PageTest
    from engine.core.probes import Probe
    from engine.ports import BrowserReport, PageView

#: What a rule's or a probe's expression came to where it did not end as it should: the fault may be its own.
_BROKEN = frozenset({Verdict.ERROR, Verdict.TIMEOUT})


def undecided(checks: Sequence[Check]) -> tuple[Asked, ...]:
    """Return the sentences that no rule decides, whatever the files are."""
    return tuple(
        Asked(at, check.text) for at, check in enumerate(checks) if check.kind is Kind.PROSE and not _by_rule(check)
    )


class Prose:
    """The sentences of a request on one tree. `rules` are expressions for the browser, `tests` those of the probes, which are run after them."""

    def __init__(
        self,
        checks: Sequence[Check],
        probes: Sequence[Probe],
        files: Mapping[str, bytes],
        words: str,
        attachments: Mapping[str, bytes] | None = None,
    ) -> None:
        self._checks = checks
        self._words = "\n".join([words, *(check.text for check in checks)])
        self._static = {
            at: rules.static_result(c, files, attachments) for at, c in enumerate(checks) if c.kind is not Kind.JS
        }
        open_ = [
            at for at, r in self._static.items() if r.check.kind is Kind.PROSE and r.verdict is Verdict.UNVERIFIABLE
        ]
        found = {at: expression for at in open_ if (expression := page_expression(checks[at].text))}
        self._errors = [at for at in open_ if is_about_errors(checks[at].text)]
        self._ruled = list(found)
        self.rules = [Check(Kind.RULE, expression) for expression in found.values()]
        left = set(open_) - {*found, *self._errors}
        frozen = [one for one in probes if one.position in left and one.text == checks[one.position].text]
        self._unprobed = {one.position: one.why_not for one in frozen if not one.expression}
        self.probes = [one for one in frozen if one.expression]
        self.tests = [_page_test(one, words) for one in self.probes]

    @property
    def probed_checks(self) -> list[Check]:
        """Return the checks that have a probe, in the probes' order."""
        return [self._checks[probe.position] for probe in self.probes]

    def results(self, report: BrowserReport, ruled: Sequence[CheckResult]) -> Mapping[int, CheckResult]:
        """Return a result for each check that is no expression itself, by its place; `ruled` are those of `rules`."""
        found = dict(self._static)
        for at, why in self._unprobed.items():
            found[at] = replace(found[at], detail=why)
        for at, result in zip(self._ruled, ruled, strict=False):
            found[at] = _ruled(self._checks[at], result)
        for at in self._errors:
            found[at] = _errors(self._checks[at], report)
        for probe, result in zip(self.probes, report.tested, strict=False):
            found[probe.position] = probed(self._checks[probe.position], probe, result, self._words)
        return found


def probed(check: Check, probe: Probe, result: CheckResult, words: str) -> CheckResult:
    """Return what a probe says of its sentence: it may hold or not; where the probe may be wrong itself, nothing is known."""
    verdict, detail = result.verdict, result.detail
    if verdict in _BROKEN:
        verdict, detail = Verdict.INCONCLUSIVE, f"it came to no value: {detail}"
    elif verdict is Verdict.INVALID:
        verdict, detail = Verdict.UNVERIFIABLE, f"it is no JavaScript: {detail}"
    elif verdict is Verdict.FAIL and (guessed := guesses(probe, words)):
        named = ", ".join(guessed[:5])
        verdict, detail = Verdict.INCONCLUSIVE, f"{detail}; but it names what brief and checks do not: {named}"
    said = f"by a probe: {detail or verdict}; the probe: {probe}"
    return replace(result, check=check, verdict=verdict, detail=said[:2000])


def _page_test(probe: Probe, words: str) -> PageTest:
    return page_test(
        [PageAction(one.verb.value, one.selector, one.value) for one in probe.steps], probe.expression, words
    )


def _by_rule(check: Check) -> bool:
    static = rules.static_result(check, {})
    return (
        static.verdict is not Verdict.UNVERIFIABLE or bool(page_expression(check.text)) or is_about_errors(check.text)
    )


def _ruled(check: Check, result: CheckResult) -> CheckResult:
    """Return a rule's result for its sentence. The rule throws where the page leaves it open whether the sentence holds."""
    verdict = Verdict.INCONCLUSIVE if result.verdict is Verdict.ERROR else result.verdict
    return replace(result, check=check, verdict=verdict, detail=f"by our rule: {result.detail}")


def _errors(check: Check, report: BrowserReport) -> CheckResult:
    """Decide by how the page opened, at every width that it was opened at."""
    if report.not_run or not report.views:
        return CheckResult(check, Target.LOCAL, Verdict.NOT_RUN, report.not_run or "the page was not opened")
    said = [line for view in report.views for line in _said(view)]
    missing = [line for view in report.views for line in view.failed]
    if said:
        verdict = Verdict.INCONCLUSIVE if missing else Verdict.FAIL
        return CheckResult(check, Target.LOCAL, verdict, f"by our rule: {'; '.join([*said, *missing])}"[:2000])
    if missing:
        return CheckResult(check, Target.LOCAL, Verdict.INCONCLUSIVE, f"by our rule: {'; '.join(missing)}"[:2000])
    return CheckResult(check, Target.LOCAL, Verdict.PASS, "by our rule: the page opened without errors")


def _said(view: PageView) -> list[str]:
    loaded = [] if view.loaded else ["the page did not load"]
    return [*loaded, *view.errors, *(line for line in view.console if line.startswith("error:"))]
