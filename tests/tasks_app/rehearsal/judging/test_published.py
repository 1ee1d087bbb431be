"""Faults of files: in the commit, as they were attached, and as they are served."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tasks_app.rehearsal.criteria import CRITERIA
from tasks_app.rehearsal.judging.published import difference
from tests.doubles.http_server import Script
from tests.tasks_app.rehearsal.judging.world import FILES, PAGE, PIXEL

if TYPE_CHECKING:
    from tests.tasks_app.rehearsal.judging.world import World

ATTACHMENTS = "Attachments that stand in the commit are unchanged"
LINKS = "Every file that index.html links or loads by a relative address exists"


def reason_of(world: World, asked: dict[str, Any], **changes: Any) -> tuple[float | None, str]:
    """Judge one file criterion."""
    criteria = CRITERIA.validate_python([{"says": "the file", "file": asked}])
    found = world.judged(criteria=criteria, **changes)["the file"]
    return found.score, found.reason


def test_base64_text_instead_of_a_binary(world: World) -> None:
    world.publish(FILES | {"dot.png": b64encode(PIXEL)})
    attached = {"dot.png": PIXEL}
    named = "base64 text instead of the binary"
    score, reason = reason_of(world, {"path": "dot.png", "attachment": "dot.png"}, attachments=attached)
    assert (score, named in reason) == (0.0, True)
    found = world.judged(attachments=attached)[ATTACHMENTS]
    assert (found.score, found.reason) == (0.0, f"dot.png: {named}")


def test_base64_text_is_only_served(world: World) -> None:
    world.publish(FILES | {"dot.png": PIXEL})
    world.pages.files["dot.png"] = b"data:image/png;base64," + b64encode(PIXEL)
    score, reason = reason_of(world, {"path": "dot.png"})
    assert (score, reason) == (0.0, "dot.png is served (past caches) with base64 text instead of the binary")


def test_an_attachment_that_differs(world: World) -> None:
    world.publish(FILES | {"data.csv": b"a,b\n1,2\n"})
    found = world.judged(attachments={"data.csv": b"a,b\n1,3\n", "absent.csv": b"x"})[ATTACHMENTS]
    assert (found.score, found.reason) == (0.0, "data.csv: other bytes than expected (8 bytes, not 8)")
    assert "absent.csv is not in the commit" in found.log


def test_an_attachment_that_the_task_has_changed(world: World) -> None:
    world.publish(FILES | {"fix.js": b"let good;"})
    criteria = CRITERIA.validate_python([{"file": {"path": "fix.js", "lacks": ["bad"]}}])
    assert world.judged(criteria=criteria, attachments={"fix.js": b"let bad;"})[ATTACHMENTS].score == 1.0


def test_a_file_that_is_not_served(world: World) -> None:
    world.publish(FILES | {"data.json": b"{}"})
    del world.pages.files["data.json"]
    assert reason_of(world, {"path": "data.json"}) == (0.0, "data.json is not served: 404")


def test_a_stale_file_behind_a_cache(world: World) -> None:
    world.publish(FILES | {"data.json": b'{"new": 1}'})
    world.pages.answer = (  # type: ignore[method-assign]
        lambda asked: Script(body=b'{"new": 1}' if "?" in asked.path else b'{"old": 1}')
    )
    score, reason = reason_of(world, {"path": "data.json"})
    assert (score, reason.startswith("data.json is served (as it is) with other bytes")) == (0.0, True)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"path": "b.json"}, "the commit has no b.json"),
        ({"path": "A.json"}, "the commit has no A.json, but a.json"),
        ({"path": "a.json", "absent": True}, "the commit has a.json"),
        ({"path": "a.json", "json": ["x", "y"]}, "its JSON has no key 'y'"),
        ({"path": "notes.md", "json": ["x"]}, "it is no JSON"),
        ({"path": "notes.md", "words": [4, 9]}, "it has 3 words, not 4 to 9"),
        ({"path": "notes.md", "contains": ["two", "four"]}, "it does not hold 'four'"),
        ({"path": "notes.md", "lacks": ["two"]}, "it holds 'two'"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_files_that_are_not_as_asked(world: World, asked: dict[str, Any], reason: str) -> None:
    world.publish(FILES | {"a.json": b'{"x": 1}', "notes.md": b"one two three"})
    assert reason_of(world, asked) == (0.0, reason)


@pytest.mark.parametrize(
    "asked",
    [
        {"path": "a.json", "json": ["x"]},
        {"path": "no.json", "absent": True},
        {"path": "n/notes.md", "words": [3, 3], "contains": ["two"], "lacks": ["four"]},
        {"path": ".github/workflows/build.yml"},
    ],
    ids=lambda value: " ".join(value),
)
def test_files_that_are_as_asked(world: World, asked: dict[str, Any]) -> None:
    world.publish(
        FILES | {"a.json": b'{"x": 1}', "n/notes.md": b"one two three", ".github/workflows/build.yml": b"on: push"}
    )
    del world.pages.files[".github/workflows/build.yml"]
    assert reason_of(world, asked)[0] == 1.0


def test_a_link_that_leads_nowhere(world: World) -> None:
    world.publish(
        FILES | {"index.html": PAGE + b'<a href="about.html">About</a><script src="app.js"></script>', "app.js": b"1"}
    )
    found = world.judged()[LINKS]
    assert (found.score, found.reason) == (0.0, "line 2: 'about.html' is no file of the repository")


def test_a_file_that_a_workflow_publishes(world: World) -> None:
    page = PAGE + b'<a href="status.json">Status</a>'
    world.publish(FILES | {"index.html": page, ".github/workflows/build.yml": b"on: push"})
    world.pages.files["status.json"] = b"{}"
    assert world.judged()[LINKS].score == 1.0


def test_differences_are_named() -> None:
    assert difference(b"a\r\nb", b"a\nb\n").startswith("other line ends")
    assert difference(b64encode(b"plain"), b"plain") == "base64 text instead of the text itself"
    assert difference(b"", b"a") == "other bytes than expected (0 bytes, not 1)"
