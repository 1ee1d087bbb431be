from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.lifecycle import State, Step
from tasks_app.models import Round
from tasks_app.reports.headline import DOING, headline

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def headline_of(**over: object) -> str:
    row = Round(**{"state": "queued", "step": "publish", "next_at": NOW} | over)
    return headline(row, NOW)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_every_state_at_every_step_has_a_headline_that_names_both(state: State, step: Step) -> None:
    text = headline_of(state=state, step=step)
    assert text.lower().startswith(state)
    assert text.endswith(".")
    assert state is State.COMPLETED or step in text
    assert step in DOING


@pytest.mark.parametrize(
    ("over", "parts"),
    [
        ({"next_at": NOW - timedelta(seconds=90)}, ("not taken for 90 s", "no worker runs")),
        (
            {"state": "running", "lease_owner": "s:1", "lease_until": NOW - timedelta(seconds=1)},
            ("s:1 fell silent",),
        ),
        (
            {"state": "waiting", "waiting_on": "Pages: building", "next_at": NOW + timedelta(seconds=4)},
            ("Pages: building.", "in 4 s", "Nothing to do"),
        ),
        ({"state": "waiting", "waiting_on": "403", "needs_attention": True}, ("Needs attention", "403.", "Retry")),
        ({"state": "completed", "live": True}, ("Completed: the evaluator was told.", "Nothing to do")),
        ({"state": "completed", "live": True, "late": True}, ("after the deadline",)),
        ({"state": "completed"}, ("not seen to serve", "Regenerate")),
        (
            {"state": "completed", "pages_source": "workflow"},
            ("workflow was not seen to publish", "the local forge runs no workflows"),
        ),
        (
            {"state": "completed", "watch_until": NOW + timedelta(minutes=9)},
            ("not seen to serve", "still looked for, until 12:09 UTC", "not told twice"),
        ),
        (
            {"state": "completed", "live": True, "finished_at": NOW, "live_at": NOW + timedelta(seconds=70)},
            ("came 70 s later", "Nothing to do"),
        ),
        ({"state": "completed", "live": True, "degraded": True}, ("fallback", "Regenerate")),
        ({"state": "failed", "error_code": "x", "error_message": "It broke"}, ("It broke. ", "Retry goes on")),
        ({"state": "failed", "error_code": "secret_in_attachment", "error_message": "It leaks."}, ("change that",)),
        ({"state": "cancelled"}, ("by an operator", "Retry")),
    ],
)
def test_it_says_what_happened_why_and_what_to_do(over: dict[str, object], parts: tuple[str, ...]) -> None:
    text = headline_of(**over)
    assert [part for part in parts if part not in text] == []


def test_a_silent_error_is_owned_up_to() -> None:
    assert "no reason was kept" in headline_of(state="failed")
