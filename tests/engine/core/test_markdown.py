"""Which headings a Markdown text has."""

from __future__ import annotations

import pytest

from engine.core.markdown import headings, markdown_sections


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A #\n## B\n", ["A", "B"]),
        ("# C#\n###\n", ["C#", ""]),
        ("A\n=\nb\n---\n\n---\n", ["A", "b"]),
        ("~~~\n# A\n~~~\n# B", ["B"]),
        ("````\n# A\n```\n# B\n````\n# C", ["C"]),
        ("```sh\n# A\n", []),
        ("``` is `code`\n# A", ["A"]),
        ("#A\n    # B\n####### C", []),
        ("- a\n---\n| b |\n---\n> c\n===", []),
        ("   # A", ["A"]),
    ],
)
def test_headings_are_those_of_markdown(text: str, found: list[str]) -> None:
    assert headings(text) == found


def test_a_section_holds_the_lines_up_to_the_next_heading() -> None:
    before, first, second = markdown_sections("x\n# A\na\n\n## B\nb")
    assert (before.level, before.lines) == (0, ["x"])
    assert (first.level, first.title, first.lines) == (1, "A", ["a", ""])
    assert (second.level, second.title, second.lines) == (2, "B", ["b"])
