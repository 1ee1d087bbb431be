"""Drives a rehearsal to its end: sends what is due, gives up what has no callback, and judges what came.

All that it does is read from rows, so a new start goes on where the last one stopped, however that ended.
"""

from __future__ import annotations

import fcntl
import logging
import math
import os
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections, transaction
from django.db.models import Count

from tasks_app import wiring
from tasks_app.models import IssuedTask, Rehearsal, RehearsalResult
from tasks_app.operations import clock
from tasks_app.operations.connections import AWAY, is_unusable, why_unusable
from tasks_app.redaction import keepable
from tasks_app.rehearsal.criteria import CRITERIA
from tasks_app.rehearsal.issuing import following
from tasks_app.rehearsal.judging.contracts import NotifyRecord, Result, TaskToJudge, is_failing
from tasks_app.rehearsal.posting import again_after, claim, persist, send_and_record
from tasks_app.rehearsal.submissions import decrypt, without_secrets
from tasks_app.rehearsal.templates.reading import read_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from tasks_app.rehearsal.templates.template import Template

    Judge = Callable[[TaskToJudge], Sequence[Result]]

logger = logging.getLogger(__name__)

State = IssuedTask.Stage

SENDERS = 16
LOOK_SECONDS = 0.25
#: A task that fails so often by an error of our own ends the evaluator, which would try it for ever.
MOST_ERRORS = 3
_TO_JUDGE = (State.RECEIVED, State.GAVE_UP)


class AlreadyRunningError(Exception):
    """Another process drives this rehearsal."""


class EvaluatorFailedError(Exception):
    """A task cannot be sent or judged by an error of our own."""


