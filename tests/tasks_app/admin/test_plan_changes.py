from __future__ import annotations

from engine.plan.predicates import Exists
from engine.plan.schema import CheckReading, DataAddress, PlannedFile, PlannedTest, RequestPlan
from tasks_app.admin.plan_changes import UNCHANGED, changes

FILE = PlannedFile(path="a.txt", source="write")


def test_equal_plans_differ_in_nothing() -> None:
    plan = RequestPlan(files=(FILE,), notes=("n",))
    assert changes(plan, plan) == UNCHANGED


def test_every_part_is_named() -> None:
    before = RequestPlan(
        files=(FILE, PlannedFile(path="b.txt", source="write")), absent=("x.json",), checks=(CheckReading(number=2),)
    )
    after = RequestPlan(
        files=(PlannedFile(path="a.txt", source="attachment"), PlannedFile(path="c.txt", source="write")),
        data=(DataAddress(url="https://a.example/"),),
        pages="workflow",
        checks=(CheckReading(number=2, why_not="taste"),),
        tests=(PlannedTest(says="it is there", predicates=[Exists()]),),
        notes=("euros are meant",),
    )
    assert changes(before, after) == (
        "files: c.txt added, b.txt removed, a.txt changed; absent: x.json removed; data: https://a.example/ added; "
        "pages: branch became workflow; checks: 2 changed; tests: it is there added; notes: euros are meant added"
    )


def test_a_long_name_is_cut() -> None:
    assert changes(RequestPlan(), RequestPlan(notes=("n" * 500,))) == f"notes: {'n' * 59}… added"
