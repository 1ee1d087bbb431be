"""Whole rounds whose figures a build script computes in a real browser: repaired, published, computed anew later."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import statistics
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser
from tasks_app.models import CheckResult, SourceFile
from tests.driving import driven, kinds
from tests.factories import make_round
from tests.fakes import README, page_reply, plan_reply

if TYPE_CHECKING:
    from engine.adapters.browser.chromium_browser import Machine
    from tasks_app.models import Round
    from tests.conftest import Outside

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.slow]

NUMBERS = random.Random(17)  # noqa: S311 -- data for a test
ROWS = [(f"c{at % 37}", round(NUMBERS.lognormvariate(3, 1), 2)) for at in range(5_000)]
SALES = ("city,amount\n" + "".join(f"{city},{amount}\n" for city, amount in ROWS)).encode()
PAGE = b"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sales</title>
</head><body><h1>Sales</h1><p>Median: <b id="median" data-computed="median"></b></p></body></html>
"""
SCRIPT = b"""async function build(files) {
  const rows = files["sales.csv"].trim().split("\\n").slice(1).map((line) => line.split(","));
  const amounts = rows.map((row) => Number(row[1])).sort((a, b) => a - b);
  const median = (amounts[2499] + amounts[2500]) / 2;
  const cities = new Set(rows.map((row) => row[0])).size;
  return {files: {"result.json": {rows: rows.length, cities, median}}, fills: {median: median.toFixed(3)}};
}
"""
BROKEN = SCRIPT.replace(b"row[1]", b"row.amount.value")
EXPECTED = {"rows": 5_000, "cities": 37, "median": statistics.median(amount for _, amount in ROWS)}
PLAN = plan_reply(
    {"path": "result.json", "source": "computed", "what": "rows, cities and median of sales.csv"},
    {"path": "sales.csv", "source": "attachment"},
)


def asked(**over: object) -> Round:
    sales = {"name": "sales.csv", "url": f"data:text/csv;base64,{base64.b64encode(SALES).decode()}"}
    given = {"task": "sales", "brief": "Publish result.json.", "attachments": [sales]}
    shows = f"js: document.querySelector('#median').textContent === '{EXPECTED['median']:.3f}'"
    return make_round(**given | {"checks": [shows]} | over)


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def origins(row: Round) -> dict[str, str]:
    return dict(SourceFile.objects.filter(attempt=row.chosen_attempt_id).values_list("path", "origin"))


def test_results_over_5000_rows_are_published_after_a_repair_and_kept_right_by_a_later_round(
    outside: Outside, machine: Machine
) -> None:
    outside.browser = ChromiumBrowser(machine)
    outside.author.plans = [PLAN, plan_reply()]
    heading = PAGE.replace(b"<h1>Sales</h1>", b"<h1>All sales</h1>")
    renamed = SCRIPT.replace(b"result.json", b"figures.json")
    outside.author.replies = [
        page_reply({"index.html": PAGE, "tools/build.js": BROKEN, "README.md": README}),
        page_reply({"tools/build.js": SCRIPT}),
        page_reply({"index.html": heading, "tools/build.js": renamed, "README.md": README + b"Later.\n"}),
    ]
    first = driven(asked())
    assert (first.state, first.degraded, kinds()) == ("completed", False, ["generate", "repair"])
    verdicts = CheckResult.objects.filter(kind="computed").order_by("attempt")
    assert [one.verdict for one in verdicts] == ["fail", "pass"]
    assert verdicts[0].detail == "tools/build.js:3: TypeError: Cannot read properties of undefined (reading 'value')"
    repair = outside.author.asked[1][1][-1].content
    assert f"gave: {verdicts[0].detail} (on the files)" in repair
    assert list(CheckResult.objects.filter(kind="js", target="local").values_list("verdict", flat=True))[-1] == "pass"

    tree = published(outside, first)
    assert json.loads(tree["result.json"]) == EXPECTED
    assert f'<b id="median" data-computed="median">{EXPECTED["median"]:.3f}</b>' in tree["index.html"].decode()
    assert tree["sales.csv"] == SALES
    assert tree["tools/build.js"] == SCRIPT
    assert origins(first)["result.json"] == "computed"
    assert sum(1 for _ in csv.reader(io.StringIO(SALES.decode()))) == 5_001

    second = driven(asked(round=2, attachments=[], brief="Call the file figures.json and the page All sales."))
    tree = published(outside, second)
    assert "result.json" not in tree
    assert json.loads(tree["figures.json"]) == EXPECTED
    assert b"<h1>All sales</h1>" in tree["index.html"]
    assert f">{EXPECTED['median']:.3f}</b>" in tree["index.html"].decode()
    assert origins(second)["figures.json"] == "computed"
