from __future__ import annotations

import pytest

from engine.domain.browser_report import BrowserReport, PageView
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict, parse_check
from engine.plan.deciding.evidence import Evidence
from engine.plan.schema import RequestPlan
from engine.plan.verdicts import NO_PLAN, EarlierPlan, PlanVerdicts, regression_results, shortfalls

PAGE = b"<!DOCTYPE html><title>T</title><a href='about.md'>about</a>"
FILES = {"index.html": PAGE, "about.md": b"calm quick kind\n", "uid.txt": b"42"}
LOOK = {"kind": "page", "expression": "document.querySelector('#total') !== null"}
WORDS = "about.md three words #total"


def plan_of(**parts: object) -> RequestPlan:
    return RequestPlan.model_validate(parts)


def verdicts(plan: RequestPlan | None, *checks: str, files=FILES, earlier=(), words=WORDS) -> PlanVerdicts:
    parsed = tuple(map(parse_check, checks))
    return PlanVerdicts(plan, parsed, Evidence(files, {"uid.txt": b"42"}, {}), words=words, earlier=earlier)


def report(*tested: Verdict, detail: str = "seen", views=()) -> BrowserReport:
    results = [CheckOutcome(Check(Kind.JS, "e"), Target.LOCAL, verdict, detail) for verdict in tested]
    return BrowserReport([], views, tested=results)


def test_a_sentence_holds_if_all_of_its_predicates_hold_and_names_them():
    reading = {
        "number": 1,
        "predicates": [
            {"kind": "words", "path": "about.md", "min": 3, "max": 3},
            {"kind": "exists", "path": "uid.txt"},
        ],
    }
    result = verdicts(plan_of(checks=[reading]), "about.md has three words").sentences(report())[0]
    assert result.verdict is Verdict.PASS
    assert [one.verdict for one in result.predicates] == [Verdict.PASS, Verdict.PASS]
    assert "about.md" in result.predicates[0].says


def test_one_predicate_that_fails_fails_the_sentence_and_says_what_was_seen():
    reading = {
        "number": 1,
        "predicates": [{"kind": "words", "path": "about.md", "min": 9}, {"kind": "exists", "path": "uid.txt"}],
    }
    result = verdicts(plan_of(checks=[reading]), "s").sentences(report())[0]
    assert result.verdict is Verdict.FAIL
    assert "6 too few" in result.detail
    assert "uid.txt" not in result.detail


@pytest.mark.parametrize(
    ("tested", "verdict"),
    [
        (Verdict.PASS, Verdict.PASS), (Verdict.FAIL, Verdict.FAIL), (Verdict.VACUOUS, Verdict.VACUOUS),
        (Verdict.ERROR, Verdict.INCONCLUSIVE),
        (Verdict.TIMEOUT, Verdict.INCONCLUSIVE), (Verdict.INVALID, Verdict.UNVERIFIABLE),
        (Verdict.NOT_RUN, Verdict.NOT_RUN),
    ],
)  # fmt: skip
def test_what_a_page_test_gave_is_the_sentences_verdict(tested, verdict):
    found = verdicts(plan_of(checks=[{"number": 1, "predicates": [LOOK]}]), "#total is there")
    assert len(found.tests) == 1
    assert found.sentences(report(tested))[0].verdict is verdict


def test_a_failing_test_that_names_what_the_request_does_not_is_inconclusive():
    plan = plan_of(checks=[{"number": 1, "predicates": [LOOK]}])
    result = verdicts(plan, "a sum is shown", words="a sum is shown").sentences(report(Verdict.FAIL))[0]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "total" in result.detail


def test_one_test_that_stands_twice_is_run_once():
    plan = plan_of(checks=[{"number": 1, "predicates": [LOOK]}], tests=[{"says": "again", "predicates": [LOOK]}])
    found = verdicts(plan, "s")
    assert len(found.tests) == 1
    assert [
        one.verdict for one in (found.sentences(report(Verdict.PASS))[0], *found.own_tests(report(Verdict.PASS)))
    ] == [Verdict.PASS] * 2


def test_without_a_browser_what_needs_one_is_not_run_and_the_rest_is_decided():
    plan = plan_of(
        checks=[
            {"number": 1, "predicates": [LOOK]},
            {"number": 2, "predicates": [{"kind": "exists", "path": "uid.txt"}]},
            {"number": 3, "predicates": [{"kind": "opens_without_errors"}]},
        ]
    )
    found = verdicts(plan, "a", "b", "c").sentences(BrowserReport([], not_run="no browser"))
    assert [found[at].verdict for at in range(3)] == [Verdict.NOT_RUN, Verdict.PASS, Verdict.NOT_RUN]


@pytest.mark.parametrize(
    ("plan", "why"),
    [(None, NO_PLAN), (plan_of(checks=[{"number": 1, "why_not": "a matter of taste"}]), "a matter of taste")],
)
def test_what_nothing_decides_is_unverifiable_and_says_why(plan, why):
    result = verdicts(plan, "It is pretty").sentences(report())[0]
    assert result.verdict is Verdict.UNVERIFIABLE
    assert why in result.detail


