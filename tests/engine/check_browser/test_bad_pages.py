"""Bad pages: each ends with a verdict in time, reaches nothing on this machine and leaves nothing behind."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.domain.browser_report import BrowserReport, PageUnderTest
from engine.domain.checks import Check, Kind, Target, Verdict
from tests.doubles.http_server import HttpServer, Script
from tests.engine.check_browser import impatient
from tests.engine.check_browser.bad_pages import ANY, BAD, BESIDE, REACH, SOUND, Bad
from tests.engine.check_browser.canary import canary
from tests.processes import mentioning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOME = "https://someone.github.io/repo/"
SECONDS = 60.0
#: The page's scheme, and names of this machine. A page tries every way for the first name and some ways for the others:
#: with more, it would make too many requests to be let through.
HOSTS = (
    ("https", ("127.0.0.1", "[::1]", "0.0.0.0", "2130706433")),
    ("http", ("localhost", "127.1", "0x7f.1", "ip6-localhost", "localtest.me")),
)


@pytest.fixture(autouse=True)
def _nothing_is_left(homes: Path) -> Iterator[None]:
    """Fail a test after which a process or a file of its browsers is left."""
    yield
    assert mentioning(str(homes)) == []
    assert list(homes.iterdir()) == []


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait 2 seconds and not 10 for a page to load: the processes of a page that never does are busy meanwhile."""
    monkeypatch.setattr("engine.adapters.browser.process._MODULE", impatient.__name__)


def verified(machine: Machine, bad: Bad, url: str = HOME) -> BrowserReport:
    checks = [Check(Kind.JS, expression) for expression in (SOUND, *bad.checks)]
    files = {"index.html": f"<!doctype html><body>{bad.body}</body>".encode(), **BESIDE}
    begun = time.monotonic()
    report = ChromiumBrowser(machine).run(PageUnderTest(url, files, Target.LOCAL), checks, seconds=SECONDS)
    assert time.monotonic() - begun < 2 * SECONDS  # what it leaves is ended after its time is over
    assert report.not_run == ""
    assert len(report.results) == len(checks)
    return report


def verdicts(report: BrowserReport) -> list[str]:
    return [str(result.verdict) for result in report.results]


