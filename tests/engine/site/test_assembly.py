from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import repository
from engine.core.brief import AttachedFile, Brief
from engine.core.site import Frame, Origin, SiteFile, assemble

PAGE = (
    b'<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>'
    b"<body>one</body></html>"
)
README = b"""# App
## Summary
A page that says one.
## Setup
Serve it with any file server.
## Usage
Open it and read it.
## Code
All of it is in `index.html`.
## Licence
MIT
"""
DATA = AttachedFile("data.csv", "text/csv", b"a,b\r\n1,2\r\n")


def frame(
    text: str = "Make a page.",
    *,
    number: int = 1,
    attachments: tuple[AttachedFile, ...] = (),
    present: dict[str, bytes] | None = None,
    protected: tuple[str, ...] = (),
) -> Frame:
    brief = Brief("a@b.c", "task", number, "n", text, (), attachments)
    return Frame(brief, present or {}, protected, marker="round/1", year=2026)


def contents(files: dict[str, SiteFile]) -> dict[str, bytes]:
    return {path: file.content for path, file in files.items()}


def test_the_service_adds_licence_nojekyll_and_marker() -> None:
    files, notes = assemble(frame(), {"index.html": PAGE, "README.md": README}, ())
    assert set(files) == {"index.html", "README.md", "LICENSE", ".nojekyll"}
    assert repository.is_mit(files["LICENSE"].content.decode())
    assert repository.read_marker(files["index.html"].content) == "round/1"
    assert files["README.md"] == SiteFile(README, Origin.MODEL)
    assert notes == []


def test_attachments_are_there_byte_for_byte_whatever_the_model_wrote() -> None:
    written = {"index.html": PAGE, "README.md": README, "data.csv": b"invented"}
    files, notes = assemble(frame(attachments=(DATA,)), written, ())
    assert files["data.csv"] == SiteFile(DATA.content, Origin.ATTACHMENT)
    assert any("data.csv" in note for note in notes)


def test_a_brief_that_asks_to_change_the_attachment_gets_the_models_version() -> None:
    written = {"index.html": PAGE, "README.md": README, "data.csv": b"fixed"}
    files, _ = assemble(frame("Fix the totals in data.csv. Show them.", attachments=(DATA,)), written, ())
    assert files["data.csv"] == SiteFile(b"fixed", Origin.MODEL)


SCRIPT = AttachedFile("run.sh", "application/x-sh", b"#!/bin/sh\r\necho 1\r\n")


def test_a_changed_attachment_may_have_any_type_and_keeps_its_line_ends() -> None:
    written = {"index.html": PAGE, "README.md": README, "run.sh": b"#!/bin/sh\necho 2\n"}
    files, notes = assemble(frame("Fix the attached script.", attachments=(SCRIPT,)), written, ())
    assert files["run.sh"] == SiteFile(b"#!/bin/sh\r\necho 2\r\n", Origin.MODEL)
    assert notes == []


@pytest.mark.parametrize("content", [b"\x00\x01" * 10, b"line\n" * 20_000])
def test_what_a_model_cannot_have_seen_whole_is_not_replaced_though_the_brief_asks(content: bytes) -> None:
    file = AttachedFile("run.sh", "application/x-sh", content)
    written = {"index.html": PAGE, "README.md": README, "run.sh": b"short\n"}
    files, notes = assemble(frame("Fix run.sh.", attachments=(file,)), written, ())
    assert files["run.sh"] == SiteFile(content, Origin.ATTACHMENT)
    assert any("too long" in note for note in notes)


def test_a_fix_is_no_leave_to_delete_and_a_removal_is() -> None:
    written = {"index.html": PAGE, "README.md": README}
    files, notes = assemble(frame("Fix run.sh.", attachments=(SCRIPT,)), written, ("run.sh",))
    assert files["run.sh"].content == SCRIPT.content
    assert notes
    files, notes = assemble(frame("Remove run.sh.", attachments=(SCRIPT,)), written, ("run.sh",))
    assert "run.sh" not in files
    assert notes == []


