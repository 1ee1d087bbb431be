"""The table of shares: what models' plans state of the facts, beside the deleted rules."""

from __future__ import annotations

from benchmarks.suite.plan_requests import load_requests
from benchmarks.suite.plan_table import Judged, Share, Valid, details, judged, old_rules, table
from engine.plan.schema import RequestPlan

REQUESTS = load_requests()


def test_every_plan_of_nothing_is_wrong_in_nearly_everything() -> None:
    found = [judged(one, RequestPlan(), Valid.AT_ONCE) for one in REQUESTS]
    assert sum(sum(one.right) for one in found) * 20 < sum(len(one.right) for one in found)


def test_without_a_plan_nothing_is_right() -> None:
    assert not any(any(judged(one, None, Valid.NEVER).right) for one in REQUESTS)


def test_of_the_deleted_rules_each_fact_is_known() -> None:
    assert {name: len(said) for name, said in old_rules().items()} == {one.name: len(one.facts) for one in REQUESTS}


def test_the_table_sets_each_model_beside_the_deleted_rules_on_the_same_requests() -> None:
    english = next(one for one in REQUESTS if one.name == "tip-splitter")
    german = next(one for one in REQUESTS if one.name == "de-vereinskasse")
    old = {english.name: (True, False, False, False), german.name: (True,) * 3 + (False,) * 6}
    by = {
        "strong": [
            Judged(english, Valid.AT_ONCE, (True,) * 4),
            Judged(german, Valid.REMINDED, (True,) * 8 + (False,)),
        ],
        "weak": [Judged(english, Valid.IN_PART, (True, True, False, False))],
        "mute": [Judged(german, Valid.NEVER, (False,) * 9)],
    }
    assert table(by, [english, german], old).splitlines()[2:] == [
        "| the deleted rules | 2 |  |  |  |  | 4 of 13, 31 % | 3 of 9, 33 % |  |",
        "| strong | 2 | 1 | 1 | 0 | 0 | 12 of 13, 92 % | 8 of 9, 89 % | 4 of 13, 31 % |",
        "| weak | 1 | 0 | 0 | 1 | 0 | 2 of 4, 50 % |  | 1 of 4, 25 % |",
        "| mute | 1 | 0 | 0 | 0 | 1 | 0 of 9, 0 % | 0 of 9, 0 % | 3 of 9, 33 % |",
    ]
    assert str(Share(0, 0)) == ""


def test_the_details_name_what_is_wrong() -> None:
    request = next(one for one in REQUESTS if one.name == "tip-splitter")
    told = details("weak", [Judged(request, Valid.IN_PART, (True, True, True, False))])
    assert told == (
        "weak, tip-splitter (English): 3 of 4, 75 %; valid in part\n"
        '  wrong: {"test_mentions": ["tip"], "steps": ["fill", "reload"]}'
    )
