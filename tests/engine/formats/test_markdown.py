from __future__ import annotations

import pytest

from engine.formats.markdown import blocks, headings, lines_of
from tests.little_time import LARGE, little_time


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A\n\n## B ##\n###### C", [(0, 1, "A"), (2, 2, "B"), (3, 6, "C")]),
        ("A\n===\ntext\n\nB\n---\n\n---\n", [(0, 1, "A"), (4, 2, "B")]),
        ("text\n# A\r\nmore\r\n\r\n## B\r\n", [(1, 1, "A"), (4, 2, "B")]),
        ("a\rb\r# A", [(2, 1, "A")]),
        ("```sh\n# A\n```\n~~~\n# B\n~~~\n    # C\n", []),
        ("~~~\n```\n# A\n", []),
        ("1. Run\n\n   ```sh\n   # A\n   ```\n\n# B", [(6, 1, "B")]),
        ("- a\n  # A\n\n# B\n", [(3, 1, "B")]),
        ("- a\n---\n## B\n", [(2, 2, "B")]),
        ("> # A\n\n# B", [(2, 1, "B")]),
        ("<!--\n# A\n-->\n# B", [(3, 1, "B")]),
        ("#A\n####### B\n\\# C", []),
        ("# `a` **b** 🚀", [(0, 1, "`a` **b** 🚀")]),
        ("#\n", [(0, 1, "")]),
        ("", []),
    ],
)
def test_headings_are_read_as_commonmark_says(text: str, found: list[tuple[int, int, str]]) -> None:
    assert [(one.line, one.level, one.title) for one in headings(text)] == found


def test_every_outermost_block_has_its_first_line() -> None:
    text = "one\nline\n\n- a\n  - b\n\n```\ncode\n\nmore\n```\n> quoted\n\n# T\n***\n"
    assert [(one.line, one.level) for one in blocks(text)] == [(0, 0), (3, 0), (6, 0), (11, 0), (13, 1), (14, 0)]


def test_lines_are_counted_as_the_reader_counts_them() -> None:
    assert lines_of("a\r\nb\rc\nd\x0be\u2028f") == ["a", "b", "c", "d\x0be\u2028f"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * 200_000 + "x",
        "#" * 200_000,
        "`" * 200_000,
        "<!--" * 50_000,
        "x\n===\n" * 20_000,
        "> " * 100_000,
        ">" * 1_000 + "\n" + "a\n" * 50_000,
        "- a\n" * 20_000,
        ("- " * 9 + "a\n") * 4_000,
        "[a\n" * 50_000,
        "a\n" * 100_000,
    ],
)
def test_a_hostile_text_is_read_in_little_time(text: str) -> None:
    with little_time(LARGE):
        headings(text)
