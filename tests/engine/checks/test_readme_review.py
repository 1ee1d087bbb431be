from __future__ import annotations

import pytest

from engine.checks.readme_review import readme_defects
from tests.little_time import LARGE, little_time

FILES = {"index.html": b"", "expenses.csv": b"", "LICENSE": b""}


@pytest.mark.parametrize(
    ("line", "defect"),
    [
        ("git clone https://github.com/your-username/app", "'your-username' stands for"),
        ("cd YOUR_REPO", "'YOUR_REPO' stands for"),
        ("See [your repo] for more.", "'[your repo]' stands for"),
        ("cd <repository-name>", "'<repository-name>' stands for"),
        ("TODO: write this", "'TODO:' stands for"),
        ("TBD", "'TBD' stands for"),
        ("Lorem ipsum dolor", "'Lorem ipsum' stands for"),
        ("`app.js` holds the code", "it tells of app.js, which is no file of the repository"),
        ("`./expenses.csv` and `index.html`", None),
        ("> TODO: quoted from the brief", None),
        ("# Todo list", None),
        ("Open <https://a.github.io/todo-app/>.", None),
        ("A TODO app: add a todo, tick it off.", None),
        ("See the [project page](https://a.github.io/).", None),
        ("It needs your name and a date.", None),
    ],
)
def test_what_is_left_in_a_readme_is_a_defect_with_its_line(line: str, defect: str | None) -> None:
    found = list(readme_defects(f"\n{line}", FILES))
    assert len(found) == (defect is not None)
    assert all(number == 2 and what.startswith(str(defect)) for number, what in found)


@pytest.mark.parametrize("text", ["`" * 100_000, "[your " * 30_000, "a\n" * 40_000])
def test_a_hostile_readme_is_read_in_little_time(text: str) -> None:
    with little_time(LARGE):
        list(readme_defects(text, FILES))