def test_an_attached_page_is_changed_by_the_model() -> None:
    page = AttachedFile("index.html", "text/html", PAGE)
    files, _ = assemble(frame("Make it two.", attachments=(page,)), {"index.html": PAGE.replace(b"one", b"two")}, ())
    assert b"two" in files["index.html"].content


def test_later_rounds_and_repairs_keep_the_changed_version() -> None:
    present = {"index.html": PAGE, "README.md": README, "run.sh": b"fixed"}
    later, _ = assemble(
        frame("Make it blue.", number=2, present=present, protected=("run.sh",)),
        {"run.sh": b"x", "README.md": b"# B\n"},
        (),
    )
    assert later["run.sh"] == SiteFile(b"fixed", Origin.CARRIED)
    repairs = replace(frame("Fix run.sh.", attachments=(SCRIPT,), present=present), repairs=True)
    again, _ = assemble(repairs, {"index.html": PAGE}, ())
    assert again["run.sh"].content == b"fixed"
    gone = replace(
        repairs, brief=replace(repairs.brief, text="Remove run.sh."), present={"index.html": PAGE, "README.md": README}
    )
    assert "run.sh" not in assemble(gone, {"index.html": PAGE}, ())[0]


def test_a_later_round_keeps_what_is_not_mentioned_and_earlier_attachments() -> None:
    present = {
        "index.html": PAGE,
        "README.md": README,
        "data.csv": DATA.content,
        "app.js": b"1",
        "LICENSE": b"MIT License without restriction",
    }
    later = frame("Add a heading.", number=2, present=present, protected=("data.csv",))
    files, notes = assemble(
        later, {"index.html": PAGE.replace(b"one", b"two"), "data.csv": b"x"}, ("app.js", "data.csv", "LICENSE")
    )
    assert files["data.csv"] == SiteFile(DATA.content, Origin.CARRIED)
    assert "app.js" not in files
    assert files["LICENSE"].origin is Origin.CARRIED
    assert b"two" in files["index.html"].content
    assert len([n for n in notes if "data.csv" in n]) == 2


def test_a_carried_page_with_a_new_marker_is_no_longer_carried() -> None:
    present = {"index.html": PAGE, "README.md": README}
    files, _ = assemble(frame(number=2, present=present), {"more.txt": b"x"}, ())
    assert files["index.html"].origin is Origin.SERVICE


def test_a_readme_that_lacks_headings_gets_them_from_the_service() -> None:
    files, notes = assemble(
        frame("Do it.\n# not a heading of ours"), {"index.html": PAGE, "README.md": b"# Mine\n"}, ()
    )
    text = files["README.md"].content.decode()
    assert text.startswith("# Mine\n")
    assert repository.missing_readme_parts(text) == []
    assert "> # not a heading of ours" in text
    assert files["README.md"].origin is Origin.MODEL
    assert notes == [
        "README.md lacked a heading for summary, setup, usage, code explanation, licence; the service added it"
    ]


@pytest.mark.parametrize("readme", [None, README])
def test_a_later_round_without_a_new_readme_says_what_it_asked_for(readme: bytes | None) -> None:
    written = {"index.html": PAGE, **({"README.md": readme} if readme else {})}
    first = contents(assemble(frame(), {"index.html": PAGE, "README.md": README}, ())[0])
    second, notes = assemble(frame("Now that.", number=2, present=first), written, ())
    assert "Last request (round 2): Now that.\n" in second["README.md"].content.decode()
    assert notes == []
    third, _ = assemble(frame("More.", number=3, present=contents(second)), {"index.html": PAGE}, ())
    text = third["README.md"].content.decode()
    assert "Last request (round 3): More.\n" in text
    assert text.count("Last request") == 1
    repair = replace(frame("More.", number=3, present=contents(third)), repairs=True, before=contents(second))
    again, _ = assemble(repair, {"index.html": PAGE.replace(b"one", b"two")}, ())
    assert again["README.md"].content == third["README.md"].content


