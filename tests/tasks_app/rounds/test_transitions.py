from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from engine.checks.decision import Decision, Next
from engine.domain.brief import AttachedFile, MissingFile, Source
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.http import Answer
from engine.domain.model_call import Prompt, Reply
from engine.domain.repository import Origin, PagesBuild, Repository, SiteFile
from engine.errors import LeaseLost
from engine.steps.contracts import Deployed, Generated, Published, RepairSkipped, Verified, Wait
from tasks_app.models import Attempt, Commit, Event, Round, StepRun, Task
from tasks_app.models import CheckResult as CheckRow
from tasks_app.rounds import transitions
from tasks_app.rounds.call_rows import StreamingReply
from tasks_app.rounds.journal import DatabaseJournal
from tests.factories import SECRET, dump, lease_of, make_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks_app.rounds.leases import Lease

pytestmark = pytest.mark.django_db

PLACE = Repository("owner", "site", "https://forge.test/owner/site", "https://pages.test/site/")
SHA = "1" * 40
MOVES: dict[str, tuple[str, Callable[[Lease, Round], None]]] = {
    "begin": ("publish", lambda lease, row: transitions.step_begin(lease=lease, row=row)),
    "generated": (
        "generate",
        lambda lease, row: transitions.generated_record(lease=lease, row=row, outcome=generated(row)),
    ),
    "verified": ("verify", lambda lease, row: transitions.verified_record(lease=lease, row=row, outcome=verified(row))),
    "fruitless": (
        "generate",
        lambda lease, row: transitions.no_result_record(lease=lease, row=row, outcome=RepairSkipped("no time")),
    ),
    "published": ("publish", lambda lease, row: transitions.published_record(lease=lease, row=row, outcome=PUBLISHED)),
    "deployed": (
        "deploy",
        lambda lease, row: transitions.deployed_record(lease=lease, row=row, outcome=Deployed(True, "d")),
    ),
    "delivered": ("notify", lambda lease, row: transitions.delivered_record(lease=lease, row=row, detail="200")),
    "wait": ("deploy", lambda lease, row: transitions.round_wait(lease=lease, row=row, wait=Wait(timezone.now(), "w"))),
    "fail": ("notify", lambda lease, row: transitions.round_fail(lease=lease, row=row, code="c", message="m")),
    "crash": ("verify", lambda lease, row: transitions.crash_record(lease=lease, row=row, message="m", delay=1)),
}
JOURNAL: dict[str, Callable[[DatabaseJournal, int], object]] = {
    "attempt_begun": lambda j, _: j.attempt_begun(
        kind="generate", prompt=Prompt("p", "1", "d", ()), provider="x", model="m", simulated=False
    ),
    "attempt_answered": lambda j, pk: j.attempt_answered(pk, Reply("text", "m", "stop"), outcome="ok"),
    "attempt_reused": lambda j, _: j.attempt_reused(kind="generate", model="m", parent=None),
    "attempt_interrupted": lambda j, _: j.attempt_interrupted(kind="generate", model="m", parent=None),
    "chunks_keep": lambda j, _: chunk_stored(j),
    "attempt_failed": lambda j, pk: j.attempt_failed(pk, code="c", message="m"),
    "plan_made": lambda j, _: j.plan_made({"notes": ["n"]}, attempt=None, refused=[], why_none=""),
    "commit_planned": lambda j, _: j.commit_planned(sha="2" * 40, parent=None, paths=["a"]),
    "commit_abandoned": lambda j, _: j.commit_abandoned(sha=SHA),
    "repository_made": lambda j, _: j.repository_made(PLACE),
    "pages_seen": lambda j, _: j.pages_seen(build=PagesBuild("built", SHA), http_status=200, live=True, reason=""),
    "notification_begun": lambda j, _: j.notification_begun(url="https://e.test", body=b"{}", headers={}),
    "notification_ended": lambda j, pk: j.notification_ended(pk, answer=Answer(200, {}, b"", "u"), error=""),
    "rebuild_asked": lambda j, _: j.rebuild_asked(sha=SHA, after="1"),
    "rebuild_put_off": lambda j, _: j.rebuild_put_off(sha=SHA),
    "file_kept": lambda j, _: j.file_kept(AttachedFile("a.json", "", b"1", Source.ADDRESS, "https://api.test/a")),
    "file_missed": lambda j, _: j.file_missed(MissingFile("a.json", "down", Source.ADDRESS, "https://api.test/a")),
    "warn": lambda j, _: j.warn("careful"),
}
PUBLISHED = Published(PLACE, SHA, "commit")


def chunk_stored(journal: DatabaseJournal) -> None:
    """Store a line of a reply that is being streamed."""
    journal._growing = StreamingReply(Attempt.objects.get().pk, "m", ["a line\n"])
    journal.chunks_keep()