@contextmanager
def driving(rehearsal: Rehearsal) -> Iterator[None]:
    """Be the only evaluator of a rehearsal while the block runs. Raises AlreadyRunningError, SecretKeyError.

    The kernel releases the lock however this process ends.
    """
    folder = settings.DATA_DIR / "rehearsals"
    folder.mkdir(exist_ok=True)
    with (folder / f"{rehearsal.pk}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunningError(
                f"The rehearsal {rehearsal.name} is driven by another process, {lock.read(20).strip() or 'unknown'}."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        for submission in rehearsal.submissions.all():
            decrypt(submission.secret)
        yield


def run(
    rehearsal: Rehearsal,
    judge: Judge,
    *,
    say: Callable[[str], None],
    stopping: threading.Event | None = None,
    judges: int = 2,
) -> bool:
    """Drive a rehearsal inside `driving` until it has ended (True) or `stopping` is set (False).

    `say` gets a line for each change, from this thread. What is under way when it stops is waited for.
    Raises EvaluatorFailedError.
    """
    templates = {one.id: one for one in read_templates(rehearsal.templates, source=rehearsal.name)}
    loop = _Loop(rehearsal, templates, judge, say, stopping or threading.Event(), judges)
    return loop.run()


@dataclass
class _Loop:
    rehearsal: Rehearsal
    templates: Mapping[str, Template]
    judge: Judge
    say: Callable[[str], None]
    stopping: threading.Event
    judges: int
    _sending: dict[int, Future[str]] = field(default_factory=dict)
    _judging: dict[int, Future[str]] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _errors: Counter[int] = field(default_factory=Counter)
    _is_away: bool = False
    _said_idle: datetime | None = None

    @property
    def _deadline(self) -> timedelta:
        return timedelta(seconds=self.rehearsal.deadline_seconds)

    def _tasks(self, *states: IssuedTask.Stage) -> QuerySet[IssuedTask]:
        """Return the tasks in these states, without what may be large."""
        tasks = IssuedTask.objects.filter(submission__rehearsal=self.rehearsal, state__in=states)
        return tasks.defer("request", "criteria", "callback")

    def run(self) -> bool:
        with ThreadPoolExecutor(SENDERS, "send") as senders, ThreadPoolExecutor(self.judges, "judge") as judges:
            ended = False
            while not (ended or self.stopping.is_set()):
                ended = self._look(senders, judges)
                if not ended:
                    self.stopping.wait(LOOK_SECONDS)
            if self._sending or self._judging:
                self.say(f"waiting for {len(self._sending)} requests and {len(self._judging)} judgings to end")
        self._report()
        return ended

    def _look(self, senders: ThreadPoolExecutor, judges: ThreadPoolExecutor) -> bool:
        """Do what is due now; say whether everything has ended."""
        try:
            now = clock.now()
            self._report()
            self._give_up(now)
            self._judge_due(judges)
            self._send_due(senders, now)
            ended = self._has_ended(now)
        except (DatabaseError, InterfaceError) as error:
            if not is_unusable(error):
                raise
            if not self._is_away:
                self.say(f"{why_unusable(error)} Trying again.")
            self._is_away = True
            connection.close()
            return False
        self._is_away = False
        return ended

    def _report(self) -> None:
        """Say what has ended since the last look."""
        for under_way in (self._sending, self._judging):
            for pk in [pk for pk, future in under_way.items() if future.done()]:
                future = under_way.pop(pk)
                if error := future.exception():
                    logger.error("a rehearsal's task %s failed by an error of our own", pk, exc_info=error)
                    self._errors[pk] += 1
                    if self._errors[pk] >= MOST_ERRORS and not isinstance(error, AWAY):
                        raise EvaluatorFailedError(
                            f"A task failed {MOST_ERRORS} times by an error of our own, {type(error).__name__}; its "
                            "traceback is in the log. Once it is mended, the same command goes on."
                        )
                else:
                    self.say(future.result())

    def _give_up(self, now: datetime) -> None:
        """Give up what no callback came for, and send again what an evaluator that has died may never have sent."""
        for row in self._tasks(State.ACCEPTED).filter(next_at__lte=now - self._deadline):
            waited = 2 * self.rehearsal.deadline_seconds
            if _change(row, State.GAVE_UP, now, f"No callback came within {waited} seconds, twice the deadline."):
                self.say(f"{row}: no callback within {waited} s")
        for row in self._tasks(State.SENDING).filter(next_at__lte=now).exclude(pk__in=list(self._sending)):
            reason = "The evaluator was stopped during the POST, and no callback came within the deadline."
            again = again_after(row.tries, 0.0, now)
            if _change(row, State.QUEUED if again else State.GAVE_UP, now, reason):
                self.say(f"{row}: the evaluator was stopped during the POST; no callback came")

    def _send_due(self, senders: ThreadPoolExecutor, now: datetime) -> None:
        due = self._tasks(State.QUEUED).filter(next_at__lte=now).order_by("next_at", "pk")
        waiting = list(due.values_list("pk", "submission__endpoint"))
        if not waiting:
            return
        under_way = self._tasks(State.SENDING, State.ACCEPTED).order_by().values_list("submission__endpoint")
        busy = Counter[str](dict(under_way.annotate(Count("pk"))))
        for pk, endpoint in waiting:
            if len(self._sending) >= SENDERS:
                break
            if busy[endpoint] < self.rehearsal.at_a_time and claim(pk, now=now, deadline=self._deadline):
                busy[endpoint] += 1
                self._sending[pk] = senders.submit(_in_thread, _send, pk)

    def _judge_due(self, judges: ThreadPoolExecutor) -> None:
        for row in self._tasks(*_TO_JUDGE).exclude(pk__in=list(self._judging)).order_by("pk"):
            if row.pk not in self._seen:
                self._seen.add(row.pk)
                if row.callback_at:
                    self.say(f"{row}: {_called_back(row)}")
            if len(self._judging) < self.judges:
                self._judging[row.pk] = judges.submit(_in_thread, self._judge_and_store, row.pk)

    def _judge_and_store(self, pk: int) -> str:
        issued = IssuedTask.objects.select_related("submission__rehearsal").get(pk=pk)
        results = judged(issued, self.judge)
        further = None
        if issued.round < self.rehearsal.rounds:
            further = following(issued, self.templates[issued.template], clock.now())
        if not persist(lambda: store(issued, results, further)):
            return f"{issued}: a callback came during the judging, which begins again"
        return f"{issued}: {_counts(results)}"

    def _has_ended(self, now: datetime) -> bool:
        open_tasks = self._tasks(*(state for state in State if state is not State.JUDGED))
        if open_tasks.exists() or self._judging or self._sending:
            self._say_idle(now)
            return False
        Rehearsal.objects.filter(pk=self.rehearsal.pk, ended_at=None).update(ended_at=now)
        self.rehearsal.refresh_from_db(fields=["ended_at"])
        return True

    def _say_idle(self, now: datetime) -> None:
        """Say, once each time, until when nothing is to be done but to wait for the next try."""
        if self._sending or self._judging or self._tasks(State.ACCEPTED, State.SENDING, *_TO_JUDGE).exists():
            return
        first = self._tasks(State.QUEUED).order_by("next_at").values_list("next_at", flat=True).first()
        if first and first > now + timedelta(seconds=60) and first != self._said_idle:
            self._said_idle = first
            self.say(f"nothing to do until {first:%Y-%m-%d %H:%M} UTC, when a refused request is sent again")


def _change(row: IssuedTask, state: IssuedTask.Stage, now: datetime, error: str) -> bool:
    """Change a task's state unless it has changed meanwhile."""
    changed = IssuedTask.objects.filter(pk=row.pk, state=row.state, next_at=row.next_at)
    return changed.update(state=state, next_at=now, error=error) == 1


def _in_thread(work: Callable[[int], str], pk: int) -> str:
    try:
        return work(pk)
    finally:
        connections.close_all()


def _send(pk: int) -> str:
    issued, line = send_and_record(pk, wiring.http())
    return f"{issued}: {line}"


def task_to_judge(issued: IssuedTask) -> TaskToJudge:
    """Return what judging starts from. Raises SecretKeyError."""
    rehearsal = issued.submission.rehearsal
    deadline = timedelta(seconds=rehearsal.deadline_seconds)
    earlier = IssuedTask.objects.filter(
        submission=issued.submission, task=issued.task, round__lt=issued.round, callback__isnull=False
    )
    callbacks = earlier.order_by("round").values_list("callback", flat=True)
    commits = [(callback or {}).get("commit_sha") for callback in callbacks]
    calls = issued.calls.order_by("at", "pk")
    return TaskToJudge(
        request=issued.request,
        criteria=CRITERIA.validate_python(issued.criteria),
        endpoint=issued.submission.endpoint,
        secret=decrypt(issued.submission.secret),
        tries=issued.tries,
        status_code=issued.status_code,
        error=issued.error,
        sent_at=issued.sent_at,
        accepted_at=issued.accepted_at,
        deadline_at=issued.accepted_at + deadline if issued.accepted_at else None,
        callback=issued.callback,
        callback_at=issued.callback_at,
        late=issued.late,
        calls=lambda: [NotifyRecord(*row) for row in calls.values_list("at", "status_code", "reason")],
        earlier_commits=[sha.lower() for sha in commits if isinstance(sha, str) and sha],
    )


def judged(issued: IssuedTask, judge: Judge) -> list[Result]:
    """Return the results as they can be stored: without the submission's secret in any text."""
    try:
        task = task_to_judge(issued)
        return [_storable(one, task.secret) for one in judge(task)]
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("a task could not be judged, by an error of our own")
        reason = f"The evaluator failed by an error of its own, {type(error).__name__}; the log holds its traceback."
        return [Result("request", "The task is judged", None, reason)]


def _storable(result: Result, secret: str) -> Result:
    check, reason, log = (keepable(without_secrets(one, [secret])) for one in (result.check, result.reason, result.log))
    score = result.score if result.score is not None and math.isfinite(result.score) else None
    return Result(result.kind[:12], check, score, reason, log, result.screenshot)


def store(issued: IssuedTask, results: Sequence[Result], following_round: IssuedTask | None) -> bool:
    """Store the results, the state and the next round at once. False, and nothing stored: the task has changed."""
    now = clock.now()
    rows = [
        RehearsalResult(
            issued=issued,
            number=number,
            kind=one.kind,
            check_text=one.check,
            score=one.score,
            reason=one.reason,
            log=one.log,
            screenshot=one.screenshot,
        )
        for number, one in enumerate(results, 1)
    ]
    with transaction.atomic():
        unchanged = IssuedTask.objects.filter(pk=issued.pk, state=issued.state)
        if not unchanged.update(state=State.JUDGED, judged_at=now):
            return False
        RehearsalResult.objects.bulk_create(rows)
        if following_round:
            following_round.pk = None
            following_round.save(force_insert=True)
    return True


def _called_back(row: IssuedTask) -> str:
    assert row.callback_at
    began = row.accepted_at or row.sent_at or row.callback_at
    seconds = (row.callback_at - began).total_seconds()
    return f"called back after {seconds:.1f} s{', late' if row.late else ''}"


def _counts(results: Sequence[Result]) -> str:
    undecided = sum(one.score is None for one in results)
    decided = len(results) - undecided
    held = decided - sum(is_failing(one.kind, one.score) for one in results)
    return f"judged, {held} of {decided} checks hold" + (f", {undecided} not decided" if undecided else "")
