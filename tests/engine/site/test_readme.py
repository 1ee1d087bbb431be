from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formats.markdown import headings
from engine.site.readme import (
    MISSING_DATA,
    README_PARTS,
    ReadmeFacts,
    complete_readme,
    missing_readme_parts,
    with_round_not_done,
)
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
FIRST = ReadmeFacts("expenses", 1, "Track expenses from expenses.csv.\n\n# Usage\n", [*FILES, ".nojekyll"])
SECOND = replace(FIRST, number=2, brief="\n  Add a   total.\nBelow the table.", before=WHOLE)
LACKING = replace(FIRST, missing=["a.csv could not be read."])
LINE = "Last request (round 2): Add a total."


def titles(text: str) -> list[str]:
    return [f"{'#' * one.level} {one.title}" for one in headings(text)]


def test_a_whole_readme_stays_as_it_is() -> None:
    assert complete_readme(WHOLE, FIRST) == (WHOLE, [])
    crlf = WHOLE.replace("\n", "\r\n")
    assert complete_readme(crlf, FIRST) == (crlf, [])


@pytest.mark.parametrize("text", ["", " \n", "# expenses\n"])
def test_a_readme_that_says_nothing_gets_all_parts_in_their_order(text: str) -> None:
    made, added = complete_readme(text, FIRST)
    assert titles(made) == ["# expenses", "## Summary", "## Setup", "## Usage", "## Code explanation", "## License"]
    assert added == list(README_PARTS)


def test_added_parts_are_made_of_facts() -> None:
    known = replace(FIRST, clone_url="https://github.com/a/b", pages_url="https://a.github.io/b/")
    lines = complete_readme("", known)[0].splitlines()
    for line in (
        "> Track expenses from expenses.csv.",
        "> # Usage",
        "git clone https://github.com/a/b app",
        "Open the published page, <https://a.github.io/b/>.",
        "- `index.html`: the page",
        "- `expenses.csv`: data",
        "- `README.md`: this text",
        "MIT, see [LICENSE](LICENSE).",
    ):
        assert line in lines


def test_unknown_addresses_are_not_mentioned() -> None:
    made, _ = complete_readme("", FIRST)
    assert "git clone" not in made
    assert "Open the published page.\n" in made


def test_a_build_script_is_described_as_one() -> None:
    made, _ = complete_readme("", replace(FIRST, files=["tools/build.js", "tools/other.js"]))
    assert "- `tools/build.js`: computes files: its build() takes the repository's texts by path" in made
    assert "- `tools/other.js`: a script\n" in made


def test_long_briefs_and_many_files_are_cut() -> None:
    known = replace(FIRST, brief="\n".join(["x" * 400] * 9), files=[f"f{number:03}.js" for number in range(100)])
    made, _ = complete_readme("", known)
    quoted = [line for line in made.splitlines() if line.startswith(">")]
    assert ([len(line) for line in quoted[:-1]], quoted[-1]) == ([302] * 5, "> …")
    assert made.count(".js`: a script") == 39
    assert "- and 61 more" in made


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("## Usage\n", "## Misc\n", ["Installation", "Misc", "Usage", "How it works", "License"]),
        ("## Summary\n", "## Why\n", ["Why", "Summary", "Installation", "Usage", "How it works", "License"]),
        ("## License\n", "## Terms\n", ["Installation", "Usage", "How it works", "Terms", "License"]),
        ("## How it works\n", "## Notes\n", ["Usage", "Notes", "Code explanation", "License"]),
    ],
)
def test_a_missing_part_is_added_before_the_one_that_usually_follows(old: str, new: str, found: list[str]) -> None:
    made, added = complete_readme(WHOLE.replace(old, new), FIRST)
    assert len(added) == 1
    assert titles(made)[-len(found) :] == [f"## {title}" for title in found]


def test_parts_that_are_missing_side_by_side_keep_their_order() -> None:
    text = "# A\n\n## License\n\nMIT\n\n## Usage\n\nOpen it.\n"
    assert titles(complete_readme(text, FIRST)[0])[1:] == [
        "## Code explanation", "## License", "## Summary", "## Setup", "## Usage",
    ]  # fmt: skip


@pytest.mark.parametrize(("level", "shown"), [("#", "#"), ("###", "###")])
def test_a_part_is_added_at_the_level_of_the_others(level: str, shown: str) -> None:
    text = f"# A\n\n{level} Setup\n\nRun it.\n\n{level} License\n\nMIT\n"
    made, _ = complete_readme(text, FIRST)
    assert titles(made) == ["# A",
        *(f"{shown} {one}" for one in ("Summary", "Setup", "Usage", "Code explanation", "License"))]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("Choose a category in the list.", ""),
        WHOLE.replace("Choose a category in the list.", "TODO"),
        WHOLE.replace("Clone it", "npm install"),
        WHOLE.replace("## Usage", "## Setup and usage").replace("## Installation", "## Notes"),
        WHOLE.replace("## Usage", "## 🚀 **Using** it"),
        WHOLE.replace("Lists the expenses of a file by category.", "Forecasts of the weather, everywhere."),
    ],
)
def test_a_part_that_is_there_is_never_touched(text: str) -> None:
    assert complete_readme(text, FIRST) == (text, [])


@pytest.mark.parametrize(
    "end",
    ["```sh\nnpm start", "~~~\n# Usage", "<!-- unfinished\n", "<script>\n", "- a\n  - b", "> quoted", "text", "a | b"],
)
def test_parts_are_read_however_the_readme_ends(end: str) -> None:
    text = f"# A\n\n## Setup\n\n{end}\n"
    made, added = complete_readme(text, FIRST)
    assert missing_readme_parts(made) == []
    assert added == ["summary", "usage", "code explanation", "licence"]
    assert end.strip() in made


