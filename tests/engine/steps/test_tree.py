from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.brief import AttachedFile, Brief, MissingFile, Source
from engine.domain.repository import Origin, SiteFile
from engine.plan.schema import FileSource as Planned
from engine.plan.schema import PlannedFile, RequestPlan
from engine.prompts.generate import LONGEST_CHANGED
from engine.site import repository_files
from engine.site.readme import missing_readme_parts
from engine.steps.tree import TreeContext, assemble, with_line_ends_of
from tests.marker import read_marker

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
SCRIPT = AttachedFile("run.sh", "application/x-sh", b"#!/bin/sh\r\necho 1\r\n")
WRITTEN = {"index.html": PAGE, "README.md": README}
FIX = PlannedFile(path="run.sh", source=Planned.CHANGED, origin="run.sh")


def plan(*files: PlannedFile, absent: tuple[str, ...] = ()) -> RequestPlan:
    usual = [PlannedFile(path=path, source=Planned.WRITE) for path in ("index.html", "README.md")]
    return RequestPlan(files=(*files, *usual, PlannedFile(path="LICENSE", source=Planned.SERVICE)), absent=absent)


def frame(
    *files: PlannedFile,
    text: str = "Make a page.",
    number: int = 1,
    attachments: tuple[AttachedFile, ...] = (),
    present: dict[str, bytes] | None = None,
    protected: tuple[str, ...] = (),
    absent: tuple[str, ...] = (),
    **over: object,
) -> TreeContext:
    brief = Brief("a@b.c", "task", number, "n", text, (), attachments)
    made = TreeContext(brief, plan(*files, absent=absent), present or {}, protected, marker="round/1", year=2026)
    return replace(made, **over)


def contents(files: dict[str, SiteFile]) -> dict[str, bytes]:
    return {path: file.content for path, file in files.items()}


def test_the_service_adds_licence_nojekyll_and_marker() -> None:
    files, notes = assemble(frame(), WRITTEN, ())
    assert set(files) == {"index.html", "README.md", "LICENSE", ".nojekyll"}
    assert repository_files.is_mit(files["LICENSE"].content.decode())
    assert read_marker(files["index.html"].content) == "round/1"
    assert files["README.md"] == SiteFile(README, Origin.MODEL)
    assert notes == []


@pytest.mark.parametrize("planned", [True, False])
def test_attachments_are_there_byte_for_byte_whatever_the_model_wrote(planned: bool) -> None:
    files = [PlannedFile(path="data.csv", source=Planned.ATTACHMENT, origin="data.csv")] if planned else []
    tree, notes = assemble(frame(*files, attachments=(DATA,)), {**WRITTEN, "data.csv": b"invented"}, ())
    assert tree["data.csv"] == SiteFile(DATA.content, Origin.ATTACHMENT)
    assert notes == ["data.csv is an attachment and stays as it came; the model's version was left out"]


def test_an_attachment_that_the_plan_wants_changed_gets_the_models_version_with_its_line_ends() -> None:
    written = {**WRITTEN, "run.sh": b"#!/bin/sh\necho 2\n"}
    files, notes = assemble(frame(FIX, attachments=(SCRIPT,)), written, ())
    assert files["run.sh"] == SiteFile(b"#!/bin/sh\r\necho 2\r\n", Origin.MODEL)
    assert notes == []


def test_an_attachment_that_was_to_be_changed_and_was_not_stays_as_it_came() -> None:
    files, _ = assemble(frame(FIX, attachments=(SCRIPT,)), WRITTEN, ())
    assert files["run.sh"] == SiteFile(SCRIPT.content, Origin.ATTACHMENT)


def test_a_changed_attachment_may_go_elsewhere_and_the_original_stays() -> None:
    moved = PlannedFile(path="bin/run.sh", source=Planned.CHANGED, origin="run.sh")
    files, _ = assemble(frame(moved, attachments=(SCRIPT,)), {**WRITTEN, "bin/run.sh": b"#!/bin/sh\necho 2\n"}, ())
    assert files["bin/run.sh"] == SiteFile(b"#!/bin/sh\r\necho 2\r\n", Origin.MODEL)
    assert files["run.sh"] == SiteFile(SCRIPT.content, Origin.ATTACHMENT)


