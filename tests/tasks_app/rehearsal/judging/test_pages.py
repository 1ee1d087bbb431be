"""Faults of the page, as it is served and as a browser sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.domain.browser_report import BrowserReport, PageView
from engine.domain.checks import Check, CheckOutcome, Target, Verdict
from tasks_app.rehearsal.criteria import CRITERIA
from tests.doubles.http_server import Asked, Script
from tests.tasks_app.rehearsal.judging.world import FILES, PAGE, tools_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.browser_report import PageTest, PageUnderTest
    from tests.tasks_app.rehearsal.judging.world import World

ANSWERS = "pages_url answers 200"
FRESH = "pages_url serves this commit's index.html"
IN_ORDER = "All checks in order on one page"
LOADS = "The page loads without errors"


class SmallBrowser:
    """Gives each check the verdict that it names."""

    def __init__(self, *, not_run: str = "", in_order: Sequence[bool | None] = ()) -> None:
        self.not_run, self.in_order = not_run, in_order
        self.opened: list[str] = []

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        assert page.files is None
        assert page.target is Target.LIVE
        self.opened.append(page.url)
        results = [
            CheckOutcome(one, page.target, Verdict(one.text), f"was {one.text}", console=("hm",)) for one in checks
        ]
        views = [
            PageView(390, True, b"small", (), (), (), {}),
            PageView(1280, True, b"wide", ("log",), ("boom",), (), {}),
        ]
        return BrowserReport(results, views, not_run=self.not_run, in_order=self.in_order)

    def compute(self, *arguments: Any, **more: Any) -> Any:
        raise NotImplementedError


def test_a_stale_page_of_the_earlier_round(world: World) -> None:
    first = world.publish()
    world.publish(FILES | {"index.html": PAGE + b"<p>Round 2</p>"})
    world.pages.files["index.html"] = PAGE
    results = world.judged(number=2, earlier_commits=(first,))
    assert results[ANSWERS].score == 1.0
    assert results[FRESH].score == 0.0
    assert f"it is stale, that of earlier round 1 (commit {first[:12]})" in results[FRESH].reason


def test_a_page_that_is_fresh_past_caches_only(world: World) -> None:
    first = world.publish()
    world.publish(FILES | {"index.html": PAGE + b"<p>2</p>"})

    def answer(asked: Asked) -> Script:
        return Script(body=PAGE + b"<p>2</p>" if "?" in asked.path else PAGE)

    world.pages.answer = answer  # type: ignore[method-assign]
    found = world.judged()[FRESH]
    assert (found.score, f"that of the commit before ({first[:12]})" in found.reason) == (0.0, True)


def test_a_page_that_is_published_from_docs(world: World) -> None:
    page = PAGE + b'<script src="/site/app.js?v=1"></script><script src="https://cdn.example/a.js"></script>'
    site = {"index.html": page, "app.js": b"1"}
    kept = {name: FILES[name] for name in ("LICENSE", "README.md")}
    world.publish(kept | {f"docs/{name}": content for name, content in site.items()})
    world.pages.files = site
    criteria = CRITERIA.validate_python([{"file": {"path": "app.js"}}])
    assert [one.reason for one in world.judged(criteria=criteria).values() if one.score == 0.0] == []


def test_a_page_that_a_workflow_builds_from_index_html(world: World) -> None:
    world.publish(FILES | {".github/workflows/pages.yml": b"on: push"})
    world.pages.files["index.html"] = PAGE.replace(b"let a = 1;", b"a()")
    assert world.judged()[FRESH].score is None


def test_a_page_that_serves_browsers_something_else(world: World) -> None:
    world.publish()

    def answer(asked: Asked) -> Script:
        return Script(body=b"other" if "Mozilla" in asked.headers["user-agent"] else PAGE)

    world.pages.answer = answer  # type: ignore[method-assign]
    assert world.judged()[FRESH].score == 0.0


def test_another_page(world: World) -> None:
    world.publish()
    world.pages.files["index.html"] = b"<p>Somebody else's"
    assert "other bytes than expected" in world.judged()[FRESH].reason


def test_a_page_that_is_not_there_is_not_opened(world: World) -> None:
    world.publish()
    world.pages.files.clear()
    browser = SmallBrowser()
    results = world.judged(criteria=CRITERIA.validate_python(["js: pass"]), tools=tools_for(browser=browser))
    for check in (ANSWERS, FRESH, "pass", LOADS):
        assert (results[check].score, results[check].reason) == (0.0, "pages_url answers 404")
    assert browser.opened == []


def test_a_page_without_an_end(world: World) -> None:
    world.publish()
    world.pages.scripts["/site/"] = Script(headers={"content-length": "999999999"}, body=b"x" * 300_000)
    results = world.judged(tools=tools_for(page_bytes=100_000))
    assert results[ANSWERS].score == 0.0
    assert results[ANSWERS].reason == "pages_url answers without an end: more than 100000 bytes came"
    assert results[FRESH].score == 0.0


def test_a_page_that_drips_for_ever(world: World) -> None:
    world.publish()
    world.pages.scripts["/site/"] = Script(body=b"x" * 1000, drip=0.05)
    found = world.judged(tools=tools_for(page_seconds=0.3))[ANSWERS]
    assert (found.score, "did not answer in time" in found.reason) == (0.0, True)


def test_a_redirect_to_a_refused_address(world: World) -> None:
    world.publish()
    world.pages.scripts["/site/"] = Script(302, {"Location": "http://169.254.169.254/latest/meta-data/"})
    found = world.judged()[ANSWERS]
    assert (found.score, "169.254.169.254 is link-local" in found.reason) == (0.0, True)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://[::1", "http://user:word@127.0.0.1/", "javascript:alert(1)"]
)
def test_addresses_that_are_none(world: World, url: str) -> None:
    world.publish()
    found = world.judged(callback=world.callback(pages_url=url))[ANSWERS]
    assert found.score == 0.0
    assert "could not be fetched" in found.reason


def test_verdicts_become_scores(world: World) -> None:
    world.publish()
    verdicts = ["pass", "fail", "error", "timeout", "inconclusive", "not_run"]
    criteria = CRITERIA.validate_python([f"js: {one}" for one in verdicts])
    browser = SmallBrowser(in_order=[True, False, True, None, True, True])
    results = world.judged(criteria=criteria, tools=tools_for(browser=browser))
    assert [results[one].score for one in verdicts] == [1.0, 0.0, 0.0, 0.0, None, None]
    assert results["inconclusive"].reason == "was inconclusive"
    assert results["fail"].log == "verdict: fail\nhm"
    assert results[IN_ORDER].score == pytest.approx(4 / 6)
    assert results[IN_ORDER].log == "failed: fail\nnot reached: timeout"
    assert (results[LOADS].score, results[LOADS].reason, results[LOADS].screenshot) == (0.0, "boom", b"wide")
    assert "log" in results[LOADS].log


def test_a_browser_that_does_not_run_is_no_fault_of_the_submission(world: World) -> None:
    world.publish()
    browser = SmallBrowser(not_run="no sandbox")
    results = world.judged(criteria=CRITERIA.validate_python(["js: pass"]), tools=tools_for(browser=browser))
    assert (results["pass"].score, results["pass"].reason) == (None, "the check browser did not run: no sandbox")


@pytest.mark.parametrize(
    ("asked", "score", "reason"),
    [
        ({"ids": ["total"], "lacks": ["jQuery"]}, 1.0, "all of it holds in the source as it is served"),
        ({"ids": ["sum"]}, 0.0, "no element has the id 'sum'"),
        ({"contains": ["<table"]}, 0.0, "the source does not hold '<table'"),
        ({"numbers": {"total": 12.505}}, 1.0, "all of it holds in the source as it is served"),
        ({"numbers": {"total": 12.52}}, 0.0, "#total holds '12.50' in the source, not 12.52"),
        ({"numbers": {"thousands": 1234.5}}, 0.0, "#thousands holds '1,234.50' in the source, not 1234.5"),
        ({"numbers": {"empty": 0}}, 0.0, "#empty holds '' in the source, not 0"),
        ({"inline_script": False}, 0.0, "there is an inline script"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_static_html(world: World, asked: dict[str, Any], score: float, reason: str) -> None:
    world.publish(FILES | {"index.html": PAGE + b"<b id=thousands>1,234.50</b><i id=empty></i>"})
    criteria = CRITERIA.validate_python([{"says": "the source", "html": asked}])
    found = world.judged(criteria=criteria)["the source"]
    assert (found.score, found.reason) == (score, reason)


def test_a_check_of_ours_that_breaks_is_not_the_submissions_fault(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()

    def broken(*arguments: object) -> None:
        raise RuntimeError("a secret text")

    monkeypatch.setattr("tasks_app.rehearsal.judging.repositories.is_mit", broken)
    found = world.judged()["LICENSE at the root is the MIT licence"]
    assert (found.score, found.reason) == (None, "the evaluator itself failed here (RuntimeError)")
