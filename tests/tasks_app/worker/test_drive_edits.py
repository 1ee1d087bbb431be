"""Whole rounds that a model answers with edits: what is published, recorded, repaired, and done after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.prompts.form import LONG_FILE
from engine.prompts.replies import mark
from engine.prompts.sections import boundary_of
from tasks_app.models import Attempt, Round, SourceFile, StepRun
from tests.driving import drive, driven, kinds, page_calls
from tests.factories import make_round
from tests.fakes import README, FakeBrowser, edit_reply, page_reply
from tests.tasks_app.deaths import die
from tests.tasks_app.worker.test_drive_crashes import failing

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

LINES = "\n".join(f"<p>line {number}</p>" for number in range(LONG_FILE))
PAGE = f"<!DOCTYPE html>\n<html><head><title>T</title></head><body>\n{LINES}\n</body></html>\n"
BLUE = {"index.html": [("<p>line 7</p>\n", "<p class='blue'>line 7</p>\n")]}
BAD = {"index.html": [*BLUE["index.html"], ("<p>line x</p>\n", "<p>x</p>\n")]}
NEW_README = README + b"\nBlue.\n"


def round_one(outside: Outside) -> Round:
    outside.author.replies = [page_reply({"index.html": PAGE.encode(), "README.md": README})]
    row = driven(make_round(checks=[], attachments=[]))
    assert row.state == "completed"
    outside.author.asked.clear()
    return row


def round_two(**over: object) -> Round:
    return make_round(**{"round": 2, "brief": "Line 7 is blue.", "checks": [], "attachments": []} | over)


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def test_a_later_round_is_published_from_edits_and_its_reply_recorded_as_it_came(outside: Outside) -> None:
    round_one(outside)
    outside.author.replies = [edit_reply(BLUE, {"README.md": NEW_README})]
    row = driven(round_two())
    assert (row.state, row.degraded) == ("completed", False)
    page = published(outside, row)["index.html"].decode()
    assert "<p>line 6</p>\n<p class='blue'>line 7</p>\n<p>line 8</p>" in page
    call = Attempt.objects.get(pk=row.chosen_attempt_id)
    boundary = boundary_of(outside.author.asked[0][1])
    assert call.outcome == "ok"
    assert call.reply.startswith(f"{mark(boundary, 'edit', 'index.html')}\n{mark(boundary, 'old')}\n<p>line 7</p>\n")
    stored = SourceFile.objects.get(attempt=call, path="index.html")
    assert (bytes(stored.content).decode(), stored.origin) == (page, "model")
    assert "(index.html by 1 edit)" in StepRun.objects.get(round=row, step="generate").detail
    assert mark(boundary, "edit", "index.html") in outside.author.asked[0][1][-1].content


def test_edits_that_never_fit_leave_the_present_page(outside: Outside) -> None:
    round_one(outside)
    outside.author.models = ("first",)
    outside.author.replies = [edit_reply(BAD, {"README.md": NEW_README}), edit_reply(BAD), "No."]
    row = driven(round_two())
    assert row.degraded
    assert "<p>line 7</p>" in published(outside, row)["index.html"].decode()
    calls = page_calls().filter(round=row)
    assert [(call.kind, call.outcome) for call in calls] == [
        ("generate", "unmatched"), ("format", "unmatched"), ("format", "no_files"), ("fallback", ""),
    ]  # fmt: skip


def test_after_a_crash_the_recorded_edits_make_the_same_page_without_another_call(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_one(outside)
    outside.author.replies = [edit_reply(BAD), edit_reply(BLUE, {"README.md": NEW_README})]
    failing(monkeypatch, "engine.steps.generate.assemble", 1)
    row = round_two()
    die(row)
    assert len(outside.author.asked) == 2
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.degraded, len(outside.author.asked)) == ("completed", False, 2)
    assert "<p class='blue'>line 7</p>" in published(outside, row)["index.html"].decode()
    assert published(outside, row)["README.md"].startswith(NEW_README.rstrip())


def test_a_repair_is_answered_with_edits_of_the_best_attempts_page(outside: Outside) -> None:
    outside.browser = FakeBrowser()
    outside.author.replies = [
        page_reply({"index.html": PAGE.encode(), "README.md": README}),
        edit_reply({"index.html": [("<p>line 9</p>\n", "<p>TWO</p>\n")]}),
    ]
    row = driven(make_round(checks=["js: page.includes('TWO')"], attachments=[]))
    assert kinds()[:2] == ["generate", "repair"]
    assert "<p>TWO</p>\n<p>line 10</p>" in published(outside, row)["index.html"].decode()
    assert row.chosen_attempt.kind == "repair"