@pytest.mark.parametrize("content", [b"\x89PNG\0\x01", b"x" * (LONGEST_CHANGED + 1)], ids=["no text", "too long"])
def test_what_a_model_cannot_have_seen_whole_is_not_replaced_though_the_plan_says_so(content: bytes) -> None:
    attached = (replace(SCRIPT, content=content),)
    files, notes = assemble(frame(FIX, attachments=attached), {**WRITTEN, "run.sh": b"short\n"}, ())
    assert files["run.sh"] == SiteFile(content, Origin.ATTACHMENT)
    assert any("too long" in note for note in notes)


def test_an_attached_page_is_changed_by_the_model() -> None:
    page = AttachedFile("index.html", "text/html", PAGE)
    change = PlannedFile(path="index.html", source=Planned.CHANGED, origin="index.html")
    files, _ = assemble(frame(change, attachments=(page,)), {"index.html": PAGE.replace(b"one", b"two")}, ())
    assert b"two" in files["index.html"].content


@pytest.mark.parametrize("absent", ["draft.txt", "out/"])
def test_what_must_not_be_there_never_gets_in(absent: str) -> None:
    forbidden = {"draft.txt": b"d", "out/a.json": b"{}", "out/b/c.json": b"{}"}
    files, notes = assemble(frame(absent=(absent,)), {**WRITTEN, **forbidden}, ())
    left_out = [path for path in forbidden if path.startswith(absent)]
    assert forbidden.keys() - files.keys() == set(left_out)
    assert notes == [f"{path} must not be in the repository and was left out" for path in left_out]


def test_what_must_not_be_there_is_removed_though_it_was_attached_or_is_there() -> None:
    output = PlannedFile(path="result.json", source=Planned.WORKFLOW_OUTPUT)
    present = {**WRITTEN, "result.json": b"{}", "old.txt": b"o"}
    files, notes = assemble(
        frame(output, attachments=(DATA,), present=present, protected=("old.txt",), absent=("data.csv", "old.txt")),
        {**WRITTEN, "result.json": b"{}"},
        ("data.csv", "old.txt"),
    )
    assert set(files) == {"index.html", "README.md", "LICENSE", ".nojekyll"}
    assert notes == ["result.json must not be in the repository and was left out"]


def test_what_the_service_converted_is_the_services() -> None:
    table = AttachedFile("data.csv", "text/csv", b"a\n1\n", Source.WORKBOOK)
    converted = PlannedFile(path="data.csv", source=Planned.CONVERTED, origin="data.xlsx")
    files, notes = assemble(frame(converted, attachments=(table,)), {**WRITTEN, "data.csv": b"a\n2\n"}, ())
    assert files["data.csv"] == SiteFile(table.content, Origin.SERVICE)
    assert notes == ["data.csv is of the service and stays as it came; the model's version was left out"]


LACKS = (MissingFile("rates.json", "HTTP 503", Source.ADDRESS, "https://api.test/rates"),)


def test_data_that_could_not_be_had_or_made_is_not_taken_from_a_model() -> None:
    converted = PlannedFile(path="table.csv", source=Planned.CONVERTED, origin="book.xlsx")
    lacks = frame(converted, missing=LACKS)
    files, notes = assemble(lacks, {**WRITTEN, "table.csv": b"a\n1\n", "rates.json": b"{}"}, ())
    assert not {"table.csv", "rates.json"} & files.keys()
    assert notes == [
        f"{path} could not be had or made, is nothing to invent, and was left out"
        for path in ("table.csv", "rates.json")
    ]


def test_earlier_data_stays_if_it_cannot_be_fetched_again() -> None:
    later = frame(number=2, missing=LACKS, present={**WRITTEN, "rates.json": b'{"usd": 1}'})
    files, _ = assemble(later, {"rates.json": b"{}"}, ())
    assert files["rates.json"] == SiteFile(b'{"usd": 1}', Origin.CARRIED)


