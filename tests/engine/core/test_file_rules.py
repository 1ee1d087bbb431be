"""What the rules on a file read in it."""

from __future__ import annotations

import pytest

from engine.core.file_rules import headings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A #\n## B\n", ["A", "B"]),
        ("A\n=\nb\n---\n\n---\n", ["A", "b"]),
        ("~~~\n# A\n~~~\n", []),
        ("#A\n    # B", []),
        ("- a\n---", []),
    ],
)
def test_headings_are_those_of_markdown(text: str, found: list[str]) -> None:
    assert headings(text) == found
