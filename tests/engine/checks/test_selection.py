from __future__ import annotations

from engine.checks.review import REVIEW
from engine.checks.selection import Candidate, best
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.site.computed import BUILD_SCRIPT, NO_SCRIPT


def candidate(attempt: int, *, rules: int, passed: int, failed: int = 0) -> Candidate:
    def results(kind: Kind, verdict: Verdict, count: int) -> list[CheckOutcome]:
        return [CheckOutcome(Check(kind, str(n)), Target.LOCAL, verdict) for n in range(count)]

    given = (
        results(Kind.RULE, Verdict.PASS, rules)
        + results(Kind.JS, Verdict.PASS, passed)
        + results(Kind.JS, Verdict.FAIL, failed)
    )
    return Candidate(attempt, attempt, given)


def test_our_own_rules_come_first_then_the_requests_checks_then_the_earlier_attempt() -> None:
    assert best([candidate(1, rules=3, passed=1), candidate(2, rules=2, passed=9)]).attempt == 1
    assert best([candidate(1, rules=3, passed=2), candidate(2, rules=3, passed=1, failed=1)]).attempt == 1
    assert best([candidate(1, rules=3, passed=2), candidate(2, rules=3, passed=2)]).attempt == 1


def test_what_was_not_run_is_no_pass() -> None:
    not_run = Candidate(2, 2, [CheckOutcome(Check(Kind.JS, "x"), Target.LOCAL, Verdict.NOT_RUN)])
    assert best([candidate(1, rules=0, passed=1), not_run]).attempt == 1


def reviewed(attempt: int, defects: int, *, passed: int = 1) -> Candidate:
    found = [f"index.html:{n}: x" for n in range(defects)]
    verdict = Verdict.FAIL if defects else Verdict.PASS
    review = CheckOutcome(Check(Kind.REVIEW, REVIEW), Target.LOCAL, verdict, value=found)
    return Candidate(attempt, attempt, [*candidate(attempt, rules=3, passed=passed).results, review])


def test_of_two_with_the_same_checks_the_one_with_fewer_errors_in_its_source_is_better() -> None:
    assert best([reviewed(1, 3), reviewed(2, 1)]).attempt == 2
    assert best([reviewed(1, 1), reviewed(2, 3)]).attempt == 1
    assert best([reviewed(1, 1), reviewed(2, 1)]).attempt == 1


def test_a_clean_source_never_outweighs_a_check() -> None:
    assert best([reviewed(1, 9, passed=2), reviewed(2, 0, passed=1)]).attempt == 1


def with_tests(attempt: int, *, passed: int, tests: int, kind: Kind = Kind.TEST) -> Candidate:
    results = [CheckOutcome(Check(kind, str(n)), Target.LOCAL, Verdict.PASS) for n in range(tests)]
    return Candidate(attempt, attempt, [*candidate(attempt, rules=3, passed=passed).results, *results])


def test_the_plans_own_tests_never_outweigh_a_check_of_the_request() -> None:
    assert best([with_tests(1, passed=2, tests=0), with_tests(2, passed=1, tests=9)]).attempt == 1
    assert best([with_tests(1, passed=2, tests=0), with_tests(2, passed=2, tests=1)]).attempt == 2


def test_a_build_script_that_runs_never_outweighs_a_check_of_the_request() -> None:
    def ran(attempt: int, passed: int, scripts: int) -> Candidate:
        return with_tests(attempt, passed=passed, tests=scripts, kind=Kind.COMPUTED)

    assert best([ran(1, passed=2, scripts=0), ran(2, passed=1, scripts=1)]).attempt == 1
    assert best([ran(1, passed=2, scripts=0), ran(2, passed=2, scripts=1)]).attempt == 2


def test_of_two_whose_build_script_fails_the_later_one_is_better() -> None:
    def failed(attempt: int, detail: str) -> Candidate:
        script = CheckOutcome(Check(Kind.COMPUTED, "runs"), Target.LOCAL, Verdict.FAIL, detail)
        return Candidate(attempt, attempt, [*candidate(attempt, rules=3, passed=1).results, script])

    assert best([failed(1, "tools/build.js:6: Error: a"), failed(2, "tools/build.js:9: Error: b")]).attempt == 2
    # One whose script ran is still better than a later one with as much that passes.
    assert best([with_tests(1, passed=1, tests=0), failed(2, "tools/build.js:9: Error: b")]).attempt == 1
    assert best([failed(1, "x"), failed(2, "y"), candidate(3, rules=3, passed=2)]).attempt == 3


def test_a_build_script_that_fails_is_better_than_one_that_is_not_there() -> None:
    def wrong(attempt: int, detail: str) -> Candidate:
        script = CheckOutcome(Check(Kind.COMPUTED, "runs"), Target.LOCAL, Verdict.FAIL, detail)
        return Candidate(attempt, attempt, [script])

    throws, lacks = f"{BUILD_SCRIPT}:1: Error: no rows", f"{NO_SCRIPT}, which is to compute a.json"
    assert best([wrong(1, throws), wrong(2, lacks)]).attempt == 1
    assert best([wrong(1, lacks), wrong(2, throws)]).attempt == 2
