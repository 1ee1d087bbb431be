"""Formats numbers with nouns."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return "1 row", "2 rows", "1,200 entries"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun.removesuffix('y')}{'ies' if noun.endswith('y') else 's'}"
