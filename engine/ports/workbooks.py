"""Spreadsheets that came attached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet from its cell A1 on: `csv` is all of it, UTF-8, as `engine.core.cells` writes it."""

    name: str
    rows: int
    columns: int
    csv: bytes


@dataclass(frozen=True, slots=True)
class Workbook:
    """A spreadsheet's visible sheets, and in clauses about "it" what CSV does not say of them."""

    sheets: tuple[Sheet, ...]
    warnings: tuple[str, ...] = ()


class Workbooks(Protocol):
    """Reads spreadsheets."""

    def read(self, content: bytes, *, seconds: float) -> Workbook:
        """Return within `seconds`, whatever the bytes are. Raises Permanent(workbook_unreadable), its message a clause about "it"."""
        ...
