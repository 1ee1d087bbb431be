from __future__ import annotations

import pytest

from engine.core.brief import Brief
from engine.core.readme import OURS, empty_parts, readme_flaws
from engine.core.repository import missing_readme_parts
from engine.core.site import Frame, Origin, SiteFile, assemble
from tests.engine.core.test_readme import WHOLE

PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><title>Expense Tracker</title><style>p {}</style>
<script>
// Adds what the shown rows cost. More below.
function total(rows, column = 0) { return rows.length + column; }
const show = (name) => { total([name]); };
document.addEventListener("DOMContentLoaded", () => {
  const wanted = new URLSearchParams(location.search).get("category");
  fetch("expenses.csv"); fetch("https://api.example.com/rates");
  function inner() { show(wanted); }
  document.querySelector("#sort").addEventListener("click", inner);
});
</script>
<script src="https://cdn.jsdelivr.net/npm/marked@12.0.2/marked.min.js"></script>
</head><body><h1>Expense Tracker</h1><h2>By category</h2>
<label for="cat">Category</label><select id="cat"></select><input type="hidden" name="h"><label>Most <input type="number"></label>
<button id="sort">Largest first</button><form id="f"><input type="submit" value="Send"></form></body></html>
"""
TREE = {"index.html": PAGE.encode(), "expenses.csv": b"a,b\n1,2\n", "notes.csv": b""}
BRIEF = "Track expenses by category from expenses.csv.\n# not a heading"


def published(
    readme: str | None, *, page: str = PAGE, number: int = 1, present: dict[str, bytes] | None = None, **over: object
) -> tuple[str, list[str]]:
    """Return the README that is published where a model wrote `readme`, and what is said of it."""
    files, notes = site(readme, page=page, number=number, present=present, **over)
    return files["README.md"].content.decode(), [note for note in notes if "README" in note]


def site(
    readme: str | None, *, page: str = PAGE, number: int = 1, present: dict[str, bytes] | None = None, **over: object
) -> tuple[dict[str, SiteFile], list[str]]:
    brief = Brief("a@b.c", "expenses", number, "n", BRIEF if number == 1 else "Add a total.", (), ())
    frame = Frame(brief, TREE if present is None else present, (), f"round/{number}", 2026, **over)  # type: ignore[arg-type]
    written = {"index.html": page.encode(), **({} if readme is None else {"README.md": readme.encode()})}
    return assemble(frame, written, ())


@pytest.mark.parametrize(
    ("readme", "ours"),
    [
        (WHOLE, []),
        (None, ["Summary", "Setup", "Usage", "Code explanation", "Licence"]),
        ("", ["Summary", "Setup", "Usage", "Code explanation", "Licence"]),
        ("# Expense tracker\n", ["Summary", "Setup", "Usage", "Code explanation", "Licence"]),
        (WHOLE.replace("## Usage", "## Other"), ["Usage"]),
        (WHOLE.replace("Choose a category in the list.", "TBD"), ["Usage"]),
        (WHOLE.replace("Clone it", "npm install"), ["Installation"]),
        (WHOLE.replace("`index.html` reads `expenses.csv` when the page is opened.", ""), ["How it works"]),
        (
            "# Weather\n\n## Summary\n\nForecast temperatures, humidity, sunrise, pressure for cities worldwide, updated hourly.\n",
            ["Summary", "Setup", "Usage", "Code explanation", "Licence"],
        ),
    ],
    ids=["whole", "none", "empty", "title alone", "one missing", "stand-in", "npm", "empty part", "another app"],
)
def test_what_a_model_left_out_or_empty_is_written_by_the_service(readme: str | None, ours: list[str]) -> None:
    text, notes = published(readme)
    assert text.startswith("# ")
    written = [
        block.splitlines()[0].removeprefix("## ")
        for block in text.split("\n\n" + OURS)[:-1]
        for block in [block[block.rindex("\n## ") + 1 :]]
    ]
    assert written == ours
    assert bool(notes) == bool(ours)
    assert missing_readme_parts(text) == []
    assert empty_parts(text, TREE) == {}
    assert list(readme_flaws(text, {**TREE, "LICENSE": b"", ".nojekyll": b"", "README.md": b""})) == []
    assert "Weather" not in text


def test_a_models_whole_readme_is_published_as_it_is() -> None:
    files, notes = site(WHOLE)
    assert files["README.md"] == SiteFile(WHOLE.encode(), Origin.MODEL)
    assert not [note for note in notes if "README" in note]


def test_what_the_service_writes_is_of_this_very_app() -> None:
    files, _ = site(None)
    text = files["README.md"].content.decode()
    for line in (
        "> Track expenses by category from expenses.csv.",
        "> # not a heading",
        "The page is titled `Expense Tracker`.",
        "Its headings: `By category`.",
        "- `Category` (choice, `#cat`)",
        "- `Most` (number)",
        "- `Largest first` (button, `#sort`)",
        "- `Send` (button)",
        "The page's address may have the parameters `?category=`.",
        "Its script reads the data in `expenses.csv`.",
        "| `expenses.csv` | 8 | data, which the script reads |",
        "| `notes.csv` | 0 | data |",
        f"| `index.html` | {len(files['index.html'].content)} | the page, with its style and script |",
        "The script starts when the page has been read (`DOMContentLoaded`) and answers to the events `click`.",
        "- `total(rows, column = 0)`: Adds what the shown rows cost.",
        "- `show(name)`",
        "- `inner()`",
        "The page loads `marked 12.0.2` from `cdn.jsdelivr.net`.",
        "The script asks `api.example.com` for data.",
    ):
        assert line in text.splitlines(), line
    assert "git clone" not in text  # no address is known before the repository is made


def test_nothing_is_told_that_the_page_has_not() -> None:
    text, _ = published(None, page="<!DOCTYPE html><p>Hello", present={})
    for word in (
        "titled",
        "headings",
        "On the page there are",
        "parameters",
        "reads the data",
        "Functions",
        "loads",
        "events",
    ):
        assert word not in text
    assert "| `index.html` |" in text


def test_known_addresses_are_told() -> None:
    text, _ = published(None, clone_url="https://github.com/a/b", pages_url="https://a.github.io/b/")
    assert "git clone https://github.com/a/b app\ncd app\npython3 -m http.server" in text
    assert "Open the published page, <https://a.github.io/b/>" in text


def test_what_a_page_says_is_no_markup_of_the_readme() -> None:
    hostile = PAGE.replace("By category", "`</code> [a](javascript:1)\n\n## License").replace(
        "Adds what", "Adds <b> [x](y) what"
    )
    text, _ = published(None, page=hostile)
    assert "\n## License" not in text
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert text.count("\n## ") == 5


def test_a_later_round_tells_what_was_asked_and_which_files_changed() -> None:
    first = {path: file.content for path, file in site(None)[0].items()}
    files, notes = site(None, number=2, page=PAGE.replace("By category", "By month"), present=first)
    text = files["README.md"].content.decode()
    assert text.endswith(f"\n## Round 2\n\n{OURS}\n\n> Add a total.\n\nChanged: `index.html`.\n")
    assert "> Track expenses by category from expenses.csv." in text  # the app's own brief stays
    assert "Its headings: `By month`." in text  # what the service keeps is of the present tree
    assert any("did not tell of this round's changes" in note for note in notes)


def test_a_model_that_tells_of_its_changes_is_not_told_over() -> None:
    first = {path: file.content for path, file in site(WHOLE)[0].items()}
    told = WHOLE + "\n## Changes\n\nA total stands below the table now.\n"
    assert published(told, number=2, present=first) == (told, [])
    later = {**first, "README.md": told.encode()}
    text, _ = published(told.replace("Lists", "Shows"), number=3, present=later)
    assert text.endswith("\n## Round 3\n\n" + OURS + "\n\n> Add a total.\n\nNo file but this one was changed.\n")


def test_a_repair_tells_the_rounds_changes_anew_and_once() -> None:
    first = {path: file.content for path, file in site(WHOLE)[0].items()}
    second = {path: file.content for path, file in site(None, number=2, present=first)[0].items()}
    assert b"No file but this one was changed" in second["README.md"]
    repaired = {**second, "more.js": b"1"}
    text, _ = published(None, number=2, page=PAGE + "<!-- -->", present=repaired, repairs=True, before=first)
    assert text.count("## Round 2") == 1
    assert text.endswith("Changed: `index.html`. Added: `more.js`.\n")


def test_the_pages_size_and_functions_stay_true_in_a_repair() -> None:
    first = {path: file.content for path, file in site(None)[0].items()}
    files, _ = site(None, page=PAGE.replace("function inner", "function sorted"), present=first, repairs=True)
    text = files["README.md"].content.decode()
    assert "- `sorted()`" in text
    assert "- `inner()`" not in text
    assert f"| `index.html` | {len(files['index.html'].content)} |" in text
