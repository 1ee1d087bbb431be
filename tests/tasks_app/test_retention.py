"""What is removed once it is old, what never is, and how it is told."""

from __future__ import annotations

import io
import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_q.models import Task as Ring

from tasks_app import briefs, retention, tries
from tasks_app.models import MISSING, Attachment, Attempt, CheckResult, Event, Rejection, Round, SourceFile, Task
from tasks_app.services.operators import round_retry
from tasks_app.services.removals import PROMPTS, ROUNDS, SCREENSHOTS
from tests.console.conftest import person
from tests.driving import driven
from tests.factories import dump, lease_of, make_round

if TYPE_CHECKING:
    from datetime import datetime

    from pytest_django.fixtures import SettingsWrapper

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db
PAGE = b"<!doctype html><p id=total>19.75"


@pytest.fixture(autouse=True)
def _kept(settings: SettingsWrapper) -> None:
    settings.KEEP_SCREENSHOTS_DAYS, settings.KEEP_PROMPTS_DAYS, settings.KEEP_ROUNDS_DAYS = 10, 20, 30


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def tree(row: Round, days: float, **over: object) -> Attempt:
    """Give a round an attempt of `days` ago with a tree, a passed check and a picture of the page."""
    common = {"run": 1, "kind": "generate", "provider": "openai", "started_at": ago(days), "reply": "the reply"}
    attempt = Attempt.objects.create(
        round=row, **common | {"messages": [{"role": "user", "content": "the prompt"}]} | over
    )
    SourceFile.objects.create(attempt=attempt, path="index.html", content=PAGE, size=len(PAGE), origin="model")
    common = {"attempt": attempt, "target": "local", "verdict": "pass"}
    CheckResult.objects.create(position=1, kind="js", text="document.title === 'Sales'", **common)
    CheckResult.objects.create(position=2, kind="view", text="at 1280", screenshot=b"JPEG" * 1000, **common)
    return attempt


def ended(days: float, *, state: str = "completed", step: str = "notify", **over: object) -> Round:
    """Make a round that was published and ended `days` ago, with an attempt that was not chosen and one that was."""
    published = over.pop("published_at", ago(days))
    columns = {"created_at": ago(days), "started_at": ago(days), "finished_at": ago(days), "next_at": None}
    asked = {"state": state, "step": step, "commit_sha": "1" * 40, "published_at": published}
    row = make_round(**columns | asked | over)
    tree(row, days)
    task, _ = Task.objects.get_or_create(key=row.task_key, defaults={"name": row.task_name, "created_at": ago(days)})
    row.task, row.chosen_attempt = task, tree(row, days)
    row.save()
    return row


def prune() -> dict[str, int]:
    gone: dict[str, int] = {}
    for batch in retention.prune():
        gone[batch.name] = gone.get(batch.name, 0) + batch.rows
    return gone


# --- Screenshots and prompts -----------------------------------------------------------------------------------------------------------


def test_old_screenshots_go_and_the_verdicts_stay() -> None:
    old, young, moving = ended(11, task="a"), ended(9, task="b"), make_round(task="c", step="notify")
    tree(moving, 11)
    assert prune() == {SCREENSHOTS.name: 2}
    pictures = dict(CheckResult.objects.filter(kind="view").values_list("pk", "screenshot"))
    kept = [pk for pk, picture in pictures.items() if picture is not None]
    assert set(CheckResult.objects.filter(pk__in=kept).values_list("attempt__round", flat=True)) == {
        young.pk,
        moving.pk,
    }
    of_old = CheckResult.objects.filter(attempt__round=old, kind="view")
    assert all(result.screenshot_removed_at and result.verdict == "pass" for result in of_old)


def test_old_prompts_go_and_of_the_files_those_that_were_not_chosen() -> None:
    row = ended(21)
    assert prune()[PROMPTS.name] == 2
    for attempt in row.attempts.all():
        assert (attempt.messages, attempt.reply) == ([], "")
        assert attempt.emptied_at is not None
        chosen = attempt.pk == row.chosen_attempt_id
        assert bytes(attempt.files.get().content) == (PAGE if chosen else b"")
        assert attempt.files.get().size == len(PAGE)


@pytest.mark.parametrize("over", [{"step": "publish"}, {"step": "verify", "chosen": False}])
def test_a_round_that_was_never_published_keeps_the_files_that_a_retry_needs(over: dict[str, object]) -> None:
    chosen = over.pop("chosen", True)
    row = ended(21, state="failed", published_at=None, **over)
    Round.objects.filter(pk=row.pk).update(commit_sha="", **{} if chosen else {"chosen_attempt": None})
    assert prune()[PROMPTS.name] == 2
    assert {bytes(file.content) for file in SourceFile.objects.all()} == {PAGE}


