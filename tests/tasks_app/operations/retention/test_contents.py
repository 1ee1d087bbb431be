"""Screenshots, prompts and files that old rounds lose, and the rest that they keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks_app.models import Attempt, CheckResult, Round, SourceFile
from tasks_app.operations.removals import PROMPTS, SCREENSHOTS
from tasks_app.queries import attempt_history
from tasks_app.rounds.operator_actions import round_retry
from tests.driving import driven
from tests.factories import make_round
from tests.tasks_app.operations.retention.past import PAGE, ago, ended, prune, tree

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def test_old_screenshots_go_and_the_verdicts_stay() -> None:
    old, young, moving = ended(11, task="a"), ended(9, task="b"), make_round(task="c", step="notify")
    tree(moving, 11)
    assert prune() == {SCREENSHOTS.name: 2}
    pictures = dict(CheckResult.objects.filter(kind="page_load").values_list("pk", "screenshot"))
    kept = [pk for pk, picture in pictures.items() if picture is not None]
    assert set(CheckResult.objects.filter(pk__in=kept).values_list("attempt__round", flat=True)) == {
        young.pk,
        moving.pk,
    }
    of_old = CheckResult.objects.filter(attempt__round=old, kind="page_load")
    assert all(result.screenshot_removed_at and result.verdict == "pass" for result in of_old)


def test_old_prompts_go_and_of_the_files_those_that_were_not_chosen() -> None:
    row = ended(21)
    assert prune()[PROMPTS.name] == 2
    for attempt in row.attempts.all():
        assert (attempt.messages, attempt.reply, attempt.reasoning) == ([], "", "")
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
    page = {path: file.content for path, file in attempt_history.files_of(row.chosen_attempt_id or 0).items()}
    past = ago(25)
    Round.objects.filter(pk=row.pk).update(
        state="failed", step="publish", finished_at=past, published_at=None, commit_sha="", created_at=past
    )
    Attempt.objects.update(started_at=past)
    assert prune()[PROMPTS.name] == Attempt.objects.count()
    round_retry(round_id=row.pk, who="somebody")
    row = driven(row)
    assert row.state == "completed"
    assert {path: file.content for path, file in attempt_history.files_of(row.chosen_attempt_id or 0).items()} == page
