"""Rounds with data of an API on loopback, in a real browser: the page shows the data or says that they are missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser
from engine.adapters.http.guard import GuardedHttp
from engine.domain.brief import MissingFile, Source
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Check, Kind, Target, Verdict
from engine.inputs.missing_data import missing_checks, missing_result
from tasks_app.models import CheckResult as CheckRow
from tasks_app.models import SourceFile
from tests.doubles.http_server import HttpServer, Script
from tests.driving import driven, kinds
from tests.factories import make_round
from tests.fakes import README, FakeFetcher, page_reply, plan_reply

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from engine.adapters.browser.chromium_browser import Machine
    from engine.domain.checks import CheckOutcome
    from engine.domain.http import Answer
    from tests.conftest import Outside
    from tests.doubles.http_server import Asked

pytestmark = [pytest.mark.browser]

API = MissingFile("latest.json", "down", Source.ADDRESS, "https://api.test/v1/latest")
CSV = b"city,sales\nOslo,10.5\nBergen,20.25\nBodo,0.1\n"


class Reaching(FakeFetcher):
    """Fetches from loopback through the real guard; pages come from the fake forge."""

    def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
        if "//127.0.0.1" not in url:
            return super().fetch(url, seconds=seconds, max_bytes=max_bytes, origin=origin)
        return GuardedHttp(allow_private=True).fetch(url, seconds=seconds, max_bytes=max_bytes, origin=origin)


#: Adds up whatever lies beside the page as sales.csv.
SUM = b"""\
<!DOCTYPE html>
<html lang="en"><head><title>Sales</title></head><body><p id="total"></p><script>
fetch("sales.csv").then((answer) => answer.text()).then((text) => {
  const rows = text.trim().split("\\n").slice(1).map((line) => Number(line.split(",")[1]));
  total.textContent = rows.reduce((sum, one) => sum + one, 0).toFixed(2);
});
</script></body></html>
"""


@pytest.fixture
def whole(outside: Outside, machine: Machine, settings: SettingsWrapper) -> Outside:
    """The machine's browser and loopback, with the model and the forge in memory."""
    settings.ALLOW_PRIVATE_URLS = True
    outside.browser = ChromiumBrowser(machine)
    outside.fetcher = Reaching(forge=outside.forge)
    return outside


def verdicts(kind: str) -> list[tuple[str, str]]:
    found = CheckRow.objects.filter(
        kind=kind, target="local", text__contains="data is missing" if kind == "rule" else ""
    )
    return [(result.verdict, result.detail) for result in found]


@pytest.mark.slow
@pytest.mark.django_db
def test_the_figures_on_the_page_are_the_apis(whole: Outside) -> None:
    with HttpServer({"/v1/sales.csv": Script(headers={"content-type": "text/csv"}, body=CSV)}) as api:
        url = api.url("/v1/sales.csv")
        whole.author.plans = [plan_reply(data=[{"url": url, "name": "sales.csv", "at_run_time": False}])]
        whole.author.replies = [page_reply({"index.html": SUM, "README.md": README})]
        row = driven(
            make_round(
                brief=f"Display the total of the sales column of {url} in #total.",
                checks=["js: document.querySelector('#total').textContent.trim() === (10.5 + 20.25 + 0.1).toFixed(2)"],
                attachments=[],
            )
        )
    assert row.state == "completed"
    assert not any("could not be read" in warning for warning in row.warnings)
    assert [verdict for verdict, _ in verdicts("js")] == ["pass"]
    assert bytes(SourceFile.objects.get(path="sales.csv").content) == CSV


@pytest.mark.slow
@pytest.mark.django_db
def test_with_the_api_down_the_page_says_that_the_figures_are_missing(whole: Outside) -> None:
    with HttpServer() as api:
        url = api.url("/v1/sales.csv")
    words = f"Data missing: 127.0.0.1:{api.port} could not be read."
    said = SUM.replace(b'<p id="total"></p>', f"<p>{words}</p>".encode()).partition(b"<script>")[0] + b"</body></html>"
    whole.author.plans = [plan_reply(data=[{"url": url, "name": "sales.csv", "at_run_time": False}])]
    whole.author.replies = [page_reply({"index.html": page, "README.md": README}) for page in (SUM, said)]
    row = driven(
        make_round(brief=f"Display the total of the sales column of {url} in #total.", checks=[], attachments=[])
    )
    assert (row.state, kinds()) == ("completed", ["generate", "repair"])
    assert row.warnings[0].startswith(f"{url} could not be read: ")
    assert [verdict for verdict, _ in verdicts("rule")] == ["fail", "pass"]
    (inside,) = whole.forge.repositories.values()
    tree = inside.commits[row.commit_sha].files
    assert words.encode() in tree["index.html"]
    assert "## Missing data" in tree["README.md"].decode()


