from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checks.decision import (
    MAX_REPAIRS,
    JudgedAttempt,
    Next,
    Purpose,
    as_js,
    candidates,
    decide,
    only_earlier,
    repairable,
    signature,
    tree_digest,
)
from engine.checks.gates import SECRETS
from engine.checks.review import REVIEW
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict


def result(
    verdict: Verdict, text: str = "a()", kind: Kind = Kind.JS, detail: str = "", value: object = None
) -> CheckOutcome:
    return CheckOutcome(Check(kind, text), Target.LOCAL, verdict, detail, value)


def fails(detail: str = "false (boolean)", kind: Kind = Kind.JS) -> list[CheckOutcome]:
    return [result(Verdict.FAIL, kind=kind, detail=detail)]


HELD = [result(Verdict.PASS)]
BARRED = [result(Verdict.FAIL, SECRETS, Kind.GATE, detail="a.js:1: the value of SECRET")]


def tries(*results: list[CheckOutcome] | None, last: Purpose = Purpose.REPAIR) -> list[JudgedAttempt]:
    """Return a first try and its repairs, each of another tree; None for an answer without files."""
    purposes = [Purpose.GENERATE, *[Purpose.REPAIR] * (len(results) - 2), last][: len(results)]
    return [
        JudgedAttempt(number, purpose, "" if given is None else f"tree {number}", given or (), number - 1 or None)
        for number, (purpose, given) in enumerate(zip(purposes, results, strict=True), 1)
    ]


def decided(tried: list[JudgedAttempt], seconds: float = 60.0) -> tuple[str, int, str]:
    decision = decide(tried, repair_seconds=seconds)
    return decision.next, decision.attempt, decision.reason


def test_a_try_of_which_nothing_fails_is_published() -> None:
    assert decided(tries(HELD)) == (Next.PUBLISH, 1, "nothing is left that a repair could mend")
    assert decided(tries(fails(), HELD))[:2] == (Next.PUBLISH, 2)
    assert decided(tries([]))[0] is Next.PUBLISH


@pytest.mark.parametrize("kind", [Kind.JS, Kind.PROSE, Kind.RULE, Kind.GATE, Kind.EARLIER])
def test_a_first_try_that_fails_is_repaired(kind: Kind) -> None:
    assert decided(tries(fails(kind=kind) + HELD)) == (Next.REPAIR, 1, "1 of its checks fail")


def test_advice_alone_is_published_and_costs_no_call() -> None:
    flawed = result(Verdict.FAIL, REVIEW, Kind.REVIEW, value=["index.html:1: a"])
    advice = [flawed, result(Verdict.FAIL, kind=Kind.SOURCE), result(Verdict.FAIL, kind=Kind.PAGE_LOAD)]
    assert decided(tries([*HELD, *advice])) == (Next.PUBLISH, 1, "nothing is left that a repair could mend")
    assert decided(tries([*fails(), *advice]))[0] is Next.REPAIR


def test_what_is_repaired_at_most_twice_is_published_at_its_best() -> None:
    assert decided(tries(fails("1"), fails("2")))[0] is Next.REPAIR
    three = tries(fails("1"), fails("2") + HELD, fails("3"))
    assert len(three) - 1 == MAX_REPAIRS
    assert decided(three) == (Next.PUBLISH, 2, "1 of its checks fail after 2 repairs")


@pytest.mark.parametrize(
    ("repaired", "clause"),
    [
        (JudgedAttempt(2, Purpose.REPAIR, "tree 2", fails("1"), 1), "the repair fails alike"),
        (JudgedAttempt(2, Purpose.REPAIR, "tree 1", fails("2"), 1), "the repair changed nothing"),
        (JudgedAttempt(2, Purpose.REPAIR, "", (), 1), "the repair gave no usable files"),
    ],
)
def test_a_repair_that_comes_to_no_more_is_followed_by_a_fresh_sample(repaired: JudgedAttempt, clause: str) -> None:
    now, _, reason = decided([*tries(fails("1")), repaired])
    assert (now, reason) == (Next.RESAMPLE, f"1 of its checks fail; {clause}")


def test_a_second_repair_that_fails_like_the_first_try_is_followed_by_a_fresh_sample() -> None:
    assert decided(tries(fails("1"), fails("2"), fails("1")))[0] is Next.RESAMPLE
    assert decided(tries(fails("1"), None, fails("2")))[0] is Next.PUBLISH


def test_only_a_repair_is_compared_with_the_attempt_before() -> None:
    assert decided(tries(fails("1"), fails("1"), last=Purpose.GENERATE))[0] is Next.REPAIR


@pytest.mark.parametrize("last", [fails("1"), fails("2"), None])
def test_after_a_fresh_sample_the_best_is_published(last: list[CheckOutcome] | None) -> None:
    now, attempt, reason = decided(tries(fails("1") + HELD, fails("1"), last, last=Purpose.RESAMPLE))
    assert (now, attempt, reason) == (Next.PUBLISH, 1, "1 of its checks fail; a fresh sample was tried")


