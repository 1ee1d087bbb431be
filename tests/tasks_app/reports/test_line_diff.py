from __future__ import annotations

import random
import re

import pytest

from tasks_app.reports.line_diff import LONGEST_LINE, MOST_COMPARED, MOST_LINES, line_diff
from tests.little_time import little_time


def test_it_shows_what_became_of_a_line_with_three_around_it_and_where() -> None:
    before = "\n".join(f"line {n}" for n in range(1, 1001))
    after = before.replace("line 500\n", "line 500 changed\nand one more\n")
    assert line_diff(before, after) == [
        "@@ -497,7 +497,8 @@", " line 497", " line 498", " line 499", "-line 500", "+line 500 changed", "+and one more",
        " line 501", " line 502", " line 503",
    ]  # fmt: skip


def test_texts_alike_have_none_and_line_ends_do_not_count() -> None:
    assert line_diff("a\nb", "a\r\nb\n") == []
    assert line_diff("", "") == []
    assert line_diff("", "a\n") == ["@@ -0,0 +1 @@", "+a"]


@pytest.mark.parametrize("seed", range(20))
def test_the_lines_make_the_new_text_of_the_old(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret
    old = [draw.choice("abcd") for _ in range(draw.randrange(40))]
    new = [line for line in old if draw.random() > 0.2] + ["e"] * draw.randrange(2)
    shown = line_diff("\n".join(old), "\n".join(new))
    assert shown is not None
    assert applied(old, shown) == new


def applied(old: list[str], shown: list[str]) -> list[str]:
    """Return what a patch makes of `old`, by the places that it names."""
    made, at = list[str](), 0
    for line in shown:
        if header := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(header[1]) - (header[2] != "0")
            made += old[at:start]
            at = start
        elif line[0] == "+":
            made.append(line[1:])
        else:
            assert old[at] == line[1:]
            made += [line[1:]] if line[0] == " " else []
            at += 1
    return made + old[at:]


def test_it_is_bounded_in_lines_their_length_and_time() -> None:
    with little_time():
        twisted = [str(n // 10) for n in range(MOST_COMPARED)]
        shown = line_diff("\n".join(twisted), "\n".join(reversed(twisted)))
        assert shown is not None
        assert len(shown) == MOST_LINES + 1
        assert shown[-1].startswith("@@ ")
        assert line_diff("a\n" * 100_000, "b\n" * 100_000) is None
        assert len((line_diff("a" * 1_000_000, "b" * 1_000_000) or [])[1]) == LONGEST_LINE + 1
