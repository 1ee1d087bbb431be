"""`manage.py explain`: the course of a round in about twenty lines, in any state."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.domain.checks import Kind, Target, Verdict
from engine.errors import Permanent, Transient
from tasks_app.models import Attempt, CheckResult, Commit, Round
from tests.commands import run
from tests.driving import driven
from tests.factories import make_round, with_plan
from tests.fakes import PAGE, README, FakeBrowser, page_reply

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

CHECKS = ["js: page.includes('ONE')", "js: page.includes('TWO')", "It is pretty"]


def explain(row: Round, *arguments: str) -> str:
    return run("explain", row.pk, *arguments)


def flat(row: Round) -> str:
    return " ".join(explain(row).split())


def page(words: str) -> object:
    return page_reply({"index.html": PAGE.replace(b"7", words.encode()), "README.md": README})


def repaired(outside: Outside, **over: object) -> Round:
    outside.browser = FakeBrowser()
    outside.author.replies = [page("ONE"), page("ONE TWO")]
    return driven(make_round(checks=CHECKS, **over))


def test_a_completed_round_answers_all_that_somebody_asks_who_did_not_see_it(outside: Outside) -> None:
    row = repaired(outside)
    Attempt.objects.update(cost="0.0123")
    first, second = row.attempts.filter(kind__in=["generate", "repair"]).order_by("pk")
    calls = row.attempts.count()
    text = flat(row)
    for part in (
        "Completed: the evaluator was told.", "Plan Made by first.",
        f"Tried plan {row.attempts.get(kind='plan').pk} by first: plan,", row.email, row.brief,
        "3 checks, 2 of them to be run in the page", "data.csv",
        f"generate {first.pk} by first: ok", "10 + 20 tokens, $0.0123",
        "1 of 3 of the request's checks holds, 1 not decided",
        "wrong: page.includes('TWO') (fail", "so: repair, attempt", f"repair {second.pk} by first: ok", "CHOSEN",
        "so: publish", "nothing is left that a repair could mend", row.commit_sha[:12], row.repo_url, row.pages_url,
        Commit.objects.get().token, "after 1 look at", "try 1 of run 1: the evaluator answered 200", "told",
        "s before it", f"${0.0123 * calls:.4f}", f"{30 * calls} tokens",
    ):  # fmt: skip
        assert part in text, part
    assert len(explain(row).splitlines()) <= 34
    assert "SIMULATED" not in text


def test_the_plan_is_shown_in_a_few_lines() -> None:
    row = make_round(checks=CHECKS)
    assert "Plan" not in explain(row)
    plan_row = with_plan(row, refused=[{"item": "files[2]", "reason": "../x leaves the repository"}])
    text = flat(row)
    for part in (
        "Plan Made by gpt-x. 1 item of it refused: files[2]: ../x leaves the repository",
        "Files: story.txt, written by the model: a story of a whale (has 300 to 400 words); data.csv, the attachment",
        "Not to be committed: result.json", "3. It is pretty (nothing decides it: taste)", "Notes: euros are meant",
    ):  # fmt: skip
        assert part in text, part
    assert len(explain(row).splitlines()) <= 30
    told = json.loads(explain(row, "--json"))
    assert {
        "about": "Plan",
        "text": "Made by gpt-x. 1 item of it refused: files[2]: ../x leaves the repository",
    } in told
    plan_row.delete()
    with_plan(row, plan=None, why_none="The model let its time run out.", attempt=None)
    assert "Plan There is no plan: The model let its time run out." in flat(row)


def test_an_unknown_cost_stays_unknown(outside: Outside) -> None:
    assert "cost unknown" in flat(repaired(outside))


def test_every_state_says_where_it_is_and_what_is_next(outside: Outside) -> None:
    queued = make_round(task="queued")
    assert "Queued at generate" in flat(queued)
    assert "generate > verify > publish > deploy > notify, by itself" in flat(queued)
    assert "nobody was told; now is" in flat(queued)
    outside.author.replies = [Transient("model_overloaded", "The model is busy.", 30)] * 2
    waiting = driven(make_round(task="waiting"))
    assert waiting.state == "waiting"
    assert "model_overloaded: The model is busy." in flat(waiting)
    assert "looks again in" in flat(waiting)
    outside.author.replies = []
    outside.forge.faults.before["create"] = [Permanent("forge_refused", "The forge said no.")]
    failed = driven(make_round(task="failed"))
    assert failed.state == "failed"
    assert "Failed at publish: The forge said no." in flat(failed)
    assert "NEEDS ATTENTION" in flat(failed)
    assert "Next" not in explain(failed)
    assert "Published not yet" in flat(failed)
    assert "nobody was told; it ended" in flat(failed)
    cancelled = make_round(task="cancelled", state="cancelled", next_at=None, finished_at=timezone.now())
    assert "Cancelled at generate by an operator" in flat(cancelled)
    for row in (queued, waiting, failed, cancelled):
        print(explain(row))  # noqa: T201 - seen with -s


def test_late_degraded_and_simulated_are_in_capitals_and_a_new_run_is_shown(outside: Outside) -> None:
    outside.author.simulated = True
    outside.author.replies = ["no"] * 20
    row = driven(make_round())
    assert row.degraded
    row.deadline_at = row.created_at - timedelta(seconds=5)
    row.late = True
    row.save()
    row.events.create(at=timezone.now(), who="ada", what="round regenerated", text="from generate")
    text = flat(row)
    for part in (
        "SIMULATED",
        "DEGRADED",
        "LATE",
        "AFTER it",
        "by the service itself",
        "round regenerated by ada, from generate",
    ):
        assert part in text, part
    print(explain(row))  # noqa: T201 - seen with -s


def test_a_page_that_is_not_live_is_in_capitals_with_the_reason(outside: Outside) -> None:
    row = driven(make_round())
    row.pages_statuses.update(live=False, reason="It serves another commit.")
    Round.objects.update(live=False, live_at=None)
    row.refresh_from_db()
    assert "NOT LIVE after 1 look" in flat(row)
    assert "It serves another commit." in flat(row)


def test_as_json_it_is_the_same_lines_and_hostile_text_makes_none_of_its_own(outside: Outside) -> None:
    row = repaired(outside, brief="x\n\nFlags      DEGRADED\x1b[2J\u202e" + "y" * 5_000, task="a\nCallback  b")
    told = json.loads(explain(row, "--json"))
    assert {line["about"] for line in told} >= {
        "Round",
        "Asked",
        "Tried",
        "Published",
        "Live",
        "Callback",
        "Deadline",
        "Spent",
    }
    text = explain(row)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.startswith(("Flags", "Callback  b"))]
    assert len(text) < 6_000


def test_a_build_script_that_failed_is_the_first_that_is_named(outside: Outside) -> None:
    row = repaired(outside)
    first = row.attempts.get(kind="generate")
    CheckResult.objects.create(
        attempt=first, position=99, kind=Kind.COMPUTED, text="tools/build.js runs", target=Target.LOCAL,
        verdict=Verdict.FAIL, detail="tools/build.js:6: Error: no amount",
    )  # fmt: skip
    assert "wrong: tools/build.js runs (fail: tools/build.js:6: Error: no amount)" in flat(row)
