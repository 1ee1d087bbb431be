"""Edits: whole lines that the shown file holds exactly once, or none at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.prompts.parsing.edits import MOST_EDITS, Edit, apply_edits
from tests.little_time import LARGE, little_time

PAGE = """<!DOCTYPE html>
<html lang="en">
  <h1>Tips</h1>
  <p id="total">0</p>

  <script>
    function show() {
      total.textContent = sum();
    }
    function sum() {
      return 1;
    }
  </script>
</html>
"""


def edited(*edits: tuple[str, str], text: str = PAGE, path: str = "index.html") -> str:
    result, misfits = apply_edits(path, text, [Edit(old, new) for old, new in edits])
    assert misfits == []
    return result


def refused(*edits: tuple[str, str], text: str = PAGE, path: str = "index.html") -> list[str]:
    result, misfits = apply_edits(path, text, [Edit(old, new) for old, new in edits])
    assert result == ""
    assert {one.path for one in misfits} == {path}
    return [one.says for one in misfits]


def test_edits_replace_insert_and_remove_lines_whatever_their_order() -> None:
    assert edited(
        ("      return 1;\n", "      return 2;\n"),
        ("  <h1>Tips</h1>\n", "  <h1>Tips</h1>\n  <h2>All</h2>\n"),
        ('  <p id="total">0</p>\n\n', ""),
    ) == PAGE.replace("return 1", "return 2").replace("  <p id", "  <h2>All</h2>\n  <p id").replace(
        '  <p id="total">0</p>\n\n', ""
    )


def test_edits_of_neighbouring_lines_do_not_overlap() -> None:
    assert edited(("b\n", "B\n"), ("a\n", "A\n"), text="a\nb\n") == "A\nB\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  <h1>Tips</h1>   \n", "  <h1>Tip</h1>\n"),
        ("```html\n  <h1>Tips</h1>\n```\n", "```html\n  <h1>Tip</h1>\n```\n"),
        ("```\n  <h1>Tips</h1>\n```\n", "  <h1>Tip</h1>\n"),
        ("  <h1>Tips</h1>\n", "```html\n  <h1>Tip</h1>\n```\n"),
        ("\n  <h1>Tips</h1>\n\n", "\n  <h1>Tip</h1>\n\n"),
        ("  <h1>Tips</h1>", "  <h1>Tip</h1>"),
        ("  <h1>Tips</h1>\n\n", "  <h1>Tip</h1>\n"),
        ("```html\n\n  <h1>Tips</h1>\n```\n", "```html\n\n  <h1>Tip</h1>\n```\n"),
    ],
    ids=["white space", "fences", "one fence", "a fence around new", "blank lines", "no end", "one blank", "both"],
)
def test_what_stands_around_a_text_is_forgiven(old: str, new: str) -> None:
    assert edited((old, new)) == PAGE.replace("Tips", "Tip")


def test_a_fence_of_the_file_itself_is_edited() -> None:
    readme = "# App\n```bash\nmake\n```\n"
    assert edited(("```bash\nmake\n```\n", "```bash\nmake run\n```\n"), text=readme, path="README.md") == (
        "# App\n```bash\nmake run\n```\n"
    )
    assert edited(("# App\n", "```js\n1\n```\n"), text=readme, path="README.md").startswith("```js\n1\n```\n")


@pytest.mark.parametrize("text", ["a\nb\n", "a\nb"])
def test_a_file_keeps_or_lacks_its_last_line_end(text: str) -> None:
    assert edited(("b\n", "c\n"), text=text) == text.replace("b", "c")


def test_letters_of_any_script_are_matched_as_they_are() -> None:
    assert edited(("été 🌞\n", "hiver ❄️\n"), text="été 🌞\n") == "hiver ❄️\n"
    assert "not in the file" in refused(("e\u0301te\u0301\n", "x\n"), text="été\n")[0]


def test_text_that_is_not_there_is_told_with_the_nearest_lines() -> None:
    [says] = refused(("    function sum() {\n      return 10;\n", "x\n"))
    assert says.startswith(
        "index.html, edit 1 ('function sum() {'): its old text is not in the file. The nearest lines"
    )
    assert "\n    function sum() {\n      return 1;\n" in says
    [says] = refused(("  <h1>Tip</h1>\n", "x\n"))
    assert "\n  <h1>Tips</h1>\n" in says
    assert "Nothing in the file is like it." in refused(("zzzzzz\n", "x\n"))[0]


@pytest.mark.parametrize("old", ["<h1>Tips</h1>\n", "Tips\n", "    <h1>Tips</h1>\n", "  <h1>tips</h1>\n"])
def test_nothing_is_guessed(old: str) -> None:
    assert "not in the file" in refused((old, "x\n"))[0]


def test_another_indentation_is_called_so_and_not_forgiven() -> None:
    [says] = refused(('<p id="total">0</p>\n\n<script>\n', "x\n"))
    assert "only the white space at the beginning of its lines is another. The nearest lines there, 3 to 7:" in says


def test_a_change_that_the_file_holds_already_is_called_so() -> None:
    assert "the file holds the change already" in refused(("  <h1>Old</h1>\n", "  <h1>Tips</h1>\n"))[0]


def test_text_that_is_there_twice_is_told_with_its_lines() -> None:
    assert "in the file 2 times, at the lines 9, 12;" in refused(("    }\n", "x\n"))[0]
    assert "2 times" in refused(("a\n", "x\n"), text="a\na\n")[0]
    assert "2 times" in refused(("a\na\n", "x\n"), text="a\na\na\n")[0]


def test_white_space_is_forgiven_only_where_one_place_is_left() -> None:
    assert "2 times" in refused(("a \n", "x\n"), text="a\na  \n")[0]
    assert edited(("a\n", "x\n"), text="a\na  \n") == "x\na  \n"


@pytest.mark.parametrize("old", ["", "\n", "  \n\n"])
def test_an_empty_old_text_is_refused(old: str) -> None:
    assert "its old text is empty" in refused((old, "x\n"))[0]


def test_edits_that_share_a_line_are_refused() -> None:
    assert refused(("a\nb\n", "x\n"), ("c\n", "y\n"), ("b\nc\n", "z\n"), text="a\nb\nc\n") == [
        "index.html: edits 1 and 3 both replace line 2; make one of them.",
        "index.html: edits 2 and 3 both replace line 3; make one of them.",
    ]


def test_edits_that_remove_everything_are_refused() -> None:
    assert "remove all of it" in refused((PAGE, ""))[0]


def test_one_bad_edit_leaves_the_file_unedited_and_all_bad_ones_are_told() -> None:
    assert len(refused(("  <h1>Tips</h1>\n", "x\n"), ("y\n", "z\n"), ("", "z\n"))) == 2


def test_more_edits_than_a_file_may_have_are_refused() -> None:
    assert "write the file whole" in refused(*[("a\n", "b\n")] * (MOST_EDITS + 1))[0]


_LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(_LINE, min_size=1, max_size=12, unique=True), st.data())
def test_lines_replaced_by_edits_are_those_replaced_by_hand(lines: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(lines))), unique=True))
    edits = []
    for at in chosen:
        if not lines[at].strip() or sum(line.rstrip() == lines[at].rstrip() for line in lines) > 1:
            continue
        new = data.draw(st.lists(_LINE, min_size=1, max_size=3))
        if new[0].strip("`~") == new[0] and new[0].strip() and new[-1].strip():
            edits.append((at, new))
    after = [[line] for line in lines]
    for at, new in edits:
        after[at] = new
    expected = "".join(f"{line}\n" for part in after for line in part)
    pairs = [Edit(f"{lines[at]}\n", "".join(f"{line}\n" for line in new)) for at, new in edits]
    result, misfits = apply_edits("a.txt", "".join(f"{line}\n" for line in lines), pairs)
    if expected.strip():
        assert (result, misfits) == (expected, [])


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=4), st.sampled_from(["a.md", "a.html"]))
def test_no_edit_breaks_the_matching(text: str, pairs: list[tuple[str, str]], path: str) -> None:
    result, misfits = apply_edits(path, text, [Edit(old, new) for old, new in pairs])
    assert not (result and misfits)


def test_many_edits_that_do_not_fit_are_told_in_a_moment() -> None:
    text = "".join(f"{'x' * 200} {number}\n" for number in range(5_000))
    edits = [Edit(f"{'y' * 150}{'x' * 60} {number}\n", "z\n") for number in range(MOST_EDITS)]
    with little_time(LARGE):
        _, misfits = apply_edits("a.js", text, edits)
    assert len(misfits) == MOST_EDITS


@pytest.mark.parametrize(
    "old", ["a\n" * 1_000, "x" * 100_000, "```\n" * 20_000, "\n" * 50_000 + "b", "ab\n" * 3], ids=len
)
def test_a_large_file_is_searched_in_a_moment(old: str) -> None:
    with little_time(LARGE):
        apply_edits("a.html", "a\n" * 100_000 + "b" * 200_000, [Edit(old, "c\n")] * 20)