def test_errors_at_opening_fail_unless_something_was_out_of_reach():
    plan = plan_of(checks=[{"number": 1, "predicates": [{"kind": "opens_without_errors"}]}])

    def verdict(**seen: object) -> Verdict:
        view = PageView(1280, True, b"", **{"console": (), "errors": (), "failed": (), "hosts": {}, **seen})
        return verdicts(plan, "no errors").sentences(report(views=[view]))[0].verdict

    assert verdict() is Verdict.PASS
    assert verdict(errors=("x is not defined",)) is Verdict.FAIL
    assert verdict(console=("error: x",)) is Verdict.FAIL
    assert verdict(errors=("x",), failed=("cdn.example: no route",)) is Verdict.INCONCLUSIVE


def results(*files: dict[str, object], tree=FILES, **parts: object) -> dict[str, Verdict]:
    found = verdicts(plan_of(files=list(files), **parts), files=tree).files()
    return {one.check.text: one.verdict for one in found}


def test_a_files_source_says_what_is_checked_of_it():
    found = results(
        {"path": "uid.txt", "source": "attachment"},
        {"path": "about.md", "source": "write"},
        {"path": "index.html", "source": "write"},
        {"path": "r.json", "source": "workflow_output"},
    )
    assert list(found.values()) == [Verdict.PASS] * 3
    assert not any(text.startswith("index.html") for text in found), "the repository's own rules decide that"


def test_a_changed_attachment_must_differ():
    assert Verdict.FAIL in results({"path": "uid.txt", "source": "changed", "origin": "uid.txt"}).values()
    changed = results({"path": "uid.txt", "source": "changed", "origin": "uid.txt"}, tree={**FILES, "uid.txt": b"43"})
    assert set(changed.values()) == {Verdict.PASS}


def test_a_present_file_that_is_changed_must_be_there():
    found = results({"path": "about.md", "source": "changed", "origin": "about.md"})
    assert found == {"about.md: is there and is not empty": Verdict.PASS}


def test_a_missing_file_is_one_failure_and_what_a_model_cannot_make_is_none():
    words = {"kind": "words", "min": 3}
    assert list(results({"path": "gone.md", "source": "write", "predicates": [words]}).values()) == [Verdict.FAIL]
    assert list(results({"path": "photo.png", "source": "write"}).values()) == [Verdict.UNVERIFIABLE]
    assert list(results({"path": "book.csv", "source": "converted", "origin": "b.xlsx"}).values()) == [
        Verdict.UNVERIFIABLE
    ]


def test_what_must_not_be_there_fails_where_it_is():
    found = results(absent=["about.md", "x.json"])
    assert sorted(found.values()) == sorted([Verdict.FAIL, Verdict.PASS])


def test_missing_files_are_the_shortfalls_of_a_tree():
    found = verdicts(
        plan_of(files=[{"path": "gone.md", "source": "write"}, {"path": "about.md", "source": "write"}])
    ).files()
    assert shortfalls(found) == ["Files that are asked for are missing or empty: gone.md"]


EARLIER = EarlierPlan(
    plan_of(
        files=[
            {
                "path": "about.md",
                "source": "write",
                "predicates": [{"kind": "words", "path": "about.md", "min": 3, "max": 3}],
            },
            {"path": "old.txt", "source": "write"},
        ],
        checks=[
            {"number": 1, "predicates": [{"kind": "exists", "path": "uid.txt"}]},
            {"number": 2, "predicates": [LOOK]},
        ],
    ),
    (parse_check("uid.txt is there"), parse_check("the total is shown")),
    frozenset({"uid.txt is there", "the total is shown"}),
)


def lasting(plan: RequestPlan | None, now: dict[str, bytes], before=FILES) -> dict[str, Verdict]:
    found = regression_results([EARLIER], plan, Evidence(before, {}, {}), Evidence(now, {}, {}))
    return {one.check.text: one.verdict for one in found}


def test_what_held_before_must_hold_still():
    found = lasting(plan_of(), {**FILES, "about.md": b"one"})
    assert Verdict.FAIL in found.values()
    assert not any("old.txt" in text for text in found), "it did not hold before"


def test_what_the_present_plan_speaks_of_is_its_own_to_change():
    replaced = plan_of(files=[{"path": "about.md", "source": "changed"}], absent=["uid.txt"])
    assert lasting(replaced, {"index.html": PAGE}) == {}


def test_a_sentence_that_held_by_a_page_test_is_tested_again_unless_it_is_requested_again():
    found = verdicts(plan_of(), earlier=[EARLIER])
    assert [one.check.text for one in found.earlier_sentences(report(Verdict.FAIL))] == ["the total is shown"]
    assert found.earlier_sentences(report(Verdict.FAIL))[0].check.kind is Kind.REGRESSION
    assert verdicts(plan_of(), "the total is shown", earlier=[EARLIER]).earlier_sentences(report()) == []
