"""Spreadsheets that came attached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet from its cell A1 on: `csv` is all of it, UTF-8, as `engine.adapters.workbooks.cells` writes it."""

    name: str
    rows: int
    columns: int
    csv: bytes


@dataclass(frozen=True, slots=True)
class Workbook:
    """A spreadsheet's visible sheets, and in clauses about "it" what CSV does not say of them."""

    sheets: tuple[Sheet, ...]
    warnings: tuple[str, ...] = ()
