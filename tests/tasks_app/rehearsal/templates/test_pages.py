"""The checks of our templates in a browser: a page that does what the brief says holds them, another does not.

`pages/` has a right page for each template, which does what both variants of the second round ask for too.
"""

from __future__ import annotations

import base64
import io
import json
import os
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Kind, Target, Verdict, parse_check
from tasks_app.rehearsal.templates.filling import FilledTask, fill
from tasks_app.rehearsal.templates.own import own_templates
from tasks_app.rehearsal.templates.reading import read_templates
from tests.chromium import chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = Path(__file__).parent / "pages"
SEED = "k3x9"

#: A fault for some of the right pages: what stands there, what stands there instead, and the checks that then fail,
#: by their places among the expressions of rounds 1, 2 and 3.
FAULTS: dict[str, tuple[str, str, set[int]]] = {
    "currency-converter": ("amount * rate", "amount", {2, 3}),
    "entry-search": ("text.toLowerCase().includes", "text.includes", {2, 3, 6}),
    "notes-by-address": ('address.get("q") ?? ""', '""', {2}),
    "sign-up-form": ("Number(value) >= 16", "Number(value) >= 0", {4}),
    "workbook-to-page": ("line.split", 'line.replace(/\\d+/, "").split', {1}),
}


@cache
def filled(name: str) -> list[FilledTask]:
    (template,) = (one for one in read_templates(own_templates(), source="own") if one.id == name)
    return [fill(template, seed=SEED, round=number) for number in (1, 2, 3)]


def expressions(name: str) -> list[str]:
    return [check["js"] for task in filled(name) for check in task.checks if isinstance(check, dict)]


def site(name: str, page: str) -> dict[str, bytes]:
    """Return the repository of a right answer with another page."""
    files = {
        one["name"]: base64.b64decode(one["url"].partition(",")[2]) for task in filled(name) for one in task.attachments
    }
    return {**files, **_written(name, files), "index.html": page.replace("SEED", SEED).encode()}


def _written(name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    if name == "files-with-rules":
        meanings = dict.fromkeys(("lighthouse", "keeper", "fog"), "A word.")
        return {"glossary.json": json.dumps(meanings).encode(), "summary.txt": b"word " * 30}
    if name == "script-to-repair":
        return {"totals.js": _repaired(files["totals.js"].decode()).encode()}
    if name == "workbook-to-page":
        return _converted(files["orders.xlsx"])
    return {}


def _repaired(script: str) -> str:
    finite = "const finite = (value) => typeof value === 'number' && Number.isFinite(value);"
    total = "const total = (values) => values.filter(finite).reduce((all, one) => all + one, 0);"
    mean = "const mean = (values) => values.length ? total(values) / values.length : 0;"
    rejected = "const rejected = (values) => values.filter((value) => !finite(value)).length;"
    return "\n".join([script.partition("function")[0], finite, total, mean, rejected])


def _converted(workbook: bytes) -> dict[str, bytes]:
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    rows = list(book["Orders"].iter_rows(values_only=True))
    staff = [row[0] for row in book["Staff"].iter_rows(min_row=2, values_only=True)]
    summary = {"orders": len(rows) - 1, "quantity": sum(int(str(row[2])) for row in rows[1:]), "staff": staff}
    csv = "".join(",".join(map(str, row)) + "\n" for row in rows)
    return {"orders.csv": csv.encode(), "summary.json": json.dumps(summary).encode()}


def failing(name: str, page: str, folder: Path) -> set[int]:
    """Return the places of the expressions that do not hold for a page."""
    sandbox = os.geteuid() != 0 and os.environ.get("CHROMIUM_NO_SANDBOX", "") == ""
    browser = ChromiumBrowser(Machine(folder / "places", chromium(), sandbox=sandbox, window=1.0))
    under_test = PageUnderTest("https://someone.github.io/repo/", site(name, page), Target.LOCAL)
    checks = [parse_check({"js": expression}) for expression in expressions(name)]
    report = browser.run(under_test, checks, seconds=240)
    assert report.not_run == ""
    assert all(result.check.kind is Kind.JS for result in report.results)
    return {at for at, result in enumerate(report.results) if result.verdict is not Verdict.PASS}


@pytest.mark.parametrize("name", sorted(path.stem for path in PAGES.iterdir()))
def test_a_right_page_holds_every_check(name: str, tmp_path: Path) -> None:
    assert failing(name, (PAGES / f"{name}.html").read_text(), tmp_path) == set()


@pytest.mark.parametrize(("name", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_fault_of_a_page_is_found(name: str, fault: tuple[str, str, set[int]], tmp_path: Path) -> None:
    right, wrong, places = fault
    page = (PAGES / f"{name}.html").read_text()
    assert right in page
    assert failing(name, page.replace(right, wrong), tmp_path) == places
