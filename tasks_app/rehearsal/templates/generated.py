"""What a generator makes: the file, and what results are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from pydantic import BaseModel, ConfigDict

Value = str | int | Decimal
Columns = Mapping[str, Sequence[Value]]

CENT = Decimal("0.01")


class StrictModel(BaseModel):
    """A part of a template: frozen, without unknown keys, and without conversions such as of a number to a text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileSpec(StrictModel):
    """What a file is generated from."""

    def fixed_values(self, sheet: str, column: str) -> Sequence[Value]:
        """Return the values that occur in a column whatever the seed; () where they depend on it."""
        return ()


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """`tables` are the columns by sheet; "" is the sheet of a file without sheets. `text`: of a file in words."""

    content: bytes
    media_type: str
    tables: Mapping[str, Columns] = field(default_factory=dict)
    text: str | None = None


def rounded(value: Decimal) -> Decimal:
    """Return a number with two decimals."""
    return value.quantize(CENT, ROUND_HALF_UP)