def test_a_repair_and_a_fresh_sample_are_cut_when_no_seconds_are_left() -> None:
    assert decided(tries(fails()), 0.0) == (
        Next.PUBLISH,
        1,
        "1 of its checks fail; repair was cut: its share of the deadline is over",
    )
    assert "; resample was cut: " in decided(tries(fails(), fails()), 0.0)[2]
    assert "cut" not in decided(tries(HELD), 0.0)[2]


def test_failures_of_earlier_rounds_alone_are_repaired_once() -> None:
    earlier = [fails(str(number), Kind.EARLIER) for number in range(2)]
    assert decided(tries(earlier[0]))[0] is Next.REPAIR
    now, _, reason = decided(tries(*earlier))
    assert (now, reason) == (
        Next.PUBLISH,
        "1 of its checks fail, all of them of earlier rounds: the brief may ask for that",
    )
    assert decided(tries(earlier[0] + fails(), earlier[1] + fails("2")))[0] is Next.REPAIR


def test_a_barred_tree_is_repaired_first_and_never_published() -> None:
    assert decided(tries(BARRED))[0] is Next.REPAIR
    assert decided(tries(BARRED), 0.0) == (Next.FALLBACK, 1, "a.js:1: the value of SECRET")
    resampled = tries(BARRED, BARRED, BARRED, last=Purpose.RESAMPLE)
    assert decided(resampled)[0] is Next.FALLBACK
    assert decided(tries(BARRED + HELD, fails()), 0.0)[:2] == (Next.PUBLISH, 2)


def test_the_fallback_page_is_published_though_checks_fail() -> None:
    fallback = JudgedAttempt(2, Purpose.FALLBACK, "tree 2", fails())
    assert decided([*tries(BARRED), fallback]) == (Next.PUBLISH, 2, "it is the fallback page")


def test_a_better_page_changes_only_what_says_something_about_it() -> None:
    wrong = [result(v, kind=k) for v in (Verdict.FAIL, Verdict.ERROR, Verdict.TIMEOUT) for k in (Kind.JS, Kind.GATE)]
    others = {
        Verdict.PASS,
        Verdict.NOT_RUN,
        Verdict.INVALID,
        Verdict.VACUOUS,
        Verdict.UNVERIFIABLE,
        Verdict.INCONCLUSIVE,
    }
    advice = [*fails(kind=Kind.SOURCE), *fails(kind=Kind.PAGE_LOAD), *fails(kind=Kind.REVIEW)]
    assert repairable([*wrong, *advice, *[result(v) for v in others]]) == wrong


def test_only_earlier_says_whether_all_that_fails_is_of_earlier_rounds() -> None:
    assert only_earlier(fails(kind=Kind.EARLIER))
    assert not only_earlier(fails(kind=Kind.EARLIER) + fails())


def test_a_check_of_an_earlier_round_is_an_expression_and_others_stay() -> None:
    assert as_js(Check(Kind.EARLIER, "a()")) == Check(Kind.JS, "a()")
    assert as_js(Check(Kind.PROSE, "a")) == Check(Kind.PROSE, "a")


def test_tries_without_a_tree_are_no_candidates_and_a_repair_knows_what_held_before() -> None:
    found = candidates(tries(HELD, None, fails()))
    assert [(one.attempt, one.order) for one in found] == [(1, 1), (3, 3)]
    repaired = candidates(tries(HELD, fails()))[1]
    assert (repaired.before, repaired.regressions()) == (HELD, ["a()"])


@given(st.permutations([*fails("1"), *fails("2", Kind.RULE), *HELD, *fails("3", Kind.PAGE_LOAD)]))
def test_the_order_of_results_is_nothing_to_fail_alike(results: list[CheckOutcome]) -> None:
    assert signature(results) == signature([*fails("2", Kind.RULE), *fails("1")])


def test_another_verdict_detail_value_or_check_is_another_failure() -> None:
    [one] = fails()
    others = [
        replace(one, verdict=Verdict.ERROR),
        replace(one, detail="0 (number)"),
        replace(one, value=float("nan")),
        replace(one, check=Check(Kind.JS, "b()")),
    ]
    assert len({signature([each]) for each in [one, *others]}) == 5
    assert signature(HELD) == signature([]) == ""


@given(st.dictionaries(st.text(), st.binary(), max_size=4))
def test_a_trees_digest_is_of_its_paths_and_contents_in_any_order(files: dict[str, bytes]) -> None:
    assert tree_digest(files) == tree_digest(dict(reversed(files.items())))
    assert tree_digest(files) != tree_digest({**files, "one more": b""} if "one more" not in files else {})
    for path in files:
        assert tree_digest(files) != tree_digest({**files, path: files[path] + b"x"})