@pytest.mark.parametrize(
    ("path", "taken"), [("app.js", True), ("notes/a.txt", True), ("run.exe", False), ("CNAME", False)]
)
def test_a_file_that_the_plan_does_not_name_is_kept_if_its_type_is_a_pages(path: str, taken: bool) -> None:
    files, notes = assemble(frame(), {**WRITTEN, path: b"x"}, ())
    assert (path in files) is taken
    assert notes == ([] if taken else [f"{path} was left out: a static page has no use for a file of that type"])


@pytest.mark.parametrize("path", ["Makefile", ".github/workflows/ci.yml", "tools/run.sh"])
def test_a_file_that_the_plan_names_is_kept_whatever_its_type(path: str) -> None:
    files, notes = assemble(frame(PlannedFile(path=path, source=Planned.WRITE)), {**WRITTEN, path: b"x\n"}, ())
    assert files[path] == SiteFile(b"x\n", Origin.MODEL)
    assert notes == []


def test_a_licence_of_the_models_never_takes_the_place_of_the_services() -> None:
    files, notes = assemble(frame(), {**WRITTEN, "LICENSE": b"Mine alone.", ".nojekyll": b"x"}, ())
    assert repository_files.is_mit(files["LICENSE"].content.decode())
    assert files[".nojekyll"].content == b""
    assert notes == []


def test_a_later_round_keeps_what_is_not_mentioned_and_earlier_attachments() -> None:
    present = {
        **WRITTEN,
        "data.csv": DATA.content,
        "app.js": b"1",
        "LICENSE": repository_files.licence(2025, "Somebody"),
    }
    later = frame(text="Add a heading.", number=2, present=present, protected=("data.csv",))
    files, notes = assemble(
        later, {"index.html": PAGE.replace(b"one", b"two"), "data.csv": b"x"}, ("app.js", "data.csv", "LICENSE")
    )
    assert files["data.csv"] == SiteFile(DATA.content, Origin.CARRIED)
    assert "app.js" not in files
    assert files["LICENSE"].origin is Origin.CARRIED
    assert b"two" in files["index.html"].content
    assert notes[:3] == [
        "data.csv was to be deleted and stays: the plan does not say so",
        "LICENSE was to be deleted and stays: the plan does not say so",
        "data.csv is an attachment and stays as it came; the model's version was left out",
    ]


@pytest.mark.parametrize("path", ["run.sh", "README.md"])
def test_an_attachment_of_an_earlier_round_is_changed_where_the_plan_of_this_one_says_so(path: str) -> None:
    present = {**WRITTEN, "run.sh": SCRIPT.content}
    later = frame(FIX, number=2, present=present, protected=("run.sh", "README.md"))
    files, notes = assemble(later, {path: b"# New\n"}, ())
    assert files[path].content.startswith(b"# New")
    assert not any("stays as it" in note for note in notes)


def test_an_attachment_of_this_round_takes_the_place_of_the_file_of_the_round_before() -> None:
    present = {**WRITTEN, "data.csv": b"old"}
    files, _ = assemble(frame(number=2, present=present, protected=("data.csv",), attachments=(DATA,)), WRITTEN, ())
    assert files["data.csv"] == SiteFile(DATA.content, Origin.ATTACHMENT)


def test_a_repair_keeps_what_the_first_try_made_of_an_attachment() -> None:
    present = {**WRITTEN, "run.sh": b"fixed", "data.csv": DATA.content}
    repairs = frame(FIX, attachments=(SCRIPT, DATA), present=present, repairs=True)
    files, _ = assemble(repairs, {"index.html": PAGE}, ())
    assert files["run.sh"] == SiteFile(b"fixed", Origin.CARRIED)
    assert files["data.csv"] == SiteFile(DATA.content, Origin.ATTACHMENT)


