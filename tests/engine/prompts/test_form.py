from __future__ import annotations

import pytest

from engine.plan.predicates import JsonSchema, Lines, Words
from engine.plan.schema import FileSource, PlannedFile, RequestPlan
from engine.prompts.form import LONG_FILE, Entry, changed_texts, entries_of, form, long_files, says
from engine.prompts.parsing.parsed_reply import Outcome
from engine.prompts.replies import mark, parse_reply

B = "7f3a9c"
PLAN = RequestPlan(
    files=(
        PlannedFile(path="README.md", source=FileSource.WRITE),
        PlannedFile(
            path="notes.txt", source=FileSource.WRITE, what="a text on tips.", predicates=[Words(min=50, max=80)]
        ),
        PlannedFile(path="fix.py", source=FileSource.CHANGED, origin="fix.py", what="the script, fixed"),
        PlannedFile(path="total.json", source=FileSource.COMPUTED),
        PlannedFile(path="index.html", source=FileSource.WRITE, what="the page"),
        PlannedFile(path="LICENSE", source=FileSource.SERVICE),
        PlannedFile(path="data.csv", source=FileSource.CONVERTED, origin="data.xlsx"),
        PlannedFile(path="uid.txt", source=FileSource.ATTACHMENT),
        PlannedFile(path="result.json", source=FileSource.WORKFLOW_OUTPUT),
    )
)


def test_what_a_model_writes_is_listed_with_the_page_first_and_the_readme_last() -> None:
    paths = [entry.path for entry in entries_of(PLAN)]
    assert paths == ["index.html", "notes.txt", "fix.py", "total.json", "README.md"]


def test_where_a_browser_computes_the_script_stands_in_place_of_what_it_computes() -> None:
    entries = entries_of(PLAN, computes=True)
    assert [entry.path for entry in entries] == ["index.html", "notes.txt", "fix.py", "tools/build.js", "README.md"]
    assert entries[3].says == "its build(files) returns total.json"


def test_the_scripts_entry_holds_what_the_plan_says_of_it_and_of_each_file() -> None:
    files = (
        PlannedFile(path="a.json", source=FileSource.COMPUTED, what="the counts", predicates=[Lines(min=3, max=3)]),
        PlannedFile(path="tools/build.js", source=FileSource.WRITE, what="fills the figures"),
        PlannedFile(path="b.csv", source=FileSource.COMPUTED),
    )
    assert entries_of(RequestPlan(files=files), computes=True) == [
        Entry(
            "tools/build.js",
            "fills the figures. its build(files) returns a.json: the counts; has exactly 3 lines. its build(files) "
            "returns b.csv",
        )
    ]


def test_a_file_is_described_in_the_plans_words_and_its_rules() -> None:
    planned = PlannedFile(
        path="a.txt", source=FileSource.WRITE, what="a haiku. ", predicates=[Lines(min=3, max=3), Words(max=20)]
    )
    assert says(planned) == "a haiku; has exactly 3 lines; has at most 20 words"
    assert says(PlannedFile(path="a.txt", source=FileSource.WRITE)) == ""


@pytest.mark.parametrize("all_needed", [True, False], ids=["first", "later or repair"])
def test_the_form_has_one_wording_whoever_asks(all_needed: bool) -> None:
    text = form("Write it:", entries_of(PLAN), B, all_needed=all_needed)
    listed = text.splitlines()[:12]
    assert listed == [
        "Write it:",
        mark(B, "file", "index.html"),
        "<!DOCTYPE html>",
        "(index.html, whole: the page)",
        mark(B, "file", "notes.txt"),
        "(notes.txt, whole: a text on tips; has 50 to 80 words)",
        mark(B, "file", "fix.py"),
        "(fix.py, whole: the script, fixed)",
        mark(B, "file", "total.json"),
        "(total.json, whole; nothing but the JSON itself)",
        mark(B, "file", "README.md"),
        "(the README, whole: ## Summary, ## Setup, ## Usage, ## Code explanation, ## License)",
    ]
    assert text.count("Each line in parentheses says what stands there") == 1


def test_where_all_is_needed_the_closing_line_counts_it_and_nothing_may_be_left_out() -> None:
    text = form("Write it:", entries_of(PLAN), B, all_needed=True)
    assert text.count(mark(B, "complete", 5)) == 2
    assert mark(B, "complete", "N") not in text
    assert "Every file of this list is needed." in text
    assert "Leave out" not in text


