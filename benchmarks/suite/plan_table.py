"""What share of the facts plans state, by whom they were made, beside what the deleted rules stated of the same
requests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from benchmarks.suite.plan_facts import in_words
from benchmarks.suite.plan_requests import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.suite.plan_requests import SuiteRequest
    from engine.plan.schema import RequestPlan

_COLUMNS = (
    "by",
    "requests",
    "valid at once",
    "after the reminder",
    "in part",
    "never",
    "facts",
    "not English",
    "deleted rules, same requests",
)


class Valid(StrEnum):
    """When an answer was a plan in which nothing was malformed; `in part`: even after the reminder something was, and
    the rest was taken."""

    AT_ONCE = "at once"
    REMINDED = "after the reminder"
    IN_PART = "in part"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Share:
    """How many facts of how many are right."""

    right: int
    of: int

    def __str__(self) -> str:
        return f"{self.right} of {self.of}, {100 * self.right / self.of:.0f} %" if self.of else ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One request's plan: when it was valid, and whether each fact is right of it. Without a plan none is."""

    request: SuiteRequest
    valid: Valid
    right: tuple[bool, ...]


def judged(request: SuiteRequest, plan: RequestPlan | None, valid: Valid) -> Judged:
    """Judge a plan by the request's facts."""
    return Judged(request, valid, tuple(plan is not None and fact.holds(plan) for fact in request.facts))


def old_rules() -> dict[str, tuple[bool, ...]]:
    """Return what the deleted rules stated, by request: whether each fact was right of it."""
    plain: Mapping[str, str] = json.loads((FOLDER / "old_rules.json").read_text())["requests"]
    return {name: tuple(one == "+" for one in said) for name, said in plain.items()}


def table(
    by: Mapping[str, Sequence[Judged]], requests: Sequence[SuiteRequest], old: Mapping[str, tuple[bool, ...]]
) -> str:
    """Return the shares as a Markdown table: a line for the deleted rules on all requests, then one for each model."""
    rules = [Judged(one, Valid.NEVER, old[one.name]) for one in requests]
    lines = [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    lines.append(_line(["the deleted rules", len(rules), "", "", "", "", _share(rules), _share(_foreign(rules)), ""]))
    for name, found in by.items():
        counts = [sum(one.valid is valid for one in found) for valid in Valid]
        same = [Judged(one.request, one.valid, old[one.request.name]) for one in found]
        lines.append(_line([name, len(found), *counts, _share(found), _share(_foreign(found)), _share(same)]))
    return "\n".join(lines)


def details(name: str, found: Sequence[Judged]) -> str:
    """Return each plan's share, and the facts that it gets wrong."""
    return "\n".join(line for one in found for line in _details(name, one))


def _details(name: str, one: Judged) -> Iterator[str]:
    yield f"{name}, {one.request.name} ({one.request.language}): {_share([one])}; valid {one.valid}"
    for fact, right in zip(one.request.facts, one.right, strict=True):
        if not right:
            yield f"  wrong: {in_words(fact)}"


def _share(found: Sequence[Judged]) -> Share:
    return Share(sum(sum(one.right) for one in found), sum(len(one.right) for one in found))


def _foreign(found: Sequence[Judged]) -> list[Judged]:
    return [one for one in found if one.request.language != "English"]


def _line(cells: Iterator[object] | Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