def attempt(row: Round) -> Attempt:
    found = Attempt.objects.filter(round=row).first()
    return found or Attempt.objects.create(round=row, run=1, kind="generate", started_at=timezone.now())


def generated(row: Round) -> Generated:
    files = {"index.html": SiteFile(b"<h1>", Origin.MODEL)}
    return Generated(attempt(row).pk, files, "", PLACE, simulated=True, detail="wrote it", degraded="why")


def verified(row: Round) -> Verified:
    result = CheckOutcome(Check(Kind.PROSE, "MIT"), Target.LOCAL, Verdict.PASS)
    return Verified(attempt(row).pk, (result,), Decision(Next.PUBLISH, attempt(row).pk, "all hold"), "1 of 1")


def running(step: str, **over: object) -> tuple[Lease, Round]:
    """Return a claimed round at a step, with one row of everything that could be changed by mistake."""
    row = make_round(step=step, **over)
    lease = lease_of(row)
    transitions.step_begin(lease=lease, row=row)
    row.refresh_from_db()
    attempt(row)
    Commit.objects.create(round=row, run=1, sha=SHA, planned_at=timezone.now())
    return lease, row


@pytest.mark.parametrize("move", MOVES)
def test_a_move_with_a_stale_token_is_fenced_and_changes_no_row(move: str) -> None:
    step, make = MOVES[move]
    lease, row = running(step)
    Round.objects.update(lease_token=uuid4())
    before = dump()
    with pytest.raises(LeaseLost):
        make(lease, row)
    assert dump() == before


@pytest.mark.parametrize("move", MOVES)
def test_a_move_from_a_step_that_the_row_has_left_is_fenced(move: str) -> None:
    step, make = MOVES[move]
    lease, row = running(step)
    Round.objects.update(step="verify" if step != "verify" else "publish")
    before = dump()
    with pytest.raises(LeaseLost):
        make(lease, row)
    assert dump() == before


@pytest.mark.parametrize("move", MOVES)
def test_a_move_of_a_round_that_was_cancelled_meanwhile_is_fenced(move: str) -> None:
    step, make = MOVES[move]
    lease, row = running(step)
    Round.objects.update(state="cancelled", next_at=None, finished_at=timezone.now())
    before = dump()
    with pytest.raises(LeaseLost):
        make(lease, row)
    assert dump() == before


@pytest.mark.parametrize("method", JOURNAL)
def test_a_journal_with_a_stale_token_is_fenced_and_changes_no_row(method: str) -> None:
    lease, row = running("notify")
    pk = DatabaseJournal(lease, 1).notification_begun(url="u", body=b"", headers={})
    pk = attempt(row).pk if method.startswith("attempt") else pk
    Round.objects.update(lease_token=uuid4())
    before = dump()
    with pytest.raises(LeaseLost):
        JOURNAL[method](DatabaseJournal(lease, 1), pk)
    assert dump() == before


@pytest.mark.parametrize("method", sorted(set(JOURNAL) - {"attempt_reused", "attempt_interrupted", "rebuild_put_off"}))
def test_a_journal_under_a_live_lease_writes(method: str) -> None:
    lease, row = running("notify")
    pk = DatabaseJournal(lease, 1).notification_begun(url="u", body=b"", headers={})
    pk = attempt(row).pk if method.startswith("attempt") else pk
    before = dump()
    JOURNAL[method](DatabaseJournal(lease, 1), pk)
    assert dump() != before


def test_every_public_method_of_the_journal_is_in_the_table() -> None:
    methods = {name for name in dir(DatabaseJournal) if not name.startswith("_")}
    assert set(JOURNAL) == methods - {"tokens_left", "attempt_chunk"}, "those touch no row"


@pytest.mark.parametrize(
    ("move", "step"),
    [("published", "generate"), ("deployed", "verify"), ("verified", "deploy"), ("generated", "notify")],
)
def test_no_step_is_skipped_or_repeated(move: str, step: str) -> None:
    lease, row = running(step)
    before = dump()
    with pytest.raises(ValueError, match="does not follow"):
        MOVES[move][1](lease, row)
    assert dump() == before


def test_a_step_that_is_claimed_again_is_one_step_run_with_two_claims() -> None:
    lease, row = running("publish")
    transitions.step_begin(lease=lease, row=row)
    assert StepRun.objects.get().claims == 2


def test_the_claims_of_a_following_step_are_counted_from_one() -> None:
    lease, row = running("deploy")
    transitions.deployed_record(lease=lease, row=row, outcome=Deployed(True, "live"))
    row.refresh_from_db()
    transitions.step_begin(lease=lease, row=row)
    assert StepRun.objects.get(step="notify").claims == 1


