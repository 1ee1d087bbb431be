"""Files salvaged from replies as weak models send them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.prompts.parsing.parsed_reply import Outcome, ParsedReply
from engine.prompts.parsing.salvage import cut_page, salvage
from engine.prompts.replies import parse_reply

RECORDED = Path(__file__).resolve().parents[3] / "samples" / "replies"
PAGE = "<!DOCTYPE html>\n<html><body>7</body></html>\n"


def recorded(name: str) -> ParsedReply:
    """Read a recorded reply as an answer to a request whose boundary it names."""
    text = (RECORDED / f"{name}.txt").read_text()
    boundary = text.partition("=== ")[2].partition(" ")[0] if "=== " in text else "7f3a9c"
    return parse_reply(text, boundary, finish_reason="length" if name == "cut-off" else "stop")


@pytest.mark.parametrize(
    ("name", "outcome", "files"),
    [
        ("one-fence", Outcome.SALVAGED, {"index.html"}),
        ("bare-page", Outcome.SALVAGED, {"index.html"}),
        ("named-fences", Outcome.SALVAGED, {"index.html", "style.css", "app.js"}),
        ("prose-around", Outcome.SALVAGED, {"index.html", "styles.css", "script.js"}),
        ("json-object", Outcome.SALVAGED, {"index.html"}),  # it is no JSON: the page stands in backticks
        ("json-list", Outcome.NO_FILES, set()),  # it lists the page's parts, none of them a file
        ("readme-only", Outcome.NO_FILES, set()),
        ("cut-off", Outcome.TRUNCATED, set()),
        ("marks-in-a-fence", Outcome.SALVAGED, {"index.html"}),
        ("cause-first", Outcome.OK, {"index.html"}),
    ],
)
def test_a_recorded_reply_is_read_for_what_it_holds(name: str, outcome: Outcome, files: set[str]) -> None:
    reply = recorded(name)
    assert (reply.outcome, set(reply.files)) == (outcome, files)
    assert bool(reply.problems) == (outcome is not Outcome.OK)
    if "index.html" in files:
        page = reply.files["index.html"].decode()
        assert page.startswith("<!DOCTYPE html>")
        assert page.rstrip().endswith("</html>")


def test_every_recorded_reply_is_in_the_table() -> None:
    marks = test_a_recorded_reply_is_read_for_what_it_holds.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks[0].args[1]} == {path.stem for path in RECORDED.glob("*.txt")}


def test_of_a_recorded_page_without_an_end_all_is_kept_that_there_is() -> None:
    half = recorded("cut-off").cut.decode()
    assert half.startswith("<!DOCTYPE html>")
    assert "tip" in half.splitlines()[-2]


def test_a_page_gets_its_nameless_style_sheet_and_script() -> None:
    reply = recorded("prose-around")
    for name in ("styles.css", "script.js"):
        assert name in reply.files["index.html"].decode()
    assert b"{" in reply.files["styles.css"]
    assert b"addEventListener" in reply.files["script.js"]


def test_a_nameless_script_that_the_page_does_not_load_is_an_example() -> None:
    assert set(salvage(f"```html\n{PAGE}```\nor so:\n```js\nrun()\n```\n")) == {"index.html"}


def test_a_script_from_another_host_asks_for_no_block() -> None:
    page = PAGE.replace("7", "<script src='https://cdn.example/a.js'></script>")
    assert set(salvage(f"```html\n{page}```\n```js\nrun()\n```\n")) == {"index.html"}


FILES = {"index.html": PAGE, "README.md": "# App\n"}


@pytest.mark.parametrize(
    "value",
    [
        FILES,
        {"files": FILES, "notes": "done"},
        [{"path": name, "content": text} for name, text in FILES.items()],
        {"files": [{"filename": name, "code": text} for name, text in FILES.items()]},
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "Here is index.html with its README.md:\n```json\n{}\n```\nEnjoy!", "Sure:\n{}"]
)
def test_files_in_json_are_found(value: object, around: str) -> None:
    assert salvage(around.replace("{}", json.dumps(value, indent=1))) == FILES


def test_json_with_the_line_ends_of_a_file_as_they_are_is_read() -> None:
    assert salvage('{"index.html": "<p>\n7</p>"}') == {"index.html": "<p>\n7</p>"}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', "[1, 2]", "[]", '{"index.html": 7}', '{"../x": "y"}', '{"files": "none"}', '{"index.html": "<p'],
)
def test_json_without_files_holds_none(text: str) -> None:
    assert salvage(text) == {}


def test_a_page_that_begins_inside_json_is_no_half_page() -> None:
    assert cut_page('{"index.html": "<!DOCTYPE html>\\n<html>') == ""
    assert cut_page("no page") == ""
    assert cut_page("So:\n<!DOCTYPE html>\n<html><body>") == "<!DOCTYPE html>\n<html><body>\n"


def test_a_program_is_a_file_and_how_it_is_called_is_none() -> None:
    answer = (
        "script.py:\n```python\nprint(1)\n```\n"
        "Run script.py:\n```bash\npython3 script.py --with --many --arguments\n```\n"
    )
    assert salvage(answer) == {"script.py": "print(1)\n"}
    assert salvage("```run.sh\necho 1\n```\n") == {"run.sh": "echo 1\n"}
    assert salvage("Run script.py:\n```\npython3 script.py\n```\n") == {}
