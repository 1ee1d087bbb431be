from __future__ import annotations

import pytest

from engine.core.file_sentences import file_sentence
from engine.core.page_sentences import is_about_errors, page_expression
from engine.core.selectors import selectors_of
from engine.core.sentences import read_sentence
from tests.little_time import little_time

FILES = {
    "index.html": b"<!doctype html>",
    "LICENSE": b"MIT",
    "data.csv": b"a",
    "README.md": b"# A\n\n## Usage\n\nRun `npm start`.\n\n## Getting started\n\nx\n\n## Empty\n\n## Code\n\n### Inner\n\ny\n\n```\n## Fenced\ntext\n```\n",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("index.html exists", True),
        ("The file `data.csv` exists at the root.", True),
        ("The repository contains a file called totals.json", False),
        ("A license file exists in the root of the repo", True),
        ("There should be a file named data.csv", True),
        ("README.md has a Usage section", True),
        ("README.md must have a section called 'Getting started'", True),
        ("The README includes usage and code sections.", True),
        ("README.md has sections for usage, code, and testing", False),
        ("README.md has an Empty section", False),
        ("README.md has a Fenced section", False),
        ('README.md mentions "npm start"', True),
        ('README.md mentions the word "yarn"', False),
    ],
)
def test_a_sentence_about_files_is_decided_on_the_files(text: str, holds: bool) -> None:
    decided = file_sentence(text, FILES)
    assert decided is not None
    assert decided[0] is holds


@pytest.mark.parametrize(
    "text",
    [
        "The page title is 'X'",
        "The page's title must be “X”",
        "The title of the page should be 'X'.",
        "The document title contains „X“",
        "The page has an element with id 'x'",
        "There is a button with the id #go",
        "The form's id is github-user-abcd.",
        "The element #x exists",
        "#total shows 1,660.50",
        "#status must say 'Saved'",
        "There is a button labelled 'Save'",
        "The page has a «Save» button",
        "There must be a link to 'https://example.com/'",
        "The site displays the text 'Hello'",
        "The page has a table with at least five rows",
        "The page has a list with 3 items",
        "There are exactly two buttons",
        "The page loads Bootstrap 5 from jsdelivr",
        "The page uses Chart.js via a CDN",
        "The page has a meta viewport tag",
        "All images have alt text",
        "The page uses Bootstrap and the form's id is github-user-abcd.",
        "The page shows the texts 'A', 'B, C', and 'D'",
        "The page shows 'A' and 'B'",
        "There is a button labelled 'Add', a button labelled 'Clear' and a link to 'https://example.com/'",
        "The page contains a heading 'Notes' and the text 'No notes yet'",
    ],
)
def test_a_sentence_about_the_page_becomes_an_expression(text: str) -> None:
    expression = page_expression(text)
    assert expression
    assert expression.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "README.md is professional and complete",
        "README.md is professional and includes setup/usage instructions.",
        "README.md has a clear section",
        "README.md has no Usage section",
        "The page is responsive",
        "The page has a form that works on phones",
        "The page does not have a button labelled 'Save'",
        "There is no element with id 'x'",
        "#total does not show 5",
        "#total shows 5 or 6",
        "#total shows 5. Then it shows 6.",
        "The form's id is unique",
        "The title is short",
        "The page title is 'a' or 'b'",
        "The page has a button labelled 'Save' and 'Cancel'",
        "The page has a form and looks good",
        "The page has a heading 'A' and the heading is red",
        "There is a form with the id 'f' and a button labelled 'Go'",
        "The page has a canvas, a form with the id 'f' and a button labelled 'Go'",
        "The page has a button labelled 'Go' and a table that can be sorted",
        "The page shows 'A', then 'B'",
        "The page shows 'A' and 'B' after a click on 'C'",
        "The page shows 'A', not 'B'",
        "The page shows 'A', 'B', 'C', 'D', 'E' and 'F'",
        "The page displays the account creation date in YYYY-MM-DD UTC.",
        "The page loads Bootstrap 5 lazily",
        "The page has a table with some rows",
        "The page shows '§'",
        "The page shows ''",
        "x" * 400,
    ],
)
def test_a_sentence_that_is_not_understood_to_the_last_word_is_left_alone(text: str) -> None:
    assert file_sentence(text, FILES) is None
    assert page_expression(text) is None
    assert not is_about_errors(text)


@pytest.mark.parametrize(
    "text", ["No console errors", "The page should load without any errors.", "There are no errors in the console"]
)
def test_sentences_about_errors_are_known(text: str) -> None:
    assert is_about_errors(text)


@pytest.mark.parametrize("text", ["Errors are shown", "The page shows errors", "No errors in the spelling of the text"])
def test_other_sentences_with_errors_are_not(text: str) -> None:
    assert not is_about_errors(text)


def test_quoted_text_cannot_leave_its_string() -> None:
    expression = page_expression("The page title is 'x\\\"); alert(1); (\"'")
    assert expression is not None
    assert '"x\\\\\\"); alert(1); (\\""' in expression


def test_an_id_that_is_none_is_left_alone() -> None:
    assert page_expression("The page has an element with id 'x]) || true'") is None


def test_an_apostrophe_is_no_quote() -> None:
    sentence = read_sentence("The form's id and the page's title")
    assert sentence is not None
    assert sentence.quoted == ()


@pytest.mark.parametrize(
    "text",
    [
        "the " * 70 + "page",
        "README.md has " + "a, " * 90 + "sections",
        "'" * 299,
        "The page has a " + "button " * 35,
        "The page uses " + "bootstrap and " * 20,
        "#" + "a-" * 140,
    ],
)
def test_hostile_sentences_take_no_time(text: str) -> None:
    with little_time():
        file_sentence(text, FILES)
        page_expression(text)
        is_about_errors(text)


def test_a_hostile_readme_takes_no_time() -> None:
    readme = b"#" * 50_000 + b"\n" + b"# a \n" * 20_000 + b"```" * 10_000
    with little_time():
        file_sentence("README.md has a Usage section", {"README.md": readme})


@pytest.mark.parametrize("text", ["#total shows 660", "The page has an element with id 'total'"])
def test_a_repair_is_shown_the_element_that_a_failing_sentence_names(text: str) -> None:
    assert selectors_of(page_expression(text) or "") == ["#total"]