def test_a_failed_round_is_retried_as_if_nothing_had_been_removed(outside: Outside) -> None:
    row = driven(make_round())
    page = {path: file.content for path, file in tries.files_of(row.chosen_attempt_id or 0).items()}
    past = ago(25)
    Round.objects.filter(pk=row.pk).update(
        state="failed", step="publish", finished_at=past, published_at=None, commit_sha="", created_at=past
    )
    Attempt.objects.update(started_at=past)
    assert prune()[PROMPTS.name] == 1
    round_retry(round_id=row.pk, who="somebody")
    row = driven(row)
    assert row.state == "completed"
    assert {path: file.content for path, file in tries.files_of(row.chosen_attempt_id or 0).items()} == page


# --- Rounds ----------------------------------------------------------------------------------------------------------------------------


def test_old_rounds_go_with_all_that_hangs_on_them_but_the_tasks_newest_published_one() -> None:
    first, second = ended(50), ended(40, round=2)
    Event.objects.create(at=ago(50), who="service", what="x", round=first)
    assert prune()[ROUNDS.name] == 1
    assert list(Round.objects.all()) == [second]
    assert not Event.objects.filter(what="x")
    assert set(Attempt.objects.values_list("round", flat=True)) == {second.pk}
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    "over",
    [
        {"state": "failed", "step": "notify"},  # its evaluator was never told
        {"watch_until": timezone.now(), "watch_at": timezone.now()},
    ],
)
def test_what_is_still_to_be_told_or_looked_for_stays(over: dict[str, object]) -> None:
    row = ended(50, **over)
    ended(40, round=2)
    prune()
    assert Round.objects.filter(pk=row.pk).exists()


def test_nothing_of_a_task_goes_while_a_round_of_it_moves() -> None:
    ended(50)
    ended(40, round=2)
    lease_of(make_round(round=3))
    assert ROUNDS.name not in prune()


def test_the_round_with_the_newest_page_stays_where_another_was_published_later() -> None:
    second, again = ended(50, round=2), ended(40, round=1)
    honest = ended(45, round=3, degraded=True)
    assert prune()[ROUNDS.name] == 1
    assert set(Round.objects.all()) == {second, again}
    assert honest not in Round.objects.all()


def test_the_task_of_rounds_that_were_never_published_goes_with_them() -> None:
    ended(50, state="cancelled", step="generate", published_at=None)
    prune()
    assert (Round.objects.count(), Task.objects.count(), Attachment.objects.count()) == (0, 0, 0)


def test_a_later_round_keeps_what_removed_ones_had_attached_and_had_checked() -> None:
    ended(50)
    first = Round.objects.get()
    Attachment.objects.create(round=first, position=9, name=f"{MISSING}rates.json", note="it could not be had")
    ended(40, round=2, attachments=[])
    later = make_round(round=3, attachments=[])
    before = briefs.protected(later), tries.kept_checks(later)
    assert before[0] == ("data.csv",)
    Round.objects.filter(pk=later.pk).update(state="cancelled", next_at=None, finished_at=timezone.now())
    CheckResult.objects.filter(attempt__round__number=2).delete()
    assert prune()[ROUNDS.name] == 1
    assert (briefs.protected(later), tries.kept_checks(later)) == before
    again = make_round(round=1, task="sum-of-sales")
    assert tries.kept_checks(again) == ()


def test_refused_requests_events_and_the_queues_failures_are_history_too() -> None:
    for days in (29, 31):
        Rejection.objects.create(at=ago(days), status=400)
        Event.objects.create(at=ago(days), who="service", what="x")
        Ring.objects.create(id=str(days), name="x", func="f", started=ago(days), stopped=ago(days), success=False)
    assert prune() == {"rejections": 1, "events of no round": 1, "failures of the queue": 1}
    assert (Rejection.objects.count(), Event.objects.count(), Ring.objects.count()) == (1, 1, 1)


# --- How -------------------------------------------------------------------------------------------------------------------------------


def test_without_settings_everything_is_kept(settings: SettingsWrapper) -> None:
    settings.KEEP_SCREENSHOTS_DAYS = settings.KEEP_PROMPTS_DAYS = settings.KEEP_ROUNDS_DAYS = 0
    ended(4000)
    ended(3000, round=2)
    before = dump()
    assert prune() == {}
    assert dump() == before
    assert not retention.is_asked_for()


