"""The differences between two plans, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.plan.schema import CheckReading, DataAddress, PlannedFile, PlannedTest, RequestPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

UNCHANGED = "nothing in it changed"
_LONGEST_NAME = 60


def changes(before: RequestPlan, after: RequestPlan) -> str:
    """Return the names of the added, removed and changed parts of a plan."""
    parts = [
        f"{name}: {', '.join(part_changes)}"
        for name in RequestPlan.model_fields
        if (part_changes := list(_changes(before, after, name)))
    ]
    return "; ".join(parts) or UNCHANGED


def _changes(before: RequestPlan, after: RequestPlan, name: str) -> Iterator[str]:
    old, new = getattr(before, name), getattr(after, name)
    if isinstance(new, str):
        if old != new:
            yield f"{old} became {new}"
        return
    before_items, after_items = ({_name(one): one for one in values} for values in (old, new))
    yield from (f"{one} added" for one in after_items if one not in before_items)
    yield from (f"{one} removed" for one in before_items if one not in after_items)
    yield from (
        f"{one} changed" for one in after_items if one in before_items and after_items[one] != before_items[one]
    )


def _name(one: object) -> str:
    match one:
        case PlannedFile(path=name) | DataAddress(url=name) | PlannedTest(says=name):
            pass
        case CheckReading(number=number):
            name = str(number)
        case _:
            name = str(one)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
