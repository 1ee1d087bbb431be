"""Values of a parsed spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet from its cell A1 on. `csv` is UTF-8, as `engine.adapters.workbooks.cells` writes it."""

    name: str
    rows: int
    columns: int
    csv: bytes


@dataclass(frozen=True, slots=True)
class Workbook:
    """A spreadsheet's visible sheets. `warnings` are clauses about "it" on content that CSV does not show."""

    sheets: tuple[Sheet, ...]
    warnings: tuple[str, ...] = ()
