from __future__ import annotations

import pytest

from engine.formats.text_counts import readings
from tests.little_time import little_time


@pytest.mark.parametrize(
    ("unit", "text", "found"),
    [
        ("word", "", (0,)),
        ("word", "one two\n three\t", (3,)),
        ("word", "it's a well-known fact", (4,)),
        ("word", "this \u2014 or that", (3, 4)),
        ("word", "# Title\n\nbody", (2, 3)),
        ("line", "a\nb\nc\n", (3,)),
        ("line", "a\n\nb", (2, 3)),
        ("line", "\n\n", (0,)),
        ("sentence", "One. Two! Three?", (3,)),
        ("sentence", "Mr. Smith came.", (2,)),
        ("sentence", "See e.g. this. And that", (2, 3)),
        ("paragraph", "a\nb\n\nc\n\n\nd", (3,)),
        ("paragraph", "# T\n\na", (1, 2)),
        ("character", "abc\n", (3, 4)),
    ],
)
def test_units_are_counted_as_we_and_as_others_count(unit: str, text: str, found: tuple[int, ...]) -> None:
    assert readings(unit, text) == found


@pytest.mark.parametrize(
    "text", ["." * 150_000, "a. " * 60_000, "\n \n" * 60_000, '."' * 60_000, "." * 3 + '"' * 150_000 + "x"]
)
def test_hostile_files_are_counted_in_no_time(text: str) -> None:
    with little_time():
        for unit in ("word", "line", "sentence", "paragraph", "character"):
            readings(unit, text)
