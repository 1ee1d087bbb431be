"""Data that a brief names by address and workbooks that come with it, driven with real rows, a real API on loopback and the real guard."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.adapters.guarded_http import GuardedHttp
from engine.core.checks import Verdict
from tasks_app.drive import drive
from tasks_app.models import Attachment, Attempt, CheckResult, Round, SourceFile
from tests.doubles.http_server import HttpServer, Script, serving
from tests.driving import driven
from tests.factories import SECRET, let_go, make_round
from tests.fakes import README, FakeBrowser, FakeFetcher, page_reply
from tests.tasks_app.deaths import Killed, die

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.core.checks import Check
    from engine.ports import Answer, BrowserReport, PageUnderTest
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "workbooks"
RATES = json.dumps({"base": "EUR", "rates": {"USD": 1.0837, "NOK": 11.4205}}).encode()
JSON = {"content-type": "application/json"}


class LoopbackFetcher(FakeFetcher):
    """Fetches from loopback through the real guard; pages come from the fake forge."""

    guard = GuardedHttp(allow_private=True)

    def fetch(self, url: str, *, seconds: float, max_bytes: int) -> Answer:
        if "//127.0.0.1" not in url:
            return super().fetch(url, seconds=seconds, max_bytes=max_bytes)
        return self.guard.fetch(url, seconds=seconds, max_bytes=max_bytes)


class Reader(FakeBrowser):
    """Finds the words that the page must say of missing data, or does not."""

    def run(self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float) -> BrowserReport:
        report = super().run(page, checks, seconds=seconds)
        said = b"Data missing" in (page.files or {}).get("index.html", b"")
        verdict = Verdict.PASS if said else Verdict.FAIL
        results = [replace(r, verdict=verdict) if "says.test" in r.check.text else r for r in report.results]
        return replace(report, results=results)


@pytest.fixture
def api(outside: Outside) -> Iterator[HttpServer]:
    outside.fetcher = LoopbackFetcher(forge=outside.forge)
    with serving({"/v1/latest": Script(headers=JSON, body=RATES)}) as server:
        yield server


def asked(**over: object) -> Round:
    return make_round(**{"checks": [], "attachments": []} | over)


def attached(*names: str) -> list[dict[str, str]]:
    return [
        {"name": name, "url": f"data:;base64,{base64.b64encode((SAMPLES / name).read_bytes()).decode()}"}
        for name in names
    ]


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def told(outside: Outside, call: int = 0) -> str:
    return outside.author.asked[call][1][-1].content


# --- Data that a brief names -----------------------------------------------------------------------------------------------------------------


def test_what_an_address_answers_is_told_to_the_model_and_committed_as_the_services_own(
    outside: Outside, api: HttpServer
) -> None:
    row = driven(asked(brief=f"Show the rates of {api.url('/v1/latest')} in a table."))
    assert row.state == "completed"
    assert published(outside, row)["latest.json"] == RATES
    assert f"Fetched by the service from {api.url('/v1/latest')}" in told(outside)
    assert "JSON: {base: text, rates: {USD: number, NOK: number}}" in told(outside)
    assert SourceFile.objects.get(path="latest.json").origin == "service"
    kept = Attachment.objects.get()
    assert (kept.name, kept.source, kept.url, bytes(kept.content)) == (
        "latest.json", "address", api.url("/v1/latest"), RATES,
    )  # fmt: skip
    assert row.warnings == []
    assert "llm-devops-engine" in api.asked[0].headers["user-agent"]


def test_it_is_fetched_once_however_often_the_round_is_taken_up_again(outside: Outside, api: HttpServer) -> None:
    outside.author.replies = [Killed()]
    row = asked(brief=f"Show the rates of {api.url('/v1/latest')}.")
    die(row)
    api.scripts["/v1/latest"] = Script(headers=JSON, body=b'{"other": 1}')
    assert driven(row).state == "completed"
    assert len(api.asked) == 1
    assert published(outside, row)["latest.json"] == RATES
    assert "Fetched by the service" in told(outside, 1)


def test_a_repair_has_the_data_too_and_cannot_write_over_it(outside: Outside, api: HttpServer) -> None:
    outside.browser = FakeBrowser()
    page = b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p>%s</p></body></html>\n"
    outside.author.replies = [
        page_reply({"index.html": page % b"NONE", "README.md": README, "latest.json": b"{}"}),
        page_reply({"index.html": page % b"DONE", "latest.json": b"[]"}),
    ]
    row = driven(asked(brief=f"Show {api.url('/v1/latest')}.", checks=["js: page.includes('DONE')"]))
    assert (row.state, len(outside.author.asked), len(api.asked)) == ("completed", 2, 1)
    assert "Fetched by the service" in told(outside, 1)
    assert published(outside, row)["latest.json"] == RATES


def test_a_later_round_fetches_anew_under_the_same_name(outside: Outside, api: HttpServer) -> None:
    brief = f"Show the rates of {api.url('/v1/latest')}."
    driven(asked(brief=brief))
    api.scripts["/v1/latest"] = Script(headers=JSON, body=b'{"base": "USD"}')
    second = driven(asked(round=2, brief=f"Once more: {brief}"))
    assert published(outside, second)["latest.json"] == b'{"base": "USD"}'
    third = driven(asked(round=3, brief="Make it blue."))
    assert published(outside, third)["latest.json"] == b'{"base": "USD"}'


def test_no_attachment_and_no_file_of_the_models_is_written_over(outside: Outside, api: HttpServer) -> None:
    files = {"index.html": b"<!doctype html><p>1", "README.md": README, "latest.json": b"[1]"}
    outside.author.replies = [page_reply(files)]
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
        (Script(headers=JSON, body=b"{" + b" " * 2_000_001), "it is larger than 2,000,000 bytes"),
        (Script(headers=JSON, body=b'"' + SECRET.encode() + b'"'), "its answer holds the value of SECRET"),
    ],
    ids=["down", "html", "large", "secret"],
)
def test_what_cannot_be_had_is_a_warning_a_note_and_a_sentence_in_the_readme(
    outside: Outside, api: HttpServer, script: Script, why: str
) -> None:
    api.scripts["/v1/latest"] = script
    url = api.url("/v1/latest")
    row = driven(asked(brief=f"Show the rates of {url} in a table."))
    assert row.state == "completed"
    assert row.warnings[0].startswith(f"{url} could not be read: {why}")
    assert f'Show on the page: "Data missing: 127.0.0.1:{api.port} could not be read."' in told(outside)
    assert "Never invent" in told(outside)
    tree = published(outside, row)
    assert f"- {url} could not be read: {why}" in tree["README.md"].decode()
    assert not any(SECRET.encode() in content for content in tree.values())
    checks = CheckResult.objects.filter(text__startswith="The page says that data is missing")
    assert {(check.kind, check.verdict) for check in checks} == {("rule", "fail")}


def test_a_page_that_does_not_say_so_is_repaired(outside: Outside, api: HttpServer) -> None:
    outside.browser = Reader()
    api.close()
    url = api.url("/v1/latest")
    page = b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><p>%s</p></body></html>\n"
    outside.author.replies = [
        page_reply({"index.html": page % b"1.07", "README.md": README}),
        page_reply({"index.html": page % b"Data missing"}),
    ]
    row = driven(asked(brief=f"Show the rates of {url} in a table."))
    assert (row.state, [a.kind for a in Attempt.objects.order_by("pk")]) == ("completed", ["generate", "repair"])
    assert "The page says that data is missing: it shows the words" in told(outside, 1)
    assert "Show on the page:" in told(outside, 1)
    assert b"Data missing" in published(outside, row)["index.html"]
    assert url.encode() in published(outside, row)["README.md"]


@pytest.mark.processes
def test_what_was_missing_at_first_and_comes_later_is_missing_no_more(outside: Outside, api: HttpServer) -> None:
    api.scripts["/v1/latest"] = Script(503)
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


def test_the_evaluators_own_address_is_never_fetched(outside: Outside) -> None:
    row = driven(
        asked(
            brief="The API at https://evaluator.example/api/notify is told.",
            evaluation_url="https://evaluator.example/api/notify",
        )
    )
    assert row.state == "completed"
    assert not any("evaluator.example" in url for url in outside.fetcher.fetched)


def test_a_private_address_is_refused_and_said(outside: Outside) -> None:
    outside.fetcher = LoopbackFetcher(forge=outside.forge)
    outside.fetcher.guard = GuardedHttp(allow_private=False)
    row = driven(asked(brief="Show http://127.0.0.1:9/api/v1/keys.json."))
    assert row.state == "completed"
    assert "127.0.0.1 must not be contacted" in row.warnings[0]


# --- Workbooks -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.processes
def test_a_workbook_becomes_the_csv_that_the_brief_names(outside: Outside) -> None:
    row = driven(
        asked(brief="Convert values.xlsx to data.csv and show the sum of amount.", attachments=attached("values.xlsx"))
    )
    tree = published(outside, row)
    assert tree["data.csv"].startswith(
        b"order,day,taken,amount,paid,note\n1,2024-02-29,2024-02-29T13:45:59,12.5,TRUE,plain\n"
    )
    assert tree["values.xlsx"] == (SAMPLES / "values.xlsx").read_bytes()
    assert "Made by the service out of values.xlsx: the exact values." in told(outside)
    assert "A workbook of 1 sheet: 'Orders' (7 rows, 6 columns)." in told(outside)
    assert SourceFile.objects.get(path="data.csv").origin == "service"


@pytest.mark.processes
def test_a_workbook_with_sheets_becomes_a_file_a_sheet(outside: Outside) -> None:
    row = driven(asked(brief="Export the workbook as CSV.", attachments=attached("sheets.xlsx")))
    tree = published(outside, row)
    assert {name for name in tree if name.endswith(".csv")} == {
        "sheets-North.csv", "sheets-South-East.csv", "sheets-Empty.csv",
    }  # fmt: skip
    assert tree["sheets-North.csv"] == b"city,sales\nOslo,10\nBergen,20.25\n"


@pytest.mark.processes
def test_without_a_wish_for_csv_a_workbook_is_described_alone(outside: Outside) -> None:
    row = driven(asked(brief="Show the orders.", attachments=attached("values.xlsx")))
    assert not any(name.endswith(".csv") for name in published(outside, row))
    assert "Columns:\n- order: integer, 1 to 9007199254740991, ascending, all different" in told(outside)


@pytest.mark.processes
def test_a_workbook_that_cannot_be_read_is_a_warning_and_said_on_the_page(outside: Outside) -> None:
    row = driven(
        asked(brief="Convert encrypted.xlsx to data.csv and show its rows.", attachments=attached("encrypted.xlsx"))
    )
    assert row.state == "completed"
    assert "encrypted.xlsx cannot be read as a workbook: it is protected with a password." in row.warnings
    assert 'Show on the page: "Data missing: data.csv could not be read."' in told(outside)
    assert "data.csv could not be made: encrypted.xlsx cannot be read" in published(outside, row)["README.md"].decode()


def test_a_table_whose_line_ends_were_lost_is_a_warning(outside: Outside) -> None:
    lost = base64.b64encode(b"Product,Sales\x0eA,1000\x0eB,500").decode()
    row = driven(asked(brief="Show it.", attachments=[{"name": "a.csv", "url": f"data:text/csv;base64,{lost}"}]))
    assert row.state == "completed"
    assert "a.csv is a table without rows: its line ends may have been lost." in row.warnings