PAGES = {
    "says so": ("<p>Data missing: api.test could not be read.</p>", Verdict.PASS),
    "says so in its own words": ("<p>The rates of api.test are not available.</p>", Verdict.PASS),
    "figures": ("<p>1 EUR is 1.08 USD (source: api.test)</p>", Verdict.FAIL),
    "hidden, in a comment and in a script": (
        "<p style='display:none'>{0}</p><!-- {0} --><script>const why = '{0}'</script><p>1.08</p>".format(
            "Data missing: api.test could not be read."
        ),
        Verdict.FAIL,
    ),
    "later": (
        "<p id='a'>…</p><script>setTimeout(() => { a.textContent = 'api.test could not be read'; }, 300)</script>",
        Verdict.PASS,
    ),
}


def decided(machine: Machine, body: str) -> CheckOutcome:
    (lack,) = missing_checks([API], "Show the rates.")
    page = f"<!doctype html><html lang='en'><head><title>T</title></head><body>{body}</body></html>".encode()
    under_test = PageUnderTest("https://owner.github.io/site/", {"index.html": page}, Target.LOCAL)
    return ChromiumBrowser(machine).run(under_test, [lack.expression], seconds=60).results[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_real_browser_decides_whether_the_page_says_so(machine: Machine, name: str) -> None:
    body, expected = PAGES[name]
    assert decided(machine, body).verdict is expected


@pytest.mark.slow
@pytest.mark.parametrize(("status", "expected"), [(200, Verdict.PASS), (503, Verdict.FAIL)])
def test_a_page_that_has_got_the_data_itself_need_not_say_so(machine: Machine, status: int, expected: Verdict) -> None:
    body = (
        "<p id='a'>…</p><script>fetch('https://api.test/v1/latest')"
        ".then((r) => r.text()).then((t) => { a.textContent = t; })</script>"
    )
    headers = {"content-type": "application/json", "access-control-allow-origin": "*"}
    with HttpServer({"/api.test/v1/latest": Script(status, headers, b"1.08")}) as mirror:
        result = decided(replace(machine, mirror=mirror.url("")), body)
    (lack,) = missing_checks([API], "Show the rates.")
    assert missing_result(lack, result, {}).verdict is expected, result


class OneHost(HttpServer):
    """A mirror of api.test that allows what its scripts say, and answers preflights by the path's name."""

    def answer(self, asked: Asked) -> Script:
        if asked.method != "OPTIONS":
            return Script(headers={"content-type": "application/json", "access-control-allow-origin": "*"}, body=b"7")
        allowed = {"access-control-allow-origin": "*", "access-control-allow-headers": "X-Key, Content-Type"}
        return {"/api.test/with": Script(204, allowed), "/api.test/without": Script(204, {})}.get(
            asked.path, Script(405)
        )


@pytest.mark.slow
def test_a_request_that_a_browser_asks_about_first_is_refused_where_the_host_refuses_it(machine: Machine) -> None:
    asks = "fetch('https://api.test/%s', {headers: {'X-Key': '1'}}).then((r) => r.text(), () => 'refused')"
    asked = ", ".join(asks % path for path in ("with", "without", "never"))
    body = f"<p id=a>…</p><script>Promise.all([{asked}]).then((all) => {{ a.textContent = all.join(' '); }})</script>"
    page = f"<!doctype html><html lang='en'><head><title>T</title></head><body>{body}</body></html>".encode()
    under_test = PageUnderTest("https://owner.github.io/site/", {"index.html": page}, Target.LOCAL)
    check = Check(Kind.JS, "document.querySelector('#a').textContent === '7 refused refused'")
    with OneHost() as mirror:
        report = ChromiumBrowser(replace(machine, mirror=mirror.url(""))).run(under_test, [check], seconds=60)
    assert report.results[0].verdict is Verdict.PASS, report
    assert {
        (one.path, one.headers["access-control-request-headers"]) for one in mirror.asked if one.method == "OPTIONS"
    } == {(f"/api.test/{path}", "x-key") for path in ("with", "without", "never")}
    assert {one.path for one in mirror.asked if one.method == "GET"} == {"/api.test/with"}
    assert any("it refuses the page's request before it is sent (CORS)" in line for line in report.views[0].failed)
