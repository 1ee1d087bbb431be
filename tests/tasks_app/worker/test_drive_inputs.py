"""A plan's data and workbooks, driven with real rows, an API on loopback and the real guard of addresses."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.adapters.http.guard import GuardedHttp
from engine.domain.checks import Verdict
from engine.inputs.downloads import LARGEST_DATA
from tasks_app.models import Attachment, CheckResult, Round, SourceFile
from tasks_app.reports.round_report import RoundReport
from tests.doubles.http_server import HttpServer, Script
from tests.driving import drive, driven, kinds
from tests.factories import SECRET, let_go, make_round
from tests.fakes import README, FakeBrowser, FakeFetcher, page_reply, plan_reply
from tests.tasks_app.deaths import Killed, die

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_django.fixtures import SettingsWrapper

    from engine.domain.browser_report import BrowserReport, PageTest, PageUnderTest
    from engine.domain.checks import Check
    from engine.domain.http import Answer
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "workbooks"
RATES = json.dumps({"base": "EUR", "rates": {"USD": 1.0837, "NOK": 11.4205}}).encode()
JSON = {"content-type": "application/json"}


class LoopbackFetcher(FakeFetcher):
    """Fetches through the real guard; pages come from the fake forge."""

    guard = GuardedHttp(allow_private=True)

    def fetch(self, url: str, *, seconds: float, max_bytes: int, origin: str = "") -> Answer:
        if "//pages.test/" in url:
            return super().fetch(url, seconds=seconds, max_bytes=max_bytes, origin=origin)
        return self.guard.fetch(url, seconds=seconds, max_bytes=max_bytes, origin=origin)


class Reader(FakeBrowser):
    """Finds the words that the page must say of missing data, or does not."""

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, tests: Sequence[PageTest] = ()
    ) -> BrowserReport:
        report = super().run(page, checks, seconds=seconds, tests=tests)
        said = b"Data missing" in (page.files or {}).get("index.html", b"")
        verdict = Verdict.PASS if said else Verdict.FAIL
        results = [replace(r, verdict=verdict) if "says.test" in r.check.text else r for r in report.results]
        return replace(report, results=results)


@pytest.fixture
def api(outside: Outside, settings: SettingsWrapper) -> Iterator[HttpServer]:
    settings.ALLOW_PRIVATE_URLS = True
    outside.fetcher = LoopbackFetcher(forge=outside.forge)
    with HttpServer({"/v1/latest": Script(headers=JSON, body=RATES)}) as server:
        yield server


def asked(**over: object) -> Round:
    return make_round(**{"checks": [], "attachments": []} | over)


def fetches(url: str, name: str = "", *, at_run_time: bool = False) -> str:
    """Return a plan that fetches an address."""
    return plan_reply(data=[{"url": url, "name": name, "at_run_time": at_run_time}])


def converts(*files: tuple[str, str, str]) -> str:
    """Return a plan that converts sheets of workbooks: path, workbook, sheet."""
    return plan_reply(
        *({"path": path, "source": "converted", "origin": book, "sheet": sheet} for path, book, sheet in files)
    )


def attached(*names: str) -> list[dict[str, str]]:
    return [
        {"name": name, "url": f"data:;base64,{base64.b64encode((SAMPLES / name).read_bytes()).decode()}"}
        for name in names
    ]


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def prompt(outside: Outside, call: int = 0) -> str:
    return outside.author.asked[call][1][-1].content


# --- Data that a plan fetches -----------------------------------------------------------------------------------------


def test_fetched_data_is_in_the_prompt_and_committed_as_the_services_own(outside: Outside, api: HttpServer) -> None:
    outside.author.plans = [fetches(api.url("/v1/latest"))]
    row = driven(asked(brief=f"Show the rates of {api.url('/v1/latest')} in a table."))
    assert row.state == "completed"
    assert published(outside, row)["latest.json"] == RATES
    assert f"Fetched by the service from {api.url('/v1/latest')}" in prompt(outside)
    assert "JSON: {base: text, rates: {USD: number, NOK: number}}" in prompt(outside)
    assert SourceFile.objects.get(path="latest.json").origin == "service"
    kept = Attachment.objects.get()
    assert (kept.name, kept.source, kept.url, bytes(kept.content)) == (
        "latest.json", "address", api.url("/v1/latest"), RATES,
    )  # fmt: skip
    assert row.warnings == []
    assert "llm-devops-engine" in api.asked[0].headers["user-agent"]


def test_it_is_fetched_once_however_often_the_round_is_taken_up_again(outside: Outside, api: HttpServer) -> None:
    outside.author.plans = [fetches(api.url("/v1/latest"))]
    outside.author.replies = [Killed()]
    row = asked(brief=f"Show the rates of {api.url('/v1/latest')}.")
    die(row)
    api.scripts["/v1/latest"] = Script(headers=JSON, body=b'{"other": 1}')
    assert driven(row).state == "completed"
    assert len(api.asked) == 1
    assert published(outside, row)["latest.json"] == RATES
    assert "Fetched by the service" in prompt(outside, 1)


def test_a_repair_has_the_data_too_and_cannot_write_over_it(outside: Outside, api: HttpServer) -> None:
    outside.browser = FakeBrowser()
    page = b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p>%s</p></body></html>\n"
    outside.author.plans = [fetches(api.url("/v1/latest"))]
    outside.author.replies = [
        page_reply({"index.html": page % b"NONE", "README.md": README, "latest.json": b"{}"}),
        page_reply({"index.html": page % b"DONE", "latest.json": b"[]"}),
    ]
    row = driven(asked(brief=f"Show {api.url('/v1/latest')}.", checks=["js: page.includes('DONE')"]))
    assert (row.state, len(outside.author.asked), len(api.asked)) == ("completed", 2, 1)
    assert "Fetched by the service" in prompt(outside, 1)
    assert published(outside, row)["latest.json"] == RATES


def test_a_later_round_fetches_again_under_the_same_name(outside: Outside, api: HttpServer) -> None:
    brief = f"Show the rates of {api.url('/v1/latest')}."
    outside.author.plans = [fetches(api.url("/v1/latest"))] * 2
    driven(asked(brief=brief))
    api.scripts["/v1/latest"] = Script(headers=JSON, body=b'{"base": "USD"}')
    second = driven(asked(round=2, brief=f"Once more: {brief}"))
    assert published(outside, second)["latest.json"] == b'{"base": "USD"}'
    third = driven(asked(round=3, brief="Make it blue."))
    assert published(outside, third)["latest.json"] == b'{"base": "USD"}'


def test_no_attachment_and_no_file_of_the_models_is_written_over(outside: Outside, api: HttpServer) -> None:
    files = {"index.html": b"<!doctype html><p>1", "README.md": README, "latest.json": b"[1]"}
    outside.author.replies = [page_reply(files)]
    outside.author.plans = [plan_reply(), fetches(api.url("/v1/latest"), "rates.json")]
    driven(asked(brief="Show one."))
    data = [{"name": "rates.json", "url": "data:application/json,[2]"}]
    row = driven(asked(round=2, brief=f"Save {api.url('/v1/latest')} as rates.json.", attachments=data))
    tree = published(outside, row)
    assert (tree["latest.json"], tree["rates.json"], tree["rates-2.json"]) == (b"[1]\n", b"[2]", RATES)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Script(503), "it answered HTTP 503"),
        (
            Script(headers={"content-type": "text/html"}, body=b"<html>"),
            "it answered with a page (HTML) in place of data",
        ),
        (Script(headers=JSON, body=b"{" + b" " * LARGEST_DATA), "it is larger than 20,000,000 bytes"),
        (Script(headers=JSON, body=b'"' + SECRET.encode() + b'"'), "its answer holds the value of SECRET"),
    ],
    ids=["down", "html", "large", "secret"],
)
def test_what_cannot_be_had_is_a_warning_a_note_and_a_sentence_in_the_readme(
    outside: Outside, api: HttpServer, script: Script, why: str
) -> None:
    api.scripts["/v1/latest"] = script
    url = api.url("/v1/latest")
    outside.author.plans = [fetches(url)]
    row = driven(asked(brief=f"Show the rates of {url} in a table."))
    assert row.state == "completed"
    assert row.warnings[0].startswith(f"{url} could not be read: {why}")
    assert f'it shows "Data missing: 127.0.0.1:{api.port} could not be read."' in prompt(outside)
    assert "Never invent" in prompt(outside)
    tree = published(outside, row)
    assert f"- {url} could not be read: {why}" in tree["README.md"].decode()
    assert not any(SECRET.encode() in content for content in tree.values())
    checks = CheckResult.objects.filter(text__startswith="The page says that data is missing")
    assert {(check.kind, check.verdict) for check in checks} == {("rule", "fail")}


def test_a_page_that_does_not_say_so_is_repaired(outside: Outside, api: HttpServer) -> None:
    outside.browser = Reader()
    api.close()
    url = api.url("/v1/latest")
    outside.author.plans = [fetches(url)]
    page = b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p>%s</p></body></html>\n"
    outside.author.replies = [
        page_reply({"index.html": page % b"1.07", "README.md": README}),
        page_reply({"index.html": page % b"Data missing"}),
    ]
    row = driven(asked(brief=f"Show the rates of {url} in a table."))
    assert (row.state, kinds()) == ("completed", ["generate", "repair"])
    assert "The page says that data is missing: it shows the words" in prompt(outside, 1)
    assert 'it shows "Data missing: ' in prompt(outside, 1)
    assert b"Data missing" in published(outside, row)["index.html"]
    assert url.encode() in published(outside, row)["README.md"]


@pytest.mark.processes
def test_what_was_missing_at_first_and_comes_later_is_missing_no_more(outside: Outside, api: HttpServer) -> None:
    api.scripts["/v1/latest"] = Script(503)
    outside.author.plans = [
        plan_reply(
            {"path": "latest.csv", "source": "converted", "origin": "encrypted.xlsx"},
            data=[{"url": api.url("/v1/latest")}],
        )
    ]
    outside.author.replies = [Killed()]
    row = asked(
        brief=f"Convert encrypted.xlsx to latest.csv. Show {api.url('/v1/latest')}.",
        attachments=attached("encrypted.xlsx"),
    )
    with pytest.raises(Killed):
        drive(str(row.pk))
    missed = Attachment.objects.filter(content=None)
    assert {(m.name, m.source) for m in missed} == {
        ("missing: latest.json", "address"),
        ("missing: latest.csv", "workbook"),
    }
    let_go(row)
    api.scripts["/v1/latest"] = Script(headers={"content-type": "text/csv"}, body=b"a,b\n1,2\n")
    assert driven(row).state == "completed"
    assert published(outside, row)["latest.csv"] == b"a,b\n1,2\n"
    assert "127.0.0.1" not in published(outside, row)["README.md"].decode().partition("## Missing data")[2]


def test_a_private_address_is_refused_and_stands_in_the_record(outside: Outside) -> None:
    url = "http://127.0.0.1:9/api/v1/keys.json"
    outside.author.plans = [fetches(url)]
    row = driven(asked(brief=f"Show {url}."))
    assert row.state == "completed"
    assert url not in outside.fetcher.fetched
    assert RoundReport(row).plan_text.refused == (f"{url}: its host is on a private network",)


def test_a_public_name_for_a_private_address_is_refused_by_the_guard_and_said(outside: Outside) -> None:
    outside.fetcher = LoopbackFetcher(forge=outside.forge)
    outside.fetcher.guard = GuardedHttp(allow_private=False, resolve=lambda *_: ["127.0.0.1"])
    outside.author.plans = [fetches("http://rates.example/keys.json")]
    row = driven(asked(brief="Show http://rates.example/keys.json."))
    assert row.state == "completed"
    assert "rates.example must not be contacted: 127.0.0.1 is loopback" in row.warnings[0]


def test_an_address_that_the_page_asks_itself_is_fetched_as_an_example_and_its_lack_is_no_failure(
    outside: Outside, api: HttpServer
) -> None:
    url = api.url("/v1/latest")
    outside.author.plans = [fetches(url, at_run_time=True)] * 2
    row = driven(asked(brief=f"Show the rates of {url}, live."))
    assert published(outside, row)["latest.json"] == RATES
    assert "The page asks the address itself at run time" in prompt(outside)
    api.scripts["/v1/latest"] = Script(503)
    row = driven(asked(task="down", brief=f"Show the rates of {url}, live."))
    assert row.warnings[0].startswith(f"{url} could not be read")
    assert "The page asks it itself at run time" in prompt(outside, 1)
    assert not CheckResult.objects.filter(text__startswith="The page says that data is missing").exists()


# --- Workbooks --------------------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_a_workbook_becomes_the_csv_that_the_plan_names(outside: Outside) -> None:
    outside.author.plans = [converts(("data.csv", "values.xlsx", ""))]
    row = driven(
        asked(brief="Convert values.xlsx to data.csv and show the sum of amount.", attachments=attached("values.xlsx"))
    )
    tree = published(outside, row)
    assert tree["data.csv"].startswith(
        b"order,day,taken,amount,paid,note\n1,2024-02-29,2024-02-29T13:45:59,12.5,TRUE,plain\n"
    )
    assert tree["values.xlsx"] == (SAMPLES / "values.xlsx").read_bytes()
    assert "Made by the service out of values.xlsx: the exact values." in prompt(outside)
    assert "A workbook of 1 sheet: 'Orders' (7 rows, 6 columns)." in prompt(outside)
    assert SourceFile.objects.get(path="data.csv").origin == "service"


@pytest.mark.processes
def test_each_sheet_that_the_plan_converts_is_a_file_and_one_that_is_not_there_a_warning(outside: Outside) -> None:
    outside.author.plans = [
        converts(
            ("north.csv", "sheets.xlsx", "North"),
            ("south-east.csv", "sheets.xlsx", "south & east"),
            ("west.csv", "sheets.xlsx", "West"),
        )
    ]
    page = b"<!DOCTYPE html>\n<html><body><p>Data missing: west.csv could not be read.</p></body></html>\n"
    outside.author.replies = [page_reply({"index.html": page, "README.md": README})]
    row = driven(asked(brief="Export the workbook as CSV.", attachments=attached("sheets.xlsx")))
    tree = published(outside, row)
    assert {name for name in tree if name.endswith(".csv")} == {"north.csv", "south-east.csv"}
    assert tree["north.csv"] == b"city,sales\nOslo,10\nBergen,20.25\n"
    decided = {r.text: r.verdict for r in CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind="file")}
    assert decided["north.csv: holds the rows of the sheet 'North' of sheets.xlsx as CSV"] == "pass"
    assert decided["west.csv: is there and is not empty"] == "unverifiable", "no model can mend it"
    assert "west.csv could not be made: sheets.xlsx has no sheet 'West'." in row.warnings
    assert kinds() == ["generate"]


@pytest.mark.processes
def test_a_workbook_that_no_plan_converts_is_described_alone(outside: Outside) -> None:
    row = driven(asked(brief="Show the orders.", attachments=attached("values.xlsx")))
    assert not any(name.endswith(".csv") for name in published(outside, row))
    assert "Columns:\n- order: integer, 1 to 9007199254740991, ascending, all different" in prompt(outside)


@pytest.mark.processes
def test_an_unreadable_workbook_is_a_warning_and_named_on_the_page(outside: Outside) -> None:
    outside.author.plans = [converts(("data.csv", "encrypted.xlsx", ""))]
    row = driven(
        asked(brief="Convert encrypted.xlsx to data.csv and show its rows.", attachments=attached("encrypted.xlsx"))
    )
    assert row.state == "completed"
    assert "encrypted.xlsx cannot be read as a workbook: it is protected with a password." in row.warnings
    assert 'Show on the page: "Data missing: data.csv could not be read."' in prompt(outside)
    assert "data.csv could not be made: encrypted.xlsx cannot be read" in published(outside, row)["README.md"].decode()


def test_a_table_whose_line_ends_were_lost_is_a_warning(outside: Outside) -> None:
    lost = base64.b64encode(b"Product,Sales\x0eA,1000\x0eB,500").decode()
    row = driven(asked(brief="Show it.", attachments=[{"name": "a.csv", "url": f"data:text/csv;base64,{lost}"}]))
    assert row.state == "completed"
    assert "a.csv is a table whose line ends were lost: U+000E stands in their place." in row.warnings
