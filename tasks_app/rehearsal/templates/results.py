"""How `${result}` and the other values of a template are computed from its generated files."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tasks_app.rehearsal.templates.generated import GeneratedFile, StrictModel, Value, rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks_app.rehearsal.templates.draws import SeededDraws

OF_TEXT = frozenset({"words", "lines"})
OF_NUMBERS = frozenset({"sum", "mean", "min", "max", "top", "totals"})
OF_GROUPS = frozenset({"top", "totals"})
OF_ROWS = frozenset({"count"})


class ResultRule(StrictModel):
    """A value that follows from a generated file; docs/rehearsing.md has the vocabulary."""

    compute: Literal[
        "sum", "mean", "min", "max", "count", "distinct", "value", "pick", "top", "totals", "list", "words", "lines"
    ]
    of: str  # an attachment's name
    sheet: str = ""  # the first
    column: str = ""
    by: str = ""  # the column whose values are the groups
    where: Annotated[dict[str, str | int], Field(max_length=1)] = {}

    def needs(self) -> tuple[str, ...]:
        """Return which of `column` and `by` must be given; the others must not."""
        if self.compute in OF_TEXT | OF_ROWS:
            return ()
        return ("column", "by") if self.compute in OF_GROUPS else ("column",)


def table_of(rule: ResultRule, file: GeneratedFile) -> Mapping[str, Sequence[Value]]:
    """Return the columns of the rule's sheet. Raises KeyError if there is no such sheet."""
    return file.tables[rule.sheet or next(iter(file.tables))]


def computed(rule: ResultRule, file: GeneratedFile, values: Mapping[str, str], draws: SeededDraws) -> str:
    """Return a value as text. `values` are those that `where` may name as `${name}`."""
    if rule.compute in OF_TEXT:
        text = file.text or ""
        return str(len(text.split()) if rule.compute == "words" else len(text.splitlines()))
    table = _selected(table_of(rule, file), rule, values)
    if rule.compute == "count":
        return str(len(next(iter(table.values()))))
    return _of_column(rule, table, draws)


def _of_column(rule: ResultRule, table: Mapping[str, Sequence[Value]], draws: SeededDraws) -> str:
    column = table[rule.column]
    match rule.compute:
        case "distinct":
            return str(len(set(column)))
        case "value":
            return as_text(column[0])
        case "pick":
            return as_text(draws.one_of(column))
        case "list":
            return json.dumps(list(column), default=float)
        case "top" | "totals":
            return _of_groups(rule, table)
        case _:
            return as_text(_of_numbers(rule.compute, _numbers(column)))


def _of_groups(rule: ResultRule, table: Mapping[str, Sequence[Value]]) -> str:
    sums: dict[str, int | Decimal] = {}
    for group, number in zip(table[rule.by], _numbers(table[rule.column]), strict=True):
        sums[as_text(group)] = sums.get(as_text(group), 0) + number
    if rule.compute == "top":
        return max(sums, key=lambda group: sums[group])
    return json.dumps(sums, default=float)


def _of_numbers(compute: str, numbers: Sequence[int | Decimal]) -> int | Decimal:
    match compute:
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case "mean":
            return rounded(Decimal(sum(numbers)) / len(numbers))
        case _:
            return sum(numbers)


def _selected(
    table: Mapping[str, Sequence[Value]], rule: ResultRule, values: Mapping[str, str]
) -> Mapping[str, Sequence[Value]]:
    for name, wanted in rule.where.items():
        text = values[named] if (named := named_value(wanted)) else str(wanted)
        rows = [at for at, value in enumerate(table[name]) if as_text(value) == text]
        return {one: [column[at] for at in rows] for one, column in table.items()}
    return table


def named_value(wanted: str | int) -> str:
    """Return `name` of a `where` that is `${name}`, "" of any other."""
    text = str(wanted)
    return text[2:-1] if text.startswith("${") and text.endswith("}") else ""


def _numbers(column: Sequence[Value]) -> list[int | Decimal]:
    return [value for value in column if not isinstance(value, str)]


def as_text(value: Value) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