def test_a_repair_may_change_it_once_more_with_the_line_ends_of_the_first_try() -> None:
    present = {**WRITTEN, "run.sh": b"echo 2\n"}
    files, _ = assemble(frame(FIX, attachments=(SCRIPT,), present=present, repairs=True), {"run.sh": b"echo 3\n"}, ())
    assert files["run.sh"] == SiteFile(b"echo 3\n", Origin.MODEL)


def test_a_repair_brings_nothing_back_that_must_not_be_there() -> None:
    repairs = frame(attachments=(SCRIPT,), present=dict(WRITTEN), repairs=True, absent=("run.sh",))
    assert "run.sh" not in assemble(repairs, {"index.html": PAGE}, ())[0]


@pytest.mark.parametrize(
    ("original", "written", "came_out"),
    [
        (b"a\r\nb\r\n", b"c\nd\n", b"c\r\nd\r\n"),
        (b"a\nb\n", b"c\nd\n", b"c\nd\n"),
        (b"a\r\nb\n", b"c\nd\n", b"c\nd\n"),
        (b"", b"c\nd\n", b"c\nd\n"),
        (b"a\r\n", b"c\r\nd\n", b"c\r\nd\n"),
    ],
)
def test_a_new_version_has_the_line_ends_of_the_file_where_these_are_of_one_kind(
    original: bytes, written: bytes, came_out: bytes
) -> None:
    assert with_line_ends_of(original, written) == came_out


def test_a_carried_page_with_a_new_marker_is_no_longer_carried() -> None:
    files, _ = assemble(frame(number=2, present=dict(WRITTEN)), {"more.txt": b"x"}, ())
    assert files["index.html"].origin is Origin.SERVICE


def test_a_readme_that_lacks_headings_gets_them_from_the_service() -> None:
    asked = frame(text="Do it.\n# not a heading of ours")
    files, notes = assemble(asked, {"index.html": PAGE, "README.md": b"# Mine\n"}, ())
    text = files["README.md"].content.decode()
    assert text.startswith("# Mine\n")
    assert missing_readme_parts(text) == []
    assert "> # not a heading of ours" in text
    assert files["README.md"].origin is Origin.MODEL
    assert notes == [
        "README.md lacked a heading for summary, setup, usage, code explanation, licence; the service added it"
    ]


@pytest.mark.parametrize("readme", [None, README])
def test_a_later_round_without_a_new_readme_says_what_it_asked_for(readme: bytes | None) -> None:
    written = {"index.html": PAGE, **({"README.md": readme} if readme else {})}
    first = contents(assemble(frame(), WRITTEN, ())[0])
    second, notes = assemble(frame(text="Now that.", number=2, present=first), written, ())
    assert "Last request (round 2): Now that.\n" in second["README.md"].content.decode()
    assert notes == []
    third, _ = assemble(frame(text="More.", number=3, present=contents(second)), {"index.html": PAGE}, ())
    text = third["README.md"].content.decode()
    assert "Last request (round 3): More.\n" in text
    assert text.count("Last request") == 1
    repair = frame(text="More.", number=3, present=contents(third), repairs=True, before=contents(second))
    again, _ = assemble(repair, {"index.html": PAGE.replace(b"one", b"two")}, ())
    assert again["README.md"].content == third["README.md"].content


def test_without_a_readme_the_service_writes_one() -> None:
    files, _ = assemble(frame(), {"index.html": PAGE}, ())
    assert files["README.md"].origin is Origin.SERVICE
    assert files["README.md"].content.startswith(b"# task\n")


def test_the_readme_tells_of_data_that_could_not_be_had() -> None:
    files, _ = assemble(frame(missing=LACKS), WRITTEN, ())
    assert "- https://api.test/rates could not be read: HTTP 503.\n" in files["README.md"].content.decode()


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


def test_what_is_no_page_is_not_made_one() -> None:
    files, notes = assemble(frame(), {"index.html": b"I am sorry.\n", "README.md": README}, ())
    assert not repository_files.is_html(files["index.html"].content)
    assert notes == []


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
