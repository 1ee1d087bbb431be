"""A process that dies after an outside effect: the next worker does not repeat the effect."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tasks_app.models import CheckResult, Commit, NotificationAttempt, Round
from tasks_app.rounds.interruptions import DIED
from tasks_app.rounds.journal import DatabaseJournal
from tasks_app.rounds.runs import round_revive
from tests.driving import drive, page_calls
from tests.factories import make_round
from tests.fakes import FakeBrowser
from tests.tasks_app.deaths import Killed, die

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def assert_done_once(outside: Outside, row: Round) -> None:
    row.refresh_from_db()
    assert row.state == "completed"
    assert outside.forge.writes == ["create", "commit"]
    (inside,) = outside.forge.repositories.values()
    assert list(inside.commits) == [inside.head] == [row.commit_sha]
    assert len({(body, headers["webhook-id"]) for _, body, headers in outside.notifier.sent}) == 1


def kill_in_journal(method: str) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(DatabaseJournal, method)
        deaths = [Killed()]

        def dying(self: DatabaseJournal, *args: object, **keywords: object) -> object:
            result = real(self, *args, **keywords)
            if deaths:
                raise deaths.pop()
            return result

        patch.setattr(DatabaseJournal, method, dying)

    return plant


@pytest.mark.parametrize("method", ["create", "commit", "enable_pages", "pages_build"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_around_an_effect_of_the_forge(outside: Outside, method: str, when: str) -> None:
    getattr(outside.forge.faults, when)[method] = [Killed()]
    row = make_round()
    die(row)
    drive(str(row.pk))
    assert_done_once(outside, row)
    assert len(outside.author.asked) == 1


@pytest.mark.parametrize(
    "method", ["attempt_begun", "repository_made", "commit_planned", "pages_seen", "notification_begun"]
)
def test_a_death_right_after_a_row_of_the_journal(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    kill_in_journal(method)(monkeypatch)
    row = make_round()
    die(row)
    drive(str(row.pk))
    assert_done_once(outside, row)


def test_a_death_during_the_model_call_is_in_the_record_and_the_call_made_again(outside: Outside) -> None:
    outside.author.replies = [Killed()]
    row = make_round()
    die(row)
    assert page_calls().get().error_code == ""
    drive(str(row.pk))
    assert_done_once(outside, row)
    interrupted, other = page_calls().exclude(kind="judge")
    assert (interrupted.seconds, interrupted.error_code, interrupted.error_message) == (None, "interrupted", DIED)
    assert (other.seconds is None, other.error_code) == (False, "")


def test_a_death_during_the_callback_is_in_the_record(outside: Outside) -> None:
    outside.notifier.lost = [Killed()]
    row = make_round()
    die(row)
    drive(str(row.pk))
    lost = NotificationAttempt.objects.order_by("pk").first()
    assert lost
    assert (lost.seconds, lost.error) == (None, DIED)


def test_a_death_after_the_callback_was_sent_repeats_the_same_bytes(outside: Outside) -> None:
    outside.notifier.lost = [Killed()]
    row = make_round()
    die(row)
    drive(str(row.pk))
    assert_done_once(outside, row)
    assert len(outside.notifier.sent) == 2
    assert list(NotificationAttempt.objects.values_list("number", "status_code")) == [(1, None), (2, 200)]


def test_five_deaths_in_a_row_fail_the_round(outside: Outside) -> None:
    outside.forge.faults.after["commit"] = [Killed() for _ in range(5)]
    row = make_round()
    for _ in range(5):
        die(row)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error_code, row.step) == ("failed", "crashed", "publish")
    assert outside.forge.writes == ["create", "commit"]


def failing(patch: pytest.MonkeyPatch, name: str, times: int) -> None:
    """Have a function of a step die so often, whatever it is given."""
    module, _, function = name.rpartition(".")
    real, deaths = getattr(import_module(module), function), [Killed() for _ in range(times)]

    def dying(*args: object, **keywords: object) -> object:
        if deaths:
            raise deaths.pop()
        return real(*args, **keywords)

    patch.setattr(name, dying)


def test_after_five_crashes_in_model_calls_the_callback_reports_the_fallback_page(outside: Outside) -> None:
    outside.author.replies = [Killed() for _ in range(5)]
    row = make_round()
    for _ in range(5):
        die(row)
    drive(str(row.pk))
    assert_done_once(outside, row)
    assert row.degraded
    (inside,) = outside.forge.repositories.values()
    assert b"5 workers in a row ended in the middle of generate" in inside.commits[row.commit_sha].files["index.html"]


def test_a_page_whose_checking_five_workers_died_of_is_published_unchecked(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.browser = FakeBrowser()
    failing(monkeypatch, "engine.steps.verify.review_result", 99)
    row = make_round(checks=["js: document.title === 'T'", "It is pretty"])
    for _ in range(5):
        die(row)
    drive(str(row.pk))
    assert_done_once(outside, row)
    assert not row.degraded
    why = "5 workers in a row ended in the middle of verify"
    found = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind__in=["js", "prose"], target="local")
    assert [(r.verdict, r.detail.startswith(why)) for r in found] == [("not_run", True)] * 2
    [warning] = row.warnings
    assert warning.startswith(f"The page is published unchecked: {why}")
    assert CheckResult.objects.get(target="live", kind="js").verdict == "pass"


def test_after_five_crashes_in_the_liveness_check_the_callback_is_still_sent(outside: Outside) -> None:
    outside.forge.faults.before["pages_build"] = [Killed() for _ in range(5)]
    row = make_round()
    for _ in range(5):
        die(row)
    drive(str(row.pk))
    assert_done_once(outside, row)
    assert not row.live
    assert row.watch_at is not None


def test_where_that_dies_too_the_round_fails(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "engine.steps.generate.assemble", 99)
    row = make_round()
    for _ in range(7):
        die(row)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error_code, row.step) == ("failed", "crashed", "generate")


def test_a_revival_after_deaths_behind_the_push_makes_no_second_commit(outside: Outside) -> None:
    outside.forge.faults.after["commit"] = [Killed() for _ in range(5)]
    row = make_round()
    for _ in range(5):
        die(row)
    drive(str(row.pk))
    assert round_revive(round_id=row.pk, who="operator")
    drive(str(row.pk))
    assert_done_once(outside, row)
    assert Commit.objects.get().pushed_at


def test_a_death_in_a_later_round_makes_one_commit_of_it(outside: Outside) -> None:
    drive(str(make_round().pk))
    row = make_round(round=2, brief="Blue.")
    outside.forge.faults.after["commit"] = [Killed()]
    die(row)
    drive(str(row.pk))
    row.refresh_from_db()
    assert row.state == "completed"
    assert outside.forge.writes == ["create", "commit", "commit"]