def test_without_a_readme_the_service_writes_one() -> None:
    files, _ = assemble(frame(), {"index.html": PAGE}, ())
    assert files["README.md"].origin is Origin.SERVICE
    assert files["README.md"].content.startswith(b"# task\n")


def test_a_page_gets_the_links_that_it_lacks_to_the_files_that_are_there() -> None:
    brief = "Create notes.txt, data.json and haiku.txt. index.html links to them."
    written = {"index.html": PAGE, "README.md": README, "notes.txt": b"n\n", "data.json": b"{}\n"}
    files, notes = assemble(frame(brief), written, ())
    page = files["index.html"].content.decode()
    assert '<nav aria-label="Files">' in page
    assert page.index("</nav>") < page.index("</body>")
    assert '<a href="notes.txt">notes.txt</a>' in page
    assert "haiku" not in page  # it is not there
    assert notes == ["index.html lacked links to notes.txt, data.json; the service added them"]
    again, notes = assemble(frame(brief), {**written, "index.html": page.encode()}, ())
    assert (again["index.html"].content.decode(), notes) == (page, [])


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Create notes.txt. index.html links to it.", PAGE.replace(b"one", b"<a href=notes.txt>")),
        ("Create notes.txt. index.html links to it.", PAGE.replace(b"one", b"<script>show('notes.txt')</script>")),
        ("Create notes.txt. index.html links to it.", PAGE.replace(b"</body></html>", b"<script>cut")),
        ("Make a page that says one.", PAGE),
    ],
    ids=["linked", "named in a script", "without an end", "no files asked for"],
)
def test_a_page_that_links_what_it_should_or_has_no_end_gets_no_links(text: str, page: bytes) -> None:
    files, _ = assemble(frame(text), {"index.html": page, "README.md": README, "notes.txt": b"n\n"}, ())
    assert b"<nav" not in files["index.html"].content


def test_an_attached_page_gets_no_links() -> None:
    page = AttachedFile("index.html", "text/html", PAGE)
    files, _ = assemble(
        frame("Create notes.txt, linked from the page.", attachments=(page,)),
        {"README.md": README, "notes.txt": b"n\n"},
        (),
    )
    assert b"<nav" not in files["index.html"].content


def test_a_page_of_the_models_gets_the_beginning_that_it_lacks_and_no_other() -> None:
    files, notes = assemble(
        frame(), {"index.html": b"<html><head><title>T</title></head></html>", "README.md": README}, ()
    )
    page = files["index.html"].content.decode()
    assert page.startswith("<!DOCTYPE html>\n<html><head>\n<meta name=")
    assert page.count("<meta charset=") == page.count('name="viewport"') == 1
    assert notes == ["index.html lacked its doctype, charset, viewport; the service added it"]
    attached = AttachedFile("index.html", "text/html", b"<p>one")
    files, notes = assemble(frame(attachments=(attached,)), {"README.md": README}, ())
    assert b"charset" not in files["index.html"].content
    again, notes = assemble(frame(), {"index.html": page.encode(), "README.md": README}, ())
    assert (again["index.html"].content.decode(), notes) == (page, [])


def test_what_the_model_asks_of_the_host_is_asked_of_the_site_and_attachments_stay_as_they_came() -> None:
    page = PAGE.replace(b"one", b"<script src='/app.js'></script>")
    code = AttachedFile("code.js", "text/javascript", b"fetch('/data.csv')")
    written = {"index.html": page, "app.js": b"fetch('/data.csv')", "sub/more.js": b"fetch('/data.csv')"}
    files, notes = assemble(frame(attachments=(DATA, code)), written, ())
    assert b"src='./app.js'" in files["index.html"].content
    assert files["app.js"] == SiteFile(b"fetch('./data.csv')", Origin.MODEL)
    assert files["code.js"].content == code.content
    assert files["sub/more.js"].content == b"fetch('/data.csv')"
    assert [note for note in notes if "at the root of the host" in note] == [
        "index.html asked for /app.js at the root of the host; the service put a dot in front",
        "app.js asked for /data.csv at the root of the host; the service put a dot in front",
    ]
