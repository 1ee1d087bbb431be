"""The build script's part in a tree: what it gets, where its files and fills go, and what its failures leave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.brief import AttachedFile, Brief
from engine.domain.browser_report import Computation, Fill
from engine.domain.budget import fresh
from engine.domain.checks import Kind, Verdict
from engine.domain.repository import Origin, SiteFile
from engine.plan.schema import FileSource, PlannedFile, RequestPlan
from engine.steps.tree import ComputedTree, TreeContext, compute
from tests.fakes import NOW, FakeBrowser
from tests.fakes.ports import make_ports

DATA = AttachedFile("data.csv", "text/csv", b"a\n1\n")
RESULT = PlannedFile(path="result.json", source=FileSource.COMPUTED)
CONTEXT = TreeContext(
    Brief("a@b.c", "task", 1, "n", "Count.", (), (DATA,)), RequestPlan(files=(RESULT,)), {}, (), "round/1", 2026
)
PAGE = b"<!DOCTYPE html><b data-computed=n></b>"
TREE = {
    "index.html": SiteFile(PAGE, Origin.MODEL),
    "tools/build.js": SiteFile(b"async function build() {}", Origin.MODEL),
    "data.csv": SiteFile(DATA.content, Origin.ATTACHMENT),
    "LICENSE": SiteFile(b"MIT", Origin.SERVICE),
}
GIVEN = Computation({"result.json": b"{}\n"}, {"n": Fill("1", "1")})


def after(
    computation: Computation = GIVEN,
    tree: dict[str, SiteFile] | None = None,
    *,
    written: tuple[str, ...] = ("index.html", "tools/build.js"),
    **over: object,
) -> ComputedTree:
    return run(FakeBrowser(computed=computation), TREE if tree is None else tree, written, **over)


def run(
    browser: FakeBrowser | None, tree: dict[str, SiteFile], written: tuple[str, ...] = (), **over: object
) -> ComputedTree:
    context = replace(CONTEXT, computes=browser is not None, **over)
    return compute(context, tree, written, make_ports(browser=browser), fresh(NOW, 600))


def problem(built: ComputedTree) -> str:
    assert built.outcome is not None
    assert (built.outcome.check.kind, built.outcome.verdict) == (Kind.COMPUTED, Verdict.FAIL)
    return built.outcome.detail


def test_files_and_fills_enter_the_tree_as_computed() -> None:
    built = after()
    assert built.files["result.json"] == SiteFile(b"{}\n", Origin.COMPUTED)
    assert built.files["index.html"] == SiteFile(b"<!DOCTYPE html><b data-computed=n>1</b>", Origin.MODEL)
    assert {path: file for path, file in built.files.items() if path in TREE and path != "index.html"} == {
        path: file for path, file in TREE.items() if path != "index.html"
    }
    assert [(one.verdict, one.detail) for one in built.outcomes] == [(Verdict.PASS, "")]
    assert built.notes == ["tools/build.js computed result.json"]


def test_the_script_gets_the_tree_without_what_it_made_before() -> None:
    browser = FakeBrowser(computed=GIVEN)
    tree = TREE | {"result.json": SiteFile(b"old", Origin.CARRIED), "old.txt": SiteFile(b"o", Origin.CARRIED)}
    run(browser, tree, computed=["result.json"])
    assert browser.scripts == [
        ("async function build() {}", {"index.html": PAGE, "data.csv": b"a\n1\n", "old.txt": b"o"})
    ]


def test_the_script_gets_an_attachment_that_must_not_be_in_the_repository_too() -> None:
    browser = FakeBrowser(computed=GIVEN)
    run(browser, {path: file for path, file in TREE.items() if path != "data.csv"})
    assert browser.scripts[0][1]["data.csv"] == DATA.content
    run(browser, TREE | {"data.csv": SiteFile(b"changed", Origin.MODEL)})
    assert browser.scripts[1][1]["data.csv"] == b"changed"


def test_a_carried_page_that_is_filled_is_computed_so_that_the_gates_see_it() -> None:
    tree = TREE | {"index.html": SiteFile(PAGE, Origin.SERVICE)}
    assert after(tree=tree).files["index.html"].origin is Origin.COMPUTED
    filled = tree | {"index.html": SiteFile(PAGE.replace(b"></b>", b">1</b>"), Origin.SERVICE)}
    assert after(tree=filled).files["index.html"].origin is Origin.SERVICE


def test_a_computed_file_that_is_returned_no_more_goes() -> None:
    tree = TREE | {"old.json": SiteFile(b"[]", Origin.CARRIED), "kept.txt": SiteFile(b"k", Origin.CARRIED)}
    built = after(tree=tree, computed=["old.json"])
    assert "old.json" not in built.files
    assert built.files["kept.txt"] == tree["kept.txt"]
    assert built.notes == [
        "tools/build.js computed result.json",
        "old.json went: tools/build.js computes it no more",
    ]


def test_a_computed_file_that_the_model_writes_now_is_the_models() -> None:
    tree = TREE | {"old.json": SiteFile(b"[1]", Origin.MODEL)}
    assert after(tree=tree, computed=["old.json"], written=("old.json",)).files["old.json"] == tree["old.json"]


def test_an_error_is_a_failed_check_and_the_tree_stays_with_what_was_computed_before() -> None:
    tree = TREE | {"result.json": SiteFile(b"old", Origin.CARRIED)}
    built = after(Computation(error="tools/build.js:3: TypeError: no"), tree, computed=["result.json"])
    assert problem(built) == "tools/build.js:3: TypeError: no"
    assert built.files == tree | {"result.json": SiteFile(b"old", Origin.COMPUTED)}


def test_a_browser_that_did_not_run_decides_nothing() -> None:
    built = after(Computation(not_run="no check browser was free in time"))
    assert [(one.verdict, one.detail) for one in built.outcomes] == [
        (Verdict.NOT_RUN, "no check browser was free in time")
    ]
    assert built.files == TREE


def test_without_a_browser_a_script_is_not_run_and_its_absence_is_nothing() -> None:
    built = run(None, TREE)
    assert [(one.verdict, one.detail) for one in built.outcomes] == [
        (Verdict.NOT_RUN, "this machine runs no check browser (BROWSERS=0): set BROWSERS to 1 or more")
    ]
    assert run(None, {"index.html": TREE["index.html"]}).outcome is None


def test_a_tree_without_a_script_needs_one_only_if_the_plan_has_computed_files() -> None:
    page = {"index.html": TREE["index.html"]}
    assert problem(after(tree=page)) == "there is no tools/build.js, which is to compute result.json"
    assert after(tree=page, plan=RequestPlan()) == ComputedTree(page)


def test_a_planned_file_that_is_not_returned_is_a_failure() -> None:
    built = after(Computation(fills=GIVEN.fills))
    assert problem(built) == "build() returned no result.json, which it is to compute"


def test_a_computed_file_outranks_one_that_was_typed_in_the_same_answer_and_the_model_is_told() -> None:
    tree = TREE | {"result.json": SiteFile(b'{"n": 7}', Origin.MODEL)}
    built = after(tree=tree, written=("index.html", "tools/build.js", "result.json"))
    assert built.files["result.json"] == SiteFile(b"{}\n", Origin.COMPUTED)
    assert problem(built) == "result.json is in the answer too: leave it to tools/build.js"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../x", "its path holds an empty, '.' or '..' segment"),
        ("data.csv", "its path is an attachment's, which stays as it came"),
        ("index.html", "its path is the page's: only its marked places are filled, by fills"),
        ("secret.txt", "it must not be in the repository"),
        ("a.exe", "a static page has no use for a file of that type"),
        ("CNAME", "a static page has no use for a file of that type"),
        ("guide.pdf", "its path is an attachment's, which stays as it came"),
    ],
)
def test_a_file_that_it_may_not_make_is_left_out_and_the_others_are_taken(path: str, reason: str) -> None:
    built = after(
        replace(GIVEN, files={path: b"x", **GIVEN.files}),
        plan=RequestPlan(files=(RESULT,), absent=("secret.txt",)),
        protected=("guide.pdf",),
    )
    assert problem(built) == f"build() returned {path!r}, which was left out: {reason}"
    assert built.files["result.json"].origin is Origin.COMPUTED
    assert built.files.get(path) == TREE.get(path) or path == "index.html"


def test_marks_and_fills_that_do_not_meet_are_told() -> None:
    built = after(replace(GIVEN, fills={"m": Fill("1", "1")}))
    assert problem(built) == (
        'no element of index.html has data-computed="m"; build() returned no fill for data-computed="n"'
    )