def test_where_some_may_stay_as_they_are_the_answer_counts_its_own_files() -> None:
    text = form("Change it:", entries_of(PLAN), B, all_needed=False)
    assert f"`{mark(B, 'complete', 'N')}`, counts the files above it; N is their number." in text
    assert "Leave out each file that stays as it is." in text
    assert mark(B, "delete", "name") in text
    assert "Every file of this list is needed." not in text


def test_an_answer_that_follows_the_form_is_read() -> None:
    text = form("Write it:", [Entry("index.html"), Entry("a.svg", "a star")], B, all_needed=True)
    filled = text.replace("(index.html, whole)", "<html></html>").replace("(a.svg, whole: a star)", "<path/></svg>")
    parsed = parse_reply(filled, B)
    assert (parsed.outcome, parsed.problems) == (Outcome.OK, ())
    assert parsed.files["index.html"] == b"<!DOCTYPE html>\n<html></html>\n"
    assert parsed.files["a.svg"].startswith(b'<svg xmlns="http://www.w3.org/2000/svg"')


def test_the_schema_of_a_file_is_shown_in_words() -> None:
    schema = {"type": "object", "properties": {"max": {"type": "number"}}, "required": ["max"]}
    entry = Entry(
        "a.json", says(PlannedFile(path="a.json", source=FileSource.WRITE, predicates=[JsonSchema(definition=schema)]))
    )
    assert "(a.json, whole: is JSON of the form {max: number}" in form("", [entry], B, all_needed=True)


def changed(*paths: str) -> RequestPlan:
    return RequestPlan(files=tuple(PlannedFile(path=path, source=FileSource.CHANGED) for path in paths))


def test_the_texts_of_files_to_be_changed_are_shown_with_plain_line_ends() -> None:
    contents = {"fix.py": b"a = 1\r\nb = 2\r\n", "uid.txt": b"1\n"}
    assert changed_texts(changed("fix.py"), contents, longest=100, most=100) == {"fix.py": "a = 1\nb = 2\n"}


def test_a_renamed_text_is_shown_under_its_original_name() -> None:
    plan = RequestPlan(files=(PlannedFile(path="src/fix.py", source=FileSource.CHANGED, origin="fix.py"),))
    assert changed_texts(plan, {"fix.py": b"a = 1\n"}, longest=100, most=100) == {"fix.py": "a = 1\n"}


@pytest.mark.parametrize("content", [b"\x89PNG\0\x01", b"x" * 101], ids=["no text", "too long"])
def test_what_cannot_be_shown_whole_is_not_shown(content: bytes) -> None:
    assert changed_texts(changed("a", "b"), {"a": content, "b": b"b"}, longest=100, most=1_000) == {"b": "b"}


def test_all_of_them_together_have_a_bound_and_a_shorter_one_may_still_fit() -> None:
    contents = {"a": b"a" * 60, "b": b"b" * 60, "c": b"c" * 40}
    assert list(changed_texts(changed("a", "b", "c"), contents, longest=100, most=100)) == ["a", "c"]


def test_long_files_may_be_answered_with_edits_and_the_form_shows_how() -> None:
    text = form("Change {how}:", [Entry("index.html")], B, all_needed=False, long_files=["index.html", "app.js"])
    assert text.startswith("Change each whole, every line of it, or edited:\n")
    assert "\nLong files: index.html, app.js. If little of one changes, write only its edits" in text
    (start,) = [at for at, line in enumerate(text.splitlines()) if line == mark(B, "edit", "index.html")]
    lines = text.splitlines()[start:]
    assert (lines[1], lines[3]) == (mark(B, "old"), mark(B, "new"))
    assert "An edited file counts as one in the last line." in text


def test_edits_that_follow_the_form_are_read() -> None:
    form_text = form("{how}", [Entry("index.html")], B, all_needed=False, long_files=["index.html"])
    shown = form_text[form_text.index(mark(B, "edit", "index.html")) : form_text.index("\nFor each further place")]
    old, new = (line for line in shown.splitlines() if line.startswith("("))
    reply = f"{shown.replace(old, '<h1>').replace(new, '<h2>')}\n{mark(B, 'complete', 1)}"
    assert parse_reply(reply, B, shown={"index.html": "<h1>\n"}).whole_files({"index.html": "<h1>\n"}) == {
        "index.html": b"<h2>\n"
    }


def test_without_long_files_edits_are_not_mentioned() -> None:
    text = form("Change {how}:", [Entry("index.html")], B, all_needed=False)
    assert text.startswith("Change each whole, every line of it:\n")
    assert "edit" not in text


def test_a_file_is_long_above_its_bound() -> None:
    sources = {"a.html": b"x\n" * LONG_FILE, "b.html": b"x\n" * (LONG_FILE + 1)}
    assert long_files(sources) == ["b.html"]
