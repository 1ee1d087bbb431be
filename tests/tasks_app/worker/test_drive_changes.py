"""An attachment that the plan changes, driven with real rows: what is committed and what is repaired."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from engine.prompts.sections import boundary_of
from tasks_app.models import Attachment, CheckResult, Round
from tasks_app.reports.changed_files import changed_files
from tests.driving import driven
from tests.factories import CSV, make_round
from tests.fakes import PAGE, README, FakeBrowser, page_reply, plan_reply

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

BROKEN = b"def mean(xs):\n    return sum(xs) / len(xs)\n"
FIXED = b"def mean(xs):\n    return sum(xs) / len(xs) if xs else 0\n"
CHANGED = "script.py: is not the attachment script.py as it came: it was changed"
PLAN = plan_reply({"path": "script.py", "source": "changed"}, {"path": "data.csv", "source": "attachment"})


def asked(brief: str, **over: object) -> Round:
    script = {"name": "script.py", "url": f"data:text/x-python;base64,{base64.b64encode(BROKEN).decode()}"}
    data = {"name": "data.csv", "url": f"data:text/csv;base64,{base64.b64encode(CSV).decode()}"}
    return make_round(**{"task": "fix", "brief": brief, "checks": [], "attachments": [script, data]} | over)


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def test_the_models_version_is_committed_and_the_original_stays_in_the_record(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    outside.author.replies = [
        page_reply({"index.html": PAGE, "README.md": README, "script.py": FIXED, "data.csv": b"x"})
    ]
    row = driven(asked("Fix the bug in script.py and show data.csv."))
    files = published(outside, row)
    assert (files["script.py"], files["data.csv"]) == (FIXED, CSV)
    assert bytes(Attachment.objects.get(name="script.py").content) == BROKEN
    assert CheckResult.objects.get(text=CHANGED).verdict == "pass"
    assert row.state == "completed"
    prompt = outside.author.asked[0][1][-1].content
    assert BROKEN.decode() in prompt
    assert f"=== {boundary_of(outside.author.asked[0][1])} file script.py" in prompt


def test_later_rounds_keep_the_changed_version_whatever_the_model_writes(outside: Outside) -> None:
    first = page_reply({"index.html": PAGE, "README.md": README, "script.py": FIXED})
    second = page_reply({"index.html": PAGE, "README.md": README + b"more\n", "script.py": BROKEN})
    third = page_reply({"index.html": PAGE, "README.md": README + b"again\n", "script.py": b"# rewritten\n"})
    outside.author.plans = [PLAN, plan_reply(), plan_reply({"path": "script.py", "source": "changed"})]
    outside.author.replies = [first, second, third]
    driven(asked("Fix the bug in script.py."))
    later = driven(asked("Make the page blue.", round=2, attachments=[]))
    assert published(outside, later)["script.py"] == FIXED
    last = driven(asked("Improve script.py further.", round=3, attachments=[]))
    assert published(outside, last)["script.py"] == b"# rewritten\n"
    assert FIXED.decode() in outside.author.asked[2][1][-1].content
    assert CheckResult.objects.get(text=CHANGED, attempt__round=last).verdict == "pass"


def test_an_unchanged_script_is_reported_to_the_model_and_a_repair_keeps_its_change(outside: Outside) -> None:
    outside.browser = FakeBrowser()
    outside.author.plans = [PLAN]
    outside.author.replies = [
        page_reply({"index.html": PAGE, "README.md": README}),
        page_reply({"script.py": BROKEN}),  # to the one request for what is missing
        page_reply({"script.py": FIXED}),
        page_reply({"index.html": PAGE.replace(b"<h1", b"<h1 class='TWO'")}),
    ]
    row = driven(asked("Fix the bug in script.py.", checks=["js: page.includes('TWO')"]))
    told = [messages[-1].content for _, messages, _ in outside.author.asked]
    assert "Your answer lacks script.py." in told[1]
    assert f"2. {CHANGED}" in told[2]
    assert "gave: it is the attachment script.py, unchanged" in told[2]
    assert CHANGED not in told[3]
    assert FIXED.decode() in told[3]
    assert BROKEN.decode() not in told[3]
    assert published(outside, row)["script.py"] == FIXED
    assert {r.verdict for r in row.chosen_attempt.check_results.filter(kind__in=["js", "rule", "file"])} == {"pass"}


def test_an_unchanged_attachment_is_checked_byte_for_byte_and_not_requested(
    outside: Outside,
) -> None:
    outside.author.plans = [PLAN]
    row = driven(asked("Fix the bug in script.py and show data.csv."))
    same = CheckResult.objects.get(attempt=row.chosen_attempt_id, text__startswith="data.csv: ")
    assert (same.text, same.verdict) == ("data.csv: is the attachment data.csv, byte for byte", "pass")
    form = outside.author.asked[0][1][-1].content.partition("[end of data")[2]
    assert "file script.py" in form
    assert "file data.csv" not in form


def test_without_a_plan_code_that_the_brief_names_may_be_rewritten_and_data_may_not(outside: Outside) -> None:
    outside.author.plans = ["no plan"] * 2
    outside.author.replies = [
        page_reply({"index.html": PAGE, "README.md": README, "script.py": FIXED, "data.csv": b"x"})
    ]
    row = driven(asked("Fix the bug in script.py and show data.csv."))
    files = published(outside, row)
    assert (row.state, files["script.py"], files["data.csv"]) == ("completed", FIXED, CSV)
    (difference,) = changed_files(row, row.chosen_attempt)
    assert difference.name == "script.py"