def report_text(report: BrowserReport) -> str:
    lines = [f"{r.verdict}: {r.detail}" for r in report.results]
    for view in report.views:
        lines += [*view.console, *view.errors, *view.failed]
    return "\n".join(lines)


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name) for bad in BAD])
def test_a_bad_page_ends_with_a_verdict(
    bad: Bad, machine: Machine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if "timeout" in bad.verdicts:  # else a slow machine could fail the test
        request.getfixturevalue("_impatient")
    secret = tmp_path / "canary-file"
    secret.write_text("the-canary-file-was-read")
    report = verified(machine, replace(bad, body=bad.body.replace("CANARY", str(secret))))
    first, *rest = verdicts(report)
    assert first in bad.verdicts, report_text(report)
    assert set(rest) <= {"fail", "error", "timeout", "pass"}
    assert "pass" not in rest or bad.name.endswith("halves of characters")
    assert [text for text in bad.says if text not in report_text(report)] == []
    assert "canary-file-was-read" not in report_text(report)
    assert "\0" not in report_text(report)
    report_text(report).encode()  # no halves of characters
    assert json.dumps([r.value for r in report.results], allow_nan=False)


@pytest.mark.parametrize(("scheme", "hosts"), HOSTS)
def test_nothing_of_this_machine_is_reached(scheme: str, hosts: tuple[str, ...], machine: Machine) -> None:
    with canary() as bird:
        targets = [f"{way}://{host}:{bird.port}" for host in hosts for way in ("http", "https")]
        origins = f"const TARGETS = {json.dumps(targets)}, EVERY_WAY = TARGETS.slice(0, 2);"
        body = f"<p id=x></p><script>{origins}{REACH}</script>"
        report = verified(machine, Bad(" and ".join(hosts), body), url=HOME.replace("https", scheme))
        assert verdicts(report)[0] in ANY
        assert bird.knocks == []
        assert str(bird.port) in report_text(report)


def test_a_host_that_leads_to_this_machine_is_not_followed(machine: Machine) -> None:
    with canary() as bird, HttpServer() as mirror:
        there = {"location": f"http://127.0.0.1:{bird.port}/"}
        mirror.scripts |= {
            "/away.example/": Script(302, there),
            "/away.example/post": Script(307, there),
            "/round.example/": Script(302, {"location": "/round.example/"}),
        }
        body = (
            "<p id=x></p><script>fetch('https://away.example/'); "
            "fetch('https://away.example/post', { method: 'POST', body: 'x' });"
            "fetch('https://round.example/')</script><iframe src='https://away.example/'></iframe>"
        )
        report = verified(replace(machine, mirror=mirror.url("").rstrip("/")), Bad("redirects", body))
        assert verdicts(report) == ["pass"]
        assert bird.knocks == []
        assert "127.0.0.1 must not be contacted" in report_text(report)
        assert "redirected more than 5 times" in report_text(report)


def test_large_and_endless_answers_are_cut(machine: Machine) -> None:
    scripts = {
        "/large.example/": Script(body=b"x" * 50_000_000),
        "/endless.example/": Script(
            headers={"content-type": "text/event-stream", "content-length": "999"}, body=b"x" * 999, drip=0.2
        ),
    }
    with HttpServer(scripts) as mirror:
        body = (
            "<p id=x></p><script>fetch('https://large.example/').then(a => a.blob()).then(b => "
            "{ window.size = b.size }, () => { window.size = -1 });"
            "new EventSource('https://endless.example/')</script>"
        )
        large = Bad("large", body, checks=("window.size === -1",))
        report = verified(replace(machine, window=10.0, mirror=mirror.url("").rstrip("/")), large)
        assert verdicts(report) == ["pass", "pass"]
        assert "larger than 20 MB" in report_text(report)


def test_the_live_page_sees_nothing_of_our_host_but_pages(machine: Machine) -> None:
    attack = (
        "<p id=x></p><script>fetch('data.csv').then(a => a.text()).then(t => { document.body.dataset.t = t });"
        " const TARGETS = ['/admin', '/pages/o/r/..%2f..%2f..%2fadmin', '/pages/../git', ''].map(path => "
        "location.origin + path);"
        " fetch('/api/rounds'); fetch('/handle_task', { method: 'POST', body: '{}' }); "
        "TARGETS.push(location.origin.replace('127.0.0.1', 'localhost'));"
        f"const EVERY_WAY = [TARGETS[0], TARGETS.at(-1)];{REACH}</script>"
    )
    with HttpServer() as host:
        html = {"content-type": "text/html"}
        host.scripts |= {
            "/pages/o/r/": Script(headers=html, body=attack.encode()),
            "/pages/o/r/data.csv": Script(body=b"a,b"),
        }
        checks = [Check(Kind.JS, f"{SOUND} && document.body.dataset.t === 'a,b'")]
        page = PageUnderTest(host.url("/pages/o/r/"), None, Target.LIVE)
        report = ChromiumBrowser(replace(machine, window=10.0, own_origin=host.url("").rstrip("/"))).run(
            page, checks, seconds=SECONDS
        )
        assert [(r.verdict, r.target) for r in report.results] == [(Verdict.PASS, Target.LIVE)], report_text(report)
        assert {asked.path for asked in host.asked} <= {"/pages/o/r/", "/pages/o/r/data.csv", "/pages/o/r/sw.js"}
        assert {asked.method for asked in host.asked} == {"GET"}
        assert all("cookie" not in asked.headers for asked in host.asked)


def test_a_live_page_of_another_host_is_read_whole(machine: Machine) -> None:
    body = b"<script>fetch('data.csv').then(a => a.text()).then(t => { document.body.dataset.t = t })</script>"
    with HttpServer() as host:
        host.scripts |= {
            "/owner/repo/": Script(headers={"content-type": "text/html"}, body=body),
            "/owner/repo/data.csv": Script(body=b"a,b"),
        }
        page = PageUnderTest(host.url("/owner/repo/"), None, Target.LIVE)
        elsewhere = replace(machine, window=10.0, own_origin="http://127.0.0.1:1", private_pages=True)
        report = ChromiumBrowser(elsewhere).run(
            page, [Check(Kind.JS, "document.body.dataset.t === 'a,b'")], seconds=SECONDS
        )
        assert report.results[0].verdict is Verdict.PASS, report_text(report)


def test_a_live_page_that_is_not_ours_has_no_way_to_this_machine(machine: Machine) -> None:
    with canary() as bird:
        page = PageUnderTest(f"http://127.0.0.1:{bird.port}/pages/o/r/", None, Target.LIVE)
        report = ChromiumBrowser(replace(machine, own_origin="http://127.0.0.1:1")).run(
            page, [Check(Kind.JS, SOUND)], seconds=SECONDS
        )
        assert bird.knocks == []
        assert report.results[0].verdict is not Verdict.PASS
        assert "must not be contacted" in report_text(report)