def test_a_move_ends_one_step_run_and_opens_the_next_with_its_share() -> None:
    lease, row = running("generate")
    transitions.generated_record(lease=lease, row=row, outcome=generated(row))
    row.refresh_from_db()
    assert (row.step, row.degraded, row.simulated, row.repository) == ("verify", True, True, "site")
    assert row.share_ends_at == row.started_at + 0.43 * (row.deadline_at - row.started_at)
    ended, opened = StepRun.objects.order_by("pk")
    assert (ended.step, ended.outcome, ended.detail, ended.ended_at is None) == ("generate", "done", "wrote it", False)
    assert (opened.step, opened.ended_at) == ("verify", None)
    assert [bytes(f.content) for f in attempt(row).files.all()] == [b"<h1>"]
    assert Event.objects.get().what == "fallback page"


def test_progress_forgets_crashes_and_failures() -> None:
    lease, row = running("verify", crashes=3, failures=2)
    transitions.verified_record(lease=lease, row=row, outcome=verified(row))
    row.refresh_from_db()
    assert (row.crashes, row.failures, row.chosen_attempt, row.chosen_at is None) == (0, 0, attempt(row), False)
    assert CheckRow.objects.get().verdict == "pass"


def test_publishing_makes_the_repository_the_tasks_newest() -> None:
    lease, row = running("publish")
    transitions.published_record(lease=lease, row=row, outcome=PUBLISHED)
    row.refresh_from_db()
    assert (row.commit_sha, row.pages_url, row.published_at is None) == (SHA, PLACE.pages_url, False)
    assert (Task.objects.get().repository, Task.objects.get().pages_url) == ("site", PLACE.pages_url)
    assert Commit.objects.get().pushed_at


def test_a_pushed_commit_gets_an_address_for_its_evidence_and_keeps_it_when_it_is_found_pushed() -> None:
    lease, row = running("publish")
    assert Commit.objects.get().token is None
    transitions.published_record(lease=lease, row=row, outcome=PUBLISHED)
    given = Commit.objects.get()
    assert len(given.token) == 32
    Round.objects.update(step="publish", commit_sha="")
    row.refresh_from_db()
    transitions.published_record(lease=lease, row=row, outcome=PUBLISHED)
    assert Commit.objects.get().token == given.token


@pytest.mark.parametrize(("seconds", "late"), [(5, False), (-1, True)])
def test_delivery_completes_and_says_whether_it_was_late(seconds: int, late: bool) -> None:
    deadline = timezone.now() + timedelta(seconds=seconds)
    lease, row = running("notify", commit_sha=SHA, needs_attention=True, deadline_at=deadline)
    transitions.delivered_record(lease=lease, row=row, detail="HTTP 200")
    row.refresh_from_db()
    assert (row.state, row.late, row.needs_attention) == ("completed", late, False)
    assert (row.next_at, row.lease_token, row.finished_at is None) == (None, None, False)
    assert StepRun.objects.get().outcome == "done"


@pytest.mark.parametrize(("failed", "failures"), [(True, 3), (False, 0)])
def test_waiting_lets_go_and_counts_only_failures(failed: bool, failures: int) -> None:
    lease, row = running("deploy", failures=2, crashes=4)
    until = timezone.now() + timedelta(seconds=7)
    transitions.round_wait(lease=lease, row=row, wait=Wait(until, "Pages: queued", needs_attention=True, failed=failed))
    row.refresh_from_db()
    assert (row.state, row.next_at, row.waiting_on, row.failures) == ("waiting", until, "Pages: queued", failures)
    assert (row.lease_token, row.crashes, row.needs_attention) == (None, 0, True)
    assert StepRun.objects.get().ended_at is None


def test_no_secret_and_nothing_unstorable_gets_into_a_row_by_an_errors_text() -> None:
    bad = f"refused: Bearer {SECRET}\x00\ud800"
    for step, end in (
        ("publish", lambda lease, row: transitions.round_fail(lease=lease, row=row, code="c", message=bad)),
        ("publish", lambda lease, row: transitions.crash_record(lease=lease, row=row, message=bad, delay=0)),
        ("deploy", lambda lease, row: transitions.round_wait(lease=lease, row=row, wait=Wait(timezone.now(), bad))),
        ("deploy", lambda lease, row: transitions.deployed_record(lease=lease, row=row, outcome=Deployed(False, bad))),
    ):
        end(*running(step))
    lease, row = running("notify")
    journal = DatabaseJournal(lease, 1)
    journal.attempt_failed(attempt(row).pk, code="c", message=bad)
    journal.notification_ended(journal.notification_begun(url="u", body=b"", headers={}), answer=None, error=bad)
    journal.pages_seen(build=PagesBuild("built", None), http_status=None, live=False, reason=bad)
    journal.warn(bad)
    journal.warn(bad)
    row.refresh_from_db()
    assert len(row.warnings) == 1
    text = repr(dump())
    assert SECRET not in text
    assert "\\x00" not in text