_PIECES = st.sampled_from(
    ["# A\n", "## Setup\n", "Usage\n---\n", "```\n", "~~~\n", "<!--\n", "-->\n", "- a\n", "  b\n", "> q\n", "text",
        "\n", "\r\n", "\t", "    c\n"]
)  # fmt: skip


@pytest.mark.slow
@given(st.lists(_PIECES | st.text(max_size=20), max_size=12).map("".join), st.sampled_from([FIRST, SECOND, LACKING]))
def test_whatever_a_readme_is_no_part_is_missing_and_no_word_is_lost(text: str, known: ReadmeFacts) -> None:
    made, added = complete_readme(text, known)
    assert missing_readme_parts(made) == []
    assert complete_readme(made, known) == (made, [])
    left = iter(made.split())
    assert all(word in left for word in text.split())  # in their order
    assert added or known.number == 2 or known.missing or made == text


def test_a_later_round_that_changes_the_readme_gets_no_line() -> None:
    changed = WHOLE.replace("Choose", "Pick")
    assert complete_readme(changed, SECOND) == (changed, [])


def test_a_later_round_that_leaves_the_readme_gets_a_line_at_the_end_of_usage() -> None:
    usage = "Choose a category in the list."
    expected = WHOLE.replace(usage, f"{usage}\n\n{LINE}")
    assert complete_readme(WHOLE, SECOND) == (expected, [])
    assert complete_readme(WHOLE.replace("\n\n", "\n\n\n"), SECOND)[0].count(LINE) == 1  # white space is no change
    assert complete_readme(WHOLE, replace(SECOND, number=1)) == (WHOLE, [])


def test_the_line_stands_below_the_subsections_of_usage() -> None:
    text = (
        "# A\n\n## Summary\n\ns\n\n## Setup\n\ns\n\n## Code\n\nc\n\n"
        "## License\n\nMIT\n\n## Usage\n\nu\n\n### Keys\n\nk\n"
    )
    assert complete_readme(text, replace(SECOND, before=text))[0] == f"{text}\n{LINE}\n"


def test_later_rounds_replace_the_line_so_that_there_is_never_a_log() -> None:
    second, _ = complete_readme(WHOLE, SECOND)
    third = replace(SECOND, number=3, brief="Make it blue.", before=second)
    unchanged, _ = complete_readme(second, third)
    assert unchanged == second.replace(LINE, "Last request (round 3): Make it blue.")
    rewritten, _ = complete_readme(second.replace("Choose", "Pick"), third)
    assert rewritten == unchanged.replace("Choose", "Pick")
    assert complete_readme(unchanged, third) == (unchanged, [])  # a repair in the same round


def test_missing_data_gets_a_section_that_goes_when_nothing_is_missing_any_more() -> None:
    facts = replace(FIRST, missing=["a.csv could not be read.", "b.csv could not be made."])
    completed, _ = complete_readme(WHOLE, facts)
    assert completed.startswith(WHOLE)
    assert completed.endswith("invented in its place.\n\n- a.csv could not be read.\n- b.csv could not be made.\n")
    assert complete_readme(completed, facts)[0] == completed
    assert complete_readme(completed, replace(FIRST, repairs=True))[0] == completed
    assert complete_readme(completed, FIRST)[0] == WHOLE
    assert complete_readme(f"{completed}\n## More\n\nb\n", FIRST)[0] == f"{WHOLE}\n## More\n\nb\n"


def test_missing_data_is_named_before_code_that_is_never_closed() -> None:
    facts = replace(FIRST, missing=["a.csv could not be read."])
    text = f"{WHOLE}\n```sh\nls\n"
    completed, _ = complete_readme(text, facts)
    assert titles(completed)[-1] == f"## {MISSING_DATA}"
    assert complete_readme(completed, facts)[0] == completed


def test_a_round_that_changed_nothing_is_listed_with_what_it_asked_for() -> None:
    completed = with_round_not_done(WHOLE, 2, "Add a total.\n\n# Below", "No model answered.")
    assert completed == (
        f"{WHOLE}\n## Round 2 was not done\n\nNo model answered. The page is the one of the round before.\n\n"
        "> Add a total.\n>\n> # Below\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    ["# " + " " * 100_000 + "x", "`" * 100_000, "<!--" * 30_000, "> " * 50_000, "- a\n" * 10_000, "a\n" * 40_000],
)
def test_a_hostile_readme_is_completed_in_little_time(text: str) -> None:
    with little_time(LARGE):
        complete_readme(text, replace(SECOND, before=text))


FULL = "# App\n## Summary\n## Setup\n## Usage\n## Code explanation\n## License\n"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (FULL, []),
        (FULL.replace("## Setup\n", "Installation\n------------\n"), []),
        (FULL.replace("## Usage\n", "```\n# usage\n```\n"), ["usage"]),
        ("# App\nsummary setup usage code license\n", ["summary", "setup", "usage", "code explanation", "licence"]),
        (FULL.replace("License", "Licence (MIT)").replace("Code explanation", "How it works"), []),
        (FULL.replace("# App", "# Code of the app").replace("## Code explanation\n", ""), ["code explanation"]),
        (FULL.replace("# App\n## Summary", "# Overview"), []),
        (FULL.replace("## Setup\n## Usage", "## Setup and usage"), []),
        (FULL.replace("## Setup", "> ## Setup"), ["setup"]),
    ],
)
def test_readme_parts_are_headings(text: str, missing: list[str]) -> None:
    assert missing_readme_parts(text) == missing