def test_it_can_be_interrupted_and_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        ended(50, task=f"t{number}")
        ended(40, task=f"t{number}", round=2)
    batches = retention.prune()
    assert next(batches).rows == 100
    batches.close()
    assert CheckResult.objects.filter(screenshot__isnull=False).count() == 0
    assert Round.objects.count() == 50
    gone = [batch for batch in retention.prune() if batch.name == ROUNDS.name]
    assert [batch.rows for batch in gone] == [20, 5]
    assert all(batch.size > len(PAGE) for batch in gone)
    assert prune() == {}


def test_what_cannot_be_removed_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    ended(50)
    ended(40, round=2)
    monkeypatch.setattr("tasks_app.services.removals.ENDED", frozenset())
    assert prune()[ROUNDS.name] == 1
    assert Round.objects.count() == 2


def test_the_service_removes_a_bounded_part_at_a_time_and_writes_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.retention.MOST_BATCHES", 2)
    monkeypatch.setattr("tasks_app.retention.BREATH", 0)
    ended(50)
    ended(40, round=2)
    retention._pass(lambda: False)
    assert Round.objects.count() == 2
    retention._pass(lambda: False)
    assert Round.objects.count() == 1
    written = Event.objects.filter(what="old things removed").order_by("pk").values_list("text", flat=True)
    assert list(written) == ["4 screenshots, 4 prompts, replies and files that were not chosen", "1 rounds"]
    retention._pass(lambda: False)
    assert len(written.all()) == 2


def test_a_service_that_stops_stops_removing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.retention.EVERY", 0.0)
    monkeypatch.setattr("tasks_app.retention.connections.close_all", lambda: None)
    stop, passes = threading.Event(), []

    def once(breathe: object) -> None:
        passes.append(breathe)
        stop.set()

    monkeypatch.setattr("tasks_app.retention._pass", once)
    retention.keep_pruning(stop)
    assert len(passes) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
@pytest.mark.parametrize(
    ("removal", "index"), [(SCREENSHOTS, "screenshot_kept"), (PROMPTS, "attempt_whole"), (ROUNDS, "round_ended")]
)
def test_what_is_old_is_found_by_an_index(removal: object, index: str) -> None:
    plan = removal.old(ago(1)).order_by(removal.by, "pk")[:100].explain()
    assert index in plan
    assert not [line for line in plan.splitlines() if "SCAN" in line and index not in line]


# --- The command and the console -------------------------------------------------------------------------------------------------------


def said(*options: str) -> str:
    out = io.StringIO()
    call_command("prune", *options, stdout=out)
    return out.getvalue()


def test_a_dry_run_counts_and_removes_nothing() -> None:
    ended(50)
    ended(40, round=2)
    before = dump()
    text = said("--dry-run")
    assert "screenshots: 4 would be removed" in text
    assert "rounds: 1 would be removed" in text
    assert dump() == before


def test_the_command_says_what_went_and_how_much() -> None:
    ended(50)
    ended(40, round=2)
    told = {line["what"]: line for line in json.loads(said("--json"))["removed"]}
    assert (told["screenshots"]["rows"], told["screenshots"]["bytes"]) == (4, 16_000)
    assert told["rounds"]["rows"] == 1
    assert said().startswith("free in the database's file" if connection.vendor == "sqlite" else "")


def test_the_command_says_that_nothing_is_set(settings: SettingsWrapper) -> None:
    settings.KEEP_SCREENSHOTS_DAYS = settings.KEEP_PROMPTS_DAYS = settings.KEEP_ROUNDS_DAYS = 0
    assert "everything is kept for ever" in said()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's")
def test_a_vacuum_gives_the_room_back() -> None:
    ended(50)
    assert json.loads(said("--json", "--vacuum"))["free_bytes_in_the_file"] == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="others'")
def test_a_vacuum_is_refused_elsewhere() -> None:
    with pytest.raises(CommandError, match="for SQLite"):
        said("--vacuum")


def test_the_console_says_that_something_was_removed_and_when() -> None:
    row = ended(25)
    prune()
    viewer = person("vera", "view_")
    attempt = row.attempts.exclude(pk=row.chosen_attempt_id).get()
    pages = [
        f"/admin/tasks_app/round/{row.pk}/change/",
        f"/admin/tasks_app/attempt/{attempt.pk}/change/",
        f"/admin/tasks_app/sourcefile/{attempt.files.get().pk}/change/",
        f"/admin/tasks_app/checkresult/{attempt.check_results.get(kind='view').pk}/change/",
    ]
    for page, kept in zip(pages, (10, 20, 20, 10), strict=True):
        text = viewer.get(page).content.decode()
        assert f"; such things are kept for {kept} days" in text, page
        assert f"{timezone.now():%Y-%m-%d}" in text.partition("removed <time")[2][:80], page
