"""Edits in the forms of other programs are used for named shown files, where they can be read as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompts.parsing.edits import Edit
from engine.prompts.parsing.foreign_edits import foreign_edits, holds_foreign_edits
from tests.little_time import LARGE, little_time

SHOWN = ("index.html", "js/app.js")


def block(old: str, new: str) -> str:
    return f"<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


A_TO_B, D_TO_E = block("a\n", "b\n"), block("d\n", "e\n")
C_TO_NOTHING = block("c\n", "")
TWO_DIVIDERS = block("a\n=======\n", "b\n")


def test_search_and_replace_blocks_below_their_files_name_are_read() -> None:
    text = f"Sure.\n\n`index.html`\n```html\n{A_TO_B}```\nthen\n\n./js/app.js\n{C_TO_NOTHING}{D_TO_E}"
    assert foreign_edits(text, SHOWN) == {
        "index.html": [Edit("a\n", "b\n")],
        "js/app.js": [Edit("c\n", ""), Edit("d\n", "e\n")],
    }


def test_blocks_below_a_boundary_line_belong_to_its_file() -> None:
    assert foreign_edits(A_TO_B, SHOWN, "index.html") == {"index.html": [Edit("a\n", "b\n")]}


@pytest.mark.parametrize(
    "text",
    [
        A_TO_B,
        f"style.css\n{A_TO_B}",
        "index.html\n<<<<<<< SEARCH\na\n=======\nb\n",
        f"index.html\n{TWO_DIVIDERS}",
        "index.html\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n",
        f"index.html\n{A_TO_B}style.css\n\n\n{A_TO_B}<<<<<<< SEARCH\n",
        "--- a/style.css\n+++ b/style.css\n@@ -1 +1 @@\n-a\n+b\n",
    ],
    ids=["no name", "not shown", "no end", "two dividers", "no divider", "an open one", "a diff of another"],
)
def test_what_cannot_be_read_as_a_whole_is_not_read(text: str) -> None:
    assert holds_foreign_edits(text)
    assert foreign_edits(text, SHOWN) == {}


def test_a_unified_diff_is_read_hunk_by_hunk() -> None:
    text = (
        "```diff\ndiff --git a/index.html b/index.html\n--- a/index.html\n+++ b/index.html\n@@ -1,3 +1,3 @@ <html>\n"
        " one\n-two\n+2\n three\n@@ -9,2 +9,3 @@\n nine\n\n+ten\n\\ No newline at end of file\n"
        "--- a/js/app.js\t2026\n+++ b/js/app.js\t2026\n@@\n-x\n+y\n```\nDone.\n"
    )
    assert foreign_edits(text, SHOWN) == {
        "index.html": [Edit("one\ntwo\nthree\n", "one\n2\nthree\n"), Edit("nine\n\n", "nine\n\nten\n")],
        "js/app.js": [Edit("x\n", "y\n")],
    }


@pytest.mark.parametrize("text", ["", "a\n=======\nb", "--- a\n+++ b\n", "<<<<<<< HEAD\n", "-- a\n@@ x\n"])
def test_other_texts_hold_no_edits(text: str) -> None:
    assert not holds_foreign_edits(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "<<<<<<< SEARCH",
                "=======",
                ">>>>>>> REPLACE",
                "index.html",
                "--- a/index.html",
                "+++ b/index.html",
                "@@ -1 +1 @@",
                "-a",
                "+b",
                " c",
                "",
                "```",
            ]
        ),
        max_size=14,
    )
)
def test_no_order_of_lines_breaks_the_reading(lines: list[str]) -> None:
    for edits in foreign_edits("\n".join(lines), SHOWN).values():
        assert all(isinstance(edit, Edit) for edit in edits)


@pytest.mark.parametrize("junk", ["<<<<<<< SEARCH\n", "--- a/index.html\n+++ b/index.html\n@@\n-a\n", "index.html\n"])
def test_a_huge_reply_is_read_in_a_moment(junk: str) -> None:
    with little_time(LARGE):
        foreign_edits(junk * 50_000, SHOWN)
