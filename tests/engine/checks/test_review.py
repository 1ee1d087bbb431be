"""The findings of a review and its speed; our own pages have no defect."""

from __future__ import annotations

import pytest

from engine.adapters.simulated_author import SimulatedAuthor
from engine.checks.review import MOST_DEFECTS, REVIEW, review_defects, review_result
from engine.domain.brief import AttachedFile, Brief
from engine.domain.checks import Check, Kind, Verdict, parse_check
from engine.plan.schema import FileSource, PlannedFile, RequestPlan
from engine.prompts.generate import generate_prompt
from engine.prompts.replies import parse_reply
from engine.site.fallback_page import fallback_page
from tests.engine.checks.good_page import BESIDE, GOOD
from tests.little_time import LARGE, little_time

README = b"# Rates\n\nShows rates.\n\n## Setup\n\nThere is no `npm install`: serve the folder.\n"


def test_a_good_page_has_no_defect() -> None:
    result = review_result({"index.html": GOOD.encode(), "README.md": README, **BESIDE})
    assert (result.check.text, result.verdict, result.value) == (REVIEW, Verdict.PASS, [])


def test_a_readme_that_tells_of_a_file_that_is_not_there_has_a_defect() -> None:
    result = review_result({"README.md": b"# A\n\n`gone.js` draws it.\n"})
    assert result.value == ["README.md:3: it tells of gone.js, which is no file of the repository"]


def test_a_file_that_was_attached_is_somebody_elses() -> None:
    tree = {"index.html": b"<div>", "old.html": b"<div>"}
    assert review_result(tree, foreign={"index.html", "old.html"}).verdict is Verdict.PASS


def test_libraries_that_lie_beside_the_page_are_not_reviewed() -> None:
    tree = {"index.html": GOOD.encode(), **BESIDE, "vendor/a.html": b"<div>", "lib/b.html": b"<div>"}
    assert review_defects([review_result(tree)]) == []


def test_the_detail_lists_a_bounded_number_of_defects() -> None:
    result = review_result({"index.html": b"<p id=a><p id=a>\n" + b"<div>\n" * 300})
    assert len(review_defects([result])) == MOST_DEFECTS
    assert result.verdict is Verdict.FAIL
    assert "; index.html:2: <div> is never closed; " in result.detail


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
        review_result({"index.html": page.encode()})


def test_a_page_that_is_too_large_is_no_pass() -> None:
    result = review_result({**BESIDE, "index.html": b"<p>" * 500_000})
    assert result.verdict is Verdict.UNVERIFIABLE
    assert result.detail == "index.html: too large to be reviewed"


def test_the_simulated_model_writes_a_page_without_a_defect() -> None:
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
        result = review_result({**tree, "data.csv": data.content, "p.png": b"", "LICENSE": b""})
        assert (result.verdict, result.value) == (Verdict.PASS, [])


def test_the_fallback_page_is_without_a_defect() -> None:
    brief = Brief(
        "a@b.c", "t", 1, "n", "Show a < b.", (Check(Kind.JS, "1 < 2"),), (AttachedFile("a b.csv", "text/csv", b"x"),)
    )
    result = review_result({**fallback_page(brief, "No model answered."), "a b.csv": b"x", "LICENSE": b""})
    assert (result.verdict, result.value) == (Verdict.PASS, [])
