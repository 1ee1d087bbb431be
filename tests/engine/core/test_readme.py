from __future__ import annotations

import pytest

from engine.core.readme import OURS, empty_parts, is_about, readme_flaws, sections_of
from tests.little_time import LARGE, little_time

WHOLE = """\
# Expense tracker

## Summary

Lists the expenses of a file by category.

## Installation

Clone it and serve the folder with `python3 -m http.server`.

## Usage

Choose a category in the list.

## How it works

`index.html` reads `expenses.csv` when the page is opened.

## License

MIT
"""
FILES = {"index.html": b"", "expenses.csv": b"", "LICENSE": b""}


def test_a_readme_with_five_parts_that_say_something_lacks_nothing() -> None:
    assert empty_parts(WHOLE, FILES) == {}
    assert list(readme_flaws(WHOLE, FILES)) == []


@pytest.mark.parametrize(
    ("old", "new", "part", "why"),
    [
        ("## Usage\n", "## Misc\n", "usage", "it is missing"),
        ("Choose a category in the list.", "", "usage", "it is empty"),
        ("Choose a category in the list.", "<!-- later -->", "usage", "it is empty"),
        ("Choose a category in the list.", "Open it.", "usage", "it says next to nothing"),
        ("Choose a category in the list.", "TODO: write how it is used", "usage", "'TODO' stands in it"),
        (
            "Lists the expenses of a file by category.",
            "Lorem ipsum dolor sit amet, consectetur",
            "summary",
            "'Lorem ipsum'",
        ),
        ("Clone it", "git clone https://github.com/your-username/app", "setup", "'your-username' stands in it"),
        ("Clone it", "Run `npm install`", "setup", "'npm install' cannot work: there is no package.json"),
        (
            "Clone it",
            "Run `pip install -r requirements.txt`",
            "setup",
            "'pip install' cannot work: there is no requirements.txt",
        ),
        ("MIT\n", "\n", "licence", "it is empty"),
    ],
)
def test_a_part_that_says_nothing_true_is_named_with_its_reason(old: str, new: str, part: str, why: str) -> None:
    [(named, reason)] = empty_parts(WHOLE.replace(old, new), FILES).items()
    assert (named, reason[: len(why)]) == (part, why)


@pytest.mark.parametrize(
    "line",
    [
        "There is no npm install and nothing to build.",
        "npm is not needed.",
        "It needs your name and a date.",
        "Coming from Excel, this is easy.",
    ],
)
def test_what_only_sounds_like_it_is_no_stand_in(line: str) -> None:
    assert empty_parts(WHOLE.replace("Choose a category in the list.", line), FILES) == {}


def test_a_command_whose_file_is_there_works() -> None:
    text = WHOLE.replace("Clone it", "Run `npm install`")
    assert empty_parts(text, {*FILES, "package.json"}) == {}


def test_the_readmes_own_title_is_no_part_and_a_hash_in_code_no_heading() -> None:
    assert empty_parts(WHOLE.replace("# Expense tracker", "# Code of the summary"), FILES) == {}
    lost = WHOLE.replace("## How it works", "## Files").replace("# Expense tracker", "# Country code")
    assert empty_parts(lost, FILES) == {"code explanation": "it is missing"}
    fenced = "# T\n\n## Setup\n\n```sh\n# Usage\npython3 -m http.server here\n```\n"
    assert [one.title for one in sections_of(fenced)] == ["", "T", "Setup"]


def test_headings_that_are_underlined_are_headings() -> None:
    assert [
        (one.level, one.title, one.line) for one in sections_of("T\n===\ntext\n\nUsage\n-----\nmore\n\n---\n")[1:]
    ] == [
        (1, "T", 1),
        (2, "Usage", 5),
    ]


def test_subsections_belong_to_their_part() -> None:
    assert (
        empty_parts(WHOLE.replace("Choose a category in the list.", "### Choosing\n\nChoose a category."), FILES) == {}
    )


def test_what_the_service_wrote_is_told_apart() -> None:
    assert [one.title for one in sections_of(f"## A\n\n{OURS}\n\nx\n\n## B\n\nx\n") if one.ours] == ["A"]


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        ("See [your repo] for more.", "README.md:1: '[your repo]' stands for something that was never filled in"),
        ("`yarn start` begins it", "README.md:1: 'yarn start' cannot work: there is no package.json"),
        ("`app.js` holds the code", "README.md:1: it tells of app.js, which is no file of the repository"),
        ("`./expenses.csv` and `index.html`", None),
        ("> TODO: quoted from the brief", None),
    ],
)
def test_what_is_left_in_a_readme_is_a_flaw_with_its_line(line: str, flaw: str | None) -> None:
    assert [str(one) for one in readme_flaws(line, FILES)] == ([flaw] if flaw else [])


def test_a_readme_about_something_else_is_told_apart() -> None:
    other = "# Weather\n\n## Summary\n\nForecast temperatures, humidity, sunrise, pressure for cities worldwide, updated hourly.\n"
    assert not is_about(other, "Make an expense tracker by category <select id=category>")
    assert is_about(other, "Show the humidity")
    assert is_about(WHOLE, "Make an expense tracker")
    assert is_about("# App\n\n## Summary\n\nA small thing.\n", "Make an expense tracker")


@pytest.mark.parametrize(
    "text",
    ["# " + " " * 300_000 + "x", "#" * 300_000, "`" * 300_000, "<!--" * 100_000, "x\n===\n" * 60_000, "> " * 200_000],
)
def test_a_hostile_readme_is_read_in_little_time(text: str) -> None:
    with little_time(LARGE):
        empty_parts(text, FILES)
        list(readme_flaws(text, FILES))
        is_about(text, text)
