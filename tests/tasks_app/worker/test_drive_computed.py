"""Rounds with a build script, driven with real rows: prompts, verdicts, gates, and what is published in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import NO_PLACE
from engine.checks.own_rules import NO_BROWSER
from engine.domain.browser_report import Computation
from tasks_app.models import CheckResult, Round, SourceFile
from tasks_app.reports.round_report import RoundReport
from tasks_app.reports.status import round_status
from tests.driving import driven, kinds
from tests.factories import make_round
from tests.fakes import PAGE, README, FakeBrowser, page_reply, plan_reply

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

PLAN = plan_reply({"path": "result.json", "source": "computed", "what": "the counts by city"})
SCRIPT = b"async function build(files) { return {files: {}} }\n"
WRITTEN = page_reply({"index.html": PAGE, "tools/build.js": SCRIPT, "README.md": README})
TEXT = "tools/build.js runs and computes what the plan and the page expect of it"
TOKEN = b"ghp_" + b"aB3dE6gH9j" * 4  # the form of a token of GitHub; it is none


def asked(**over: object) -> Round:
    return make_round(**{"task": "count", "checks": [], "attachments": []} | over)


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def test_the_script_is_asked_for_in_place_of_what_it_computes(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation({"result.json": b"{}\n"}))
    outside.author.plans, outside.author.replies = [PLAN], [WRITTEN]
    row = driven(asked())
    rules, request = outside.author.asked[0][1][0].content, outside.author.asked[0][1][-1].content
    assert "async function build(files) {" in rules
    assert "(tools/build.js, whole: its build(files) returns result.json: the counts by city)" in request
    assert "file result.json" not in request
    assert (row.state, published(outside, row)["result.json"]) == ("completed", b"{}\n")
    assert SourceFile.objects.get(path="result.json", attempt=row.chosen_attempt_id).origin == "computed"


def test_a_script_that_fails_is_repaired_and_bars_nothing(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation(error="tools/build.js:1: Error: no rows"))
    outside.author.plans, outside.author.replies = [PLAN], [WRITTEN]
    row = driven(asked())
    assert (row.state, row.degraded, kinds()[:2]) == ("completed", False, ["generate", "repair"])
    status = round_status(RoundReport(row))
    shown = {one["text"]: (one["kind"], one["verdict"], one["detail"]) for one in status["checks"]}
    assert shown[TEXT] == ("computed", "fail", "tools/build.js:1: Error: no rows")
    assert RoundReport(row).checks.counts.request.of == 0
    assert "result.json" not in published(outside, row)


def test_without_a_browser_the_model_writes_the_file_and_a_script_is_not_run_with_a_warning(outside: Outside) -> None:
    typed = page_reply({"index.html": PAGE, "result.json": b"{}\n", "tools/build.js": SCRIPT, "README.md": README})
    outside.author.plans, outside.author.replies = [PLAN], [typed]
    row = driven(asked())
    rules, request = outside.author.asked[0][1][0].content, outside.author.asked[0][1][-1].content
    assert "(result.json, whole: the counts by city; nothing but the JSON itself)" in request
    assert "build.js" not in rules + request
    assert (row.state, published(outside, row)["result.json"]) == ("completed", b"{}\n")
    assert [one.verdict for one in CheckResult.objects.filter(kind="computed")] == ["not_run"]
    assert f"tools/build.js was not run: {NO_BROWSER}" in row.warnings


def test_a_browser_that_cannot_be_started_is_a_warning(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation(not_run="no check browser was free in time"))
    outside.author.plans, outside.author.replies = [plan_reply()], [WRITTEN]
    row = driven(asked())
    assert f"tools/build.js was not run: {NO_PLACE}" in row.warnings
    assert row.state == "completed"


def test_a_file_that_no_browser_computed_is_no_fault_of_the_page(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation(not_run="no check browser was free in time"))
    outside.author.plans = [
        plan_reply(
            {"path": "result.json", "source": "computed"},
            checks=[{"number": 1, "predicates": [{"kind": "json_schema", "path": "result.json", "definition": {}}]}],
        )
    ]
    outside.author.replies = [WRITTEN]
    row = driven(asked(checks=["result.json is JSON"]))
    assert (row.state, kinds()) == ("completed", ["generate"])
    assert list(CheckResult.objects.filter(kind__in=["prose", "file"]).values_list("verdict", flat=True)) == [
        "not_run",
        "not_run",
    ]
    assert CheckResult.objects.get(kind="file").detail == (
        "result.json was not computed: no check browser was free in time"
    )


def test_where_the_browser_is_known_not_to_work_the_model_writes_the_file(
    outside: Outside, settings: SettingsWrapper, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "browser.json").write_text('{"problem": "no sandbox"}')
    outside.browser = FakeBrowser()
    outside.author.plans = [PLAN]
    outside.author.replies = [page_reply({"index.html": PAGE, "result.json": b"{}\n", "README.md": README})]
    row = driven(asked())
    assert "build.js" not in outside.author.asked[0][1][-1].content
    assert (row.state, kinds(), published(outside, row)["result.json"]) == ("completed", ["generate"], b"{}\n")
    assert not CheckResult.objects.filter(kind="computed").exists()


def test_the_gates_see_what_is_computed(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation({"result.txt": TOKEN}))
    outside.author.plans, outside.author.replies = [plan_reply()], [WRITTEN]
    row = driven(asked())
    findings = CheckResult.objects.filter(kind="gate", verdict="fail").values_list("detail", flat=True)
    assert findings[0].startswith("result.txt:1: ")
    assert TOKEN not in b"".join(published(outside, row).values())


def test_what_an_attachment_holds_anyway_may_be_computed_from_it(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation({"result.txt": TOKEN}))
    outside.author.plans, outside.author.replies = [plan_reply()], [WRITTEN]
    row = driven(asked(attachments=[{"name": "log.txt", "url": f"data:text/plain,{TOKEN.decode()}"}]))
    assert published(outside, row)["result.txt"] == TOKEN
    assert not row.degraded


def test_a_later_round_runs_the_script_again_on_what_is_there(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation({"result.json": b"{}\n", "chart.svg": b"<svg>chart</svg>\n"}))
    outside.author.plans = [PLAN, plan_reply()]
    outside.author.replies = [WRITTEN, page_reply({"README.md": README + b"Later.\n"})]
    driven(asked())
    outside.browser.computed = Computation({"chart.svg": b"<svg>new</svg>\n"})
    row = driven(asked(round=2, brief="Only the chart."))
    tree = published(outside, row)
    assert "result.json" not in tree
    assert tree["chart.svg"] == b"<svg>new</svg>\n"
    assert outside.browser.scripts[-1][0] == SCRIPT.decode()
    assert not {"result.json", "chart.svg"} & outside.browser.scripts[-1][1].keys()
    messages = outside.author.asked[1][1]
    assert SCRIPT.decode() in messages[2].content  # the script is shown as the model's own file, what it computed not
    assert "<svg>chart</svg>" not in messages[2].content
    assert "[published file chart.svg" in messages[-1].content


def test_a_script_of_an_earlier_round_that_fails_now_leaves_what_it_computed(outside: Outside) -> None:
    outside.browser = FakeBrowser(computed=Computation({"result.json": b"{}\n"}))
    outside.author.plans = [PLAN, plan_reply()]
    outside.author.replies = [WRITTEN, page_reply({"README.md": README + b"Later.\n"})]
    driven(asked())
    outside.browser.computed = Computation(error="tools/build.js:1: Error: no rows")
    row = driven(asked(round=2, brief="Something else."))
    assert published(outside, row)["result.json"] == b"{}\n"
    assert row.state == "completed"
