"""The columns of generated tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from tasks_app.rehearsal.templates.generated import StrictModel, Value
from tasks_app.rehearsal.templates.words import CITIES, PERSONS, PRODUCTS, REGIONS, WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks_app.rehearsal.templates.draws import SeededDraws

Values = Literal["id", "product", "region", "city", "person", "word", "sentence", "choice", "integer", "money", "date"]

LISTS = {"product": PRODUCTS, "region": REGIONS, "city": CITIES, "person": PERSONS, "word": WORDS}
RANGES: dict[str, tuple[int | float | str, int | float | str]] = {
    "integer": (1, 100),
    "money": (10, 999.99),
    "date": ("2025-01-01", "2025-12-31"),
}
NUMERIC = frozenset({"id", "integer", "money"})


class SeededColumn(StrictModel):
    """The values of one column. `of` is for choices only; `from` and `to` are for whole numbers, money and dates."""

    values: Values
    of: Annotated[tuple[str, ...] | None, Field(strict=False)] = None
    low: Any = Field(default=None, alias="from")  # what it may be depends on `values`
    high: Any = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _consistent(self) -> SeededColumn:
        if (self.values == "choice") != bool(self.of):
            raise PydanticCustomError("column", "`of: [...]` names the choices of `values: choice`, and of no other")
        if self.values not in RANGES:
            if self.low is not None or self.high is not None:
                raise PydanticCustomError("column", f"`from` and `to` are for {', '.join(RANGES)}")
            return self
        try:
            low, high = self.bounds()
        except (ValueError, ArithmeticError, TypeError):
            kind = "dates as YYYY-MM-DD" if self.values == "date" else "numbers"
            raise PydanticCustomError("column", f"`from` and `to` must be {kind}") from None
        if low > high:
            raise PydanticCustomError("column", "`from` is greater than `to`")
        return self

    @property
    def is_number(self) -> bool:
        return self.values in NUMERIC

    def options(self) -> Sequence[str]:
        """Return what the values are chosen from; () where they are not chosen from a list."""
        return self.of or LISTS.get(self.values, ())

    def bounds(self) -> tuple[int, int]:
        """Return the least and the greatest value: a whole number, cents, or the number of a day."""
        least, greatest = RANGES[self.values]
        low, high = least if self.low is None else self.low, greatest if self.high is None else self.high
        return _whole(self.values, low), _whole(self.values, high)

    def draw(self, draws: SeededDraws, rows: int) -> list[Value]:
        if options := self.options():
            return list(draws.spread(options, rows))
        if self.values == "id":
            return list(range(1, rows + 1))
        if self.values == "sentence":
            return [sentence(draws) for _ in range(rows)]
        low, high = self.bounds()
        drawn = [draws.between(low, high) for _ in range(rows)]
        if self.values == "money":
            return [Decimal(cents).scaleb(-2) for cents in drawn]
        if self.values == "date":
            return [date.fromordinal(day).isoformat() for day in drawn]
        return list(drawn)


def _whole(values: str, bound: Any) -> int:
    if values == "date":
        if not isinstance(bound, str):
            raise TypeError
        return date.fromisoformat(bound).toordinal()
    number = Decimal(repr(bound)) * (100 if values == "money" else 1)
    if isinstance(bound, str) or number != int(number):
        raise ValueError
    return int(number)


def sentence(draws: SeededDraws) -> str:
    """Return six to twelve words that begin with a capital and end with a full stop."""
    words = draws.shuffled(WORDS)[: draws.between(6, 12)]
    return f"{' '.join(words).capitalize()}."


def _long_form(value: object) -> object:
    return {"values": value} if isinstance(value, str) else value


ColumnSpec = Annotated[SeededColumn, BeforeValidator(_long_form)]
ColumnSpecs = Annotated[dict[str, ColumnSpec], Field(min_length=1, max_length=20)]
SALES = {
    "product": SeededColumn(values="product"),
    "region": SeededColumn(values="region"),
    "sales": SeededColumn(values="money"),
}


def table(columns: dict[str, SeededColumn], rows: int, draws: SeededDraws) -> dict[str, list[Value]]:
    return {name: column.draw(draws, rows) for name, column in columns.items()}


def fixed_values(columns: dict[str, SeededColumn], rows: int, name: str) -> Sequence[Value]:
    """Return the values that occur in a column whatever the seed; () where they depend on it."""
    column = columns[name]
    if column.values == "id":
        return range(1, rows + 1)
    options = column.options()
    return options if len(options) <= rows else ()
