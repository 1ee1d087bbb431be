"""What a review tells, of what, and how quickly; and that our own pages are without a flaw."""

from __future__ import annotations

import pytest

from engine.adapters.simulated_author import SimulatedAuthor
from engine.checks.review import GRAVE, MOST_FLAWS, STYLE, issues_in, review_results
from engine.domain.brief import AttachedFile, Brief
from engine.domain.checks import Check, Kind, Verdict, parse_check
from engine.plan.schema import FileSource, PlannedFile, RequestPlan
from engine.prompts.generate import generate_prompt
from engine.prompts.replies import parse_reply
from engine.site.fallback_page import fallback_page
from tests.engine.checks.good_page import BESIDE, GOOD
from tests.little_time import LARGE, little_time

README = b"# Rates\n\nShows rates.\n\n## Setup\n\nThere is no `npm install`: serve the folder.\n"


def test_a_good_page_has_no_flaw() -> None:
    results = review_results({"index.html": GOOD.encode(), "README.md": README, **BESIDE}, asked="rendered(1) === 1")
    assert [(r.check.text, r.verdict, r.value) for r in results] == [
        (GRAVE, Verdict.PASS, []),
        (STYLE, Verdict.PASS, []),
    ]


def test_a_file_that_was_attached_is_somebody_elses() -> None:
    tree = {"index.html": b"<div>", "old.html": b"<div>", "old.js": b"eval(x)"}
    results = review_results(tree, foreign={"index.html", "old.html", "old.js"})
    assert [r.verdict for r in results] == [Verdict.PASS, Verdict.PASS]


def test_libraries_that_lie_beside_the_page_are_not_reviewed() -> None:
    own = {"vendor/a.js": b"eval(a)", "a.min.js": b"eval(a)", "lib/b.js": b"eval(a)"}
    assert issues_in(review_results({"index.html": GOOD.encode(), **BESIDE, **own}, asked="rendered"), GRAVE) == []


def test_flaws_are_told_in_the_detail_and_no_more_than_is_useful() -> None:
    results = review_results({"index.html": b"<p id=a><p id=a>\n" + b"<div>\n" * 300})
    assert len(issues_in(results, GRAVE)) == MOST_FLAWS
    assert results[0].verdict is Verdict.FAIL
    assert "; index.html:2: <div> is never closed; " in results[0].detail


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 1_000_000,
        "<script>" * 200_000,
        "<!--" * 400_000,
        "<p " + "a=b " * 400_000,
        "<table><td><div>" * 5_000,
        "<button>" * 4_000 + "<script>" + "x " * 50_000 + "</script>",
        "<label><input>" * 4_000,
        "<script>" + "((" * 90_000 + "</script>",
        "<script>" + "x=[" * 20_000 + "</script>",
        "<script>" + "// a = (\n" * 20_000 + "</script>",
        "<!DOCTYPE html>" + " " * 1_000_000,
        "<!-- a -->" * 100_000,
    ],
    ids=[
        "deep",
        "scripts",
        "comments",
        "attributes",
        "tables",
        "buttons",
        "labels",
        "brackets",
        "arrays",
        "remarks",
        "spaces",
        "closed",
    ],
)
def test_a_hostile_page_takes_no_longer_than_a_large_one(page: str) -> None:
    with little_time(LARGE):
        review_results({"index.html": page.encode()})


@pytest.mark.parametrize(
    "files", [{"index.html": b"<p>" * 500_000}, {"index.html": GOOD.encode(), "a.js": b"x;" * 2_000}]
)
def test_what_is_too_large_or_minified_is_no_pass(files: dict[str, bytes]) -> None:
    results = review_results({**BESIDE, **files}, asked="rendered")
    assert {r.verdict for r in results} == {Verdict.UNVERIFIABLE}
    assert "too large, or minified, to be reviewed" in results[0].detail


def test_the_simulated_model_writes_a_page_without_a_flaw() -> None:
    data = AttachedFile("data.csv", "text/csv", b"region,amount\nnorth,120.50\n")
    picture = AttachedFile("p.png", "image/png", b"\x89PNG")
    checks = (parse_check("js: document.title === 'Sales'"), parse_check("js: !!document.querySelector('#rows')"))
    plan = RequestPlan(files=(PlannedFile(path="index.html", source=FileSource.WRITE),))
    tree: dict[str, bytes] = {}
    for number, text in enumerate(("Sum the amounts in data.csv & show p.png.", "Add a button."), 1):
        request = Brief("a@b.c", "t", number, "n", text, checks, (data, picture))
        prompt = generate_prompt(request, plan, boundary="7f3a9c", tree=tree)
        reply = SimulatedAuthor().write(prompt.messages, model="simulated", seconds=60)
        tree |= parse_reply(reply.text, "7f3a9c", finish_reason="stop").files
        results = review_results({**tree, "data.csv": data.content, "p.png": b"", "LICENSE": b""}, asked=text)
        assert [(r.verdict, r.value) for r in results] == [(Verdict.PASS, []), (Verdict.PASS, [])]


def test_the_fallback_page_is_without_a_flaw() -> None:
    brief = Brief(
        "a@b.c", "t", 1, "n", "Show a < b.", (Check(Kind.JS, "1 < 2"),), (AttachedFile("a b.csv", "text/csv", b"x"),)
    )
    results = review_results({**fallback_page(brief, "No model answered."), "a b.csv": b"x", "LICENSE": b""})
    assert [(r.verdict, r.value) for r in results] == [(Verdict.PASS, []), (Verdict.PASS, [])]
