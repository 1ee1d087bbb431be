from __future__ import annotations

import pytest

from engine.core.change_requests import asked_changes
from tests.little_time import little_time

FILES = ("data.csv", "script.py", "app.js", "old/notes.txt", "attachments/README.md")


def asked(brief: str, *paths: str) -> set[str]:
    return set(asked_changes(brief, paths or FILES).changed)


@pytest.mark.parametrize(
    "brief",
    [
        "Fix the bug in script.py.",
        "Fix script.py so that it prints the sum of data.csv.",
        "Please debug `script.py`; the page shows its output.",
        "Refactor script.py to read data.csv only once.",
        "The attached script.py crashes on empty lines. Fix it.",
        "script.py is slow; please optimise it.",
        "script.py must be fixed: it divides by zero.",
        "script.py needs fixing.",
        "Your task is to correct the function in script.py.",
        "Make a page. Also fix script.py.",
        "1. Show data.csv as a table\n2. Fix the off-by-one error in ./script.py\n",
        "Can you fix script.py?",
        "Fix the bug in\nscript.py and publish a page about it.",
        "Add a function mean() to script.py.",
        "Fix script.py without changing its output.",
        "Make script.py handle empty input.",
        "Fix this Python script and show its source.",
        "Show data.csv. Fix script.py and keep data.csv unchanged.",
    ],
)
def test_a_brief_that_asks_to_change_the_script_means_it_alone(brief: str) -> None:
    assert asked(brief) == {"script.py"}


@pytest.mark.parametrize(
    "brief",
    [
        "Update data.csv",
        "Fix the totals in data.csv. Show them.",
        "Correct the typos in data.csv and show it as a table.",
        "Remove the empty rows from data.csv.",
        "Add a row for March to data.csv.",
        "data.csv must be corrected: the price of Desk is 12.",
        "The totals in data.csv need to be fixed.",
        "Delete data.csv.",
        "Rename the columns in data.csv, then publish a page that shows them.",
        "Fix the wrong dates in data.csv and show the chart.",
        "Make the page blue and fix the typo in data.csv",
    ],
)
def test_a_brief_that_asks_to_change_the_data_means_it(brief: str) -> None:
    assert asked(brief) == {"data.csv"}


@pytest.mark.parametrize(
    "brief",
    [
        "Update the page so that it reads data.csv.",
        "Use data.csv to fix the totals.",
        "Use data.csv to fix script output in the page.",
        "Show data.csv as a table. Change the title.",
        "Change the title and show data.csv below it.",
        "Fix the chart of data.csv.",
        "Fix how data.csv is shown.",
        "Fix the page: it must show data.csv.",
        "Fix the table, data.csv has semicolons.",
        "Update the total in #total from data.csv.",
        "Fix the sum of data.csv in #total.",
        "Update data.csv viewer styles.",
        "Update data.csv's chart.",
        "Let users edit data.csv in the page.",
        "Publish an editor with which visitors can view and edit data.csv.",
        "A button that edits data.csv.",
        "The page should update data.csv.",
        "data.csv should be updated when the user presses Save.",
        "Do not change data.csv.",
        "Fix the page. Don't modify data.csv!",
        "Update the page; data.csv must not be changed.",
        "Update data.csv? No: leave data.csv unchanged.",
        "Remove data.csv from the page.",
        "Remove the data.csv table from the page.",
        "Change data.csv to sales.csv in the page.",
        "Add data.csv to the page.",
        "Sort data.csv by price in the table.",
        "Convert data.csv to JSON.",
        "Update the page to use https://example.com/data.csv.",
        "Fix the rows shown from data.csv.",
        "Update README.md.",
        "Improve the page and let the visitor drop data.csv on it.",
        "Correct totals: the page adds up data.csv wrongly.",
        "The page reads data.csv. Fix it.",
        "Fix mydata.csv and data.csv.bak",
        "Modify the script that loads data.csv so it sums the column.",
        "Change the table columns to those in data.csv.",
    ],
)
def test_naming_data_beside_a_change_is_no_leave_to_change_it(brief: str) -> None:
    assert not asked(brief) & {"data.csv", "old/notes.txt", "attachments/README.md"}


@pytest.mark.parametrize(
    "brief",
    [
        "Publish a page that shows script.py with its lines numbered.",
        "Update the page so that it loads app.js.",
        "Do not touch script.py or app.js.",
        "Update the page to use app.js.",
        "Publish an editor for users to edit script.py.",
        "Fix the page. script.py must stay unchanged.",
        "Fix the page without changing script.py.",
        "Fix the code.",
        "",
    ],
)
def test_code_that_is_only_used_shown_or_one_of_several_is_left_alone(brief: str) -> None:
    assert asked(brief) == set()


def test_a_kind_of_file_means_the_only_one_of_that_kind() -> None:
    assert asked("Fix this script.", "run.sh", "data.csv") == {"run.sh"}
    assert asked("Fix the attached shell script.", "run.sh", "main.py") == {"run.sh"}
    assert asked("Optimise the attached SQL query.", "q.sql") == {"q.sql"}
    assert asked("Fix the page that the script draws.", "run.sh") == set()


def test_only_a_file_that_is_itself_to_go_may_be_removed() -> None:
    for brief in (
        "Delete data.csv.",
        "Please remove script.py and data.csv.",
        "data.csv must be removed",
        "Rename data.csv to sales.csv.",
    ):
        assert "data.csv" in asked_changes(brief, FILES).removed, brief
    for brief in (
        "Fix data.csv.",
        "Remove the empty rows from data.csv.",
        "Remove data.csv from the page.",
        "Do not delete data.csv.",
    ):
        assert not asked_changes(brief, FILES).removed, brief


def test_an_attached_page_is_what_the_work_is_about_unless_it_is_to_stay() -> None:
    assert asked("Make it blue.", "index.html") == {"index.html"}
    assert asked("Publish the page. Keep index.html unchanged.", "index.html") == set()


def test_a_path_or_its_last_part_names_a_file_and_of_two_alike_only_the_path_does() -> None:
    assert asked("Remove notes.txt.") == {"old/notes.txt"}
    assert asked("Remove old/notes.txt.") == {"old/notes.txt"}
    assert asked("Remove a.txt.", "x/a.txt", "y/a.txt") == set()
    assert asked("Fix my report 2.py.", "my report 2.py") == {"my report 2.py"}


@pytest.mark.parametrize(
    "text",
    [
        "fix " * 100_000,
        "fix script.py " * 20_000,
        "script.py must " * 20_000,
        "not " * 100_000 + "change script.py",
        "." * 300_000,
        "\n- " * 90_000,
    ],
)
def test_a_hostile_brief_takes_no_time(text: str) -> None:
    with little_time():
        asked_changes(text, [*FILES, *(f"file-{n}.py" for n in range(200))])
