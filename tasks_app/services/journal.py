"""The engine's Journal over our rows: begun before an outside effect, completed after it, fenced by the lease."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from engine.errors import Fenced
from engine.ports import DISCONNECTED, Message, Recalled, Reply
from tasks_app.models import Attempt, Commit, NotificationAttempt, PagesStatus, Round, StepRun
from tasks_app.models import Probe as ProbeRow
from tasks_app.redaction import keepable
from tasks_app.services import clock
from tasks_app.services.attachments import attachment_keep, attachment_miss
from tasks_app.services.attempt_rows import REPLY_KEPT, message_kept, reply_columns
from tasks_app.services.interruptions import INTERRUPTED
from tasks_app.services.spending import call_admitted, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from engine.core.brief import AttachedFile, MissingFile
    from engine.core.probes import Probe
    from engine.ports import Answer, Look, Prompt, Repository
    from tasks_app.services.leases import Lease

#: How much of an evaluator's answer is kept, in characters.
ANSWER_KEPT = 16_384


@dataclass
class Growing:
    """The answer to a call that is under way: one thread appends its pieces, another one asks for news."""

    attempt: int
    model: str
    pieces: list[str] = field(default_factory=list)
    known: int = 0  # of the pieces

    def news(self) -> str:
        """Return all of the text, "" where nothing came since it was asked for last."""
        pieces = len(self.pieces)
        if pieces == self.known:
            return ""
        self.known = pieces
        return "".join(self.pieces[:pieces])


class DatabaseJournal:
    """A `engine.ports.Journal` for one claim of one round. `call_begins` is told of each model call before it is made."""

    def __init__(self, lease: Lease, run: int, call_begins: Callable[[], None] = lambda: None) -> None:
        self._round_id, self._run, self._call_begins = lease.round_id, run, call_begins
        self._mine = Round.objects.filter(pk=lease.round_id, lease_token=lease.token)
        self._answer_within: int | None = None
        self._since = clock.now()
        self._recalled: set[int] = set()
        self._growing: Growing | None = None

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """Hold the row while something is written for it. Raises Fenced where the lease is another's."""
        with transaction.atomic():
            if not self._mine.select_for_update().values_list("pk", flat=True).first():
                raise Fenced
            yield

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        """Write the row of a model call, where the bounds on spending leave room for it; prompts are stored as sent, less any secret of ours."""
        self._call_begins()
        with self._fenced():
            room = None
            if provider and not simulated:
                room = call_admitted(round_id=self._round_id, run=self._run, model=model, messages=prompt.messages)
            self._answer_within = room.answer if room else None
            attempt = Attempt.objects.create(
                counted_tokens=room.prompt if room else 0,
                round_id=self._round_id,
                run=self._run,
                kind=kind,
                parent_id=parent,
                provider=provider,
                simulated=simulated,
                prompt_name=prompt.name,
                prompt_version=prompt.version,
                prompt_digest=prompt.digest,
                messages=[message_kept(one) for one in prompt.messages],
                model_asked=model,
                started_at=clock.now(),
            ).pk
        self._growing = Growing(attempt, model)
        return attempt

    def attempt_heard(self, attempt: int, piece: str) -> None:
        """Take a piece of the answer; `heard_keep` writes it down."""
        if self._growing and self._growing.attempt == attempt:
            self._growing.pieces.append(piece)

    def heard_keep(self) -> None:
        """Write down what has come of an answer so far, where there is news, and how much it is. For another thread than the one that asks.

        Whole lines alone: a secret of ours that is cut in half would not be known as one. Raises Fenced.
        """
        growing = self._growing
        if growing is None or not (text := growing.news()):
            return
        with self._fenced():
            lines = keepable(text[: text.rfind("\n") + 1])[:REPLY_KEPT]
            if Attempt.objects.filter(pk=growing.attempt, seconds=None, error_code="").update(reply=lines):
                self._told_of_step(f"{growing.model or 'The model'} is writing: {len(text):,} characters so far.")

    def _told_of_step(self, detail: str) -> None:
        StepRun.objects.filter(round_id=self._round_id, ended_at=None).update(detail=keepable(detail)[:2000])

    def tokens_left(self) -> int | None:
        """Return how long the answer to the call begun last may be, in tokens; None: unbounded."""
        return self._answer_within

    def attempt_recalled(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        """Return a call of this step that an earlier claim was answered and could not use any more, each once."""
        with self._fenced():
            answered = self._of_earlier_claims(kind, model, parent).filter(seconds__isnull=False, error_code="")
            found = answered.order_by("pk").first()
        return self._recall(found) if found else None

    def attempt_interrupted(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        """Return the newest call of this step that an earlier claim did not live to hear the end of, where some of it was written down."""
        with self._fenced():
            cut = self._of_earlier_claims(kind, model, parent).filter(error_code=INTERRUPTED).exclude(reply="")
            found = cut.order_by("-pk").first()
        return self._recall(found, DISCONNECTED) if found else None

    def _of_earlier_claims(self, kind: str, model: str, parent: int | None) -> QuerySet[Attempt]:
        """Return the calls of this step that other claims of it made, less those that were handed out."""
        step = StepRun.objects.filter(round_id=self._round_id, ended_at=None).first()
        asked = Attempt.objects.filter(
            round_id=self._round_id, run=self._run, kind=kind, model_asked=model, parent=parent
        )
        of_step = asked.filter(started_at__gte=step.started_at if step else self._since, started_at__lt=self._since)
        return of_step.exclude(pk__in=self._recalled)

    def _recall(self, found: Attempt, ending: str = "") -> Recalled:
        self._recalled.add(found.pk)
        messages = tuple(Message(m["role"], m["content"]) for m in found.messages)
        reply = Reply(found.reply, found.model_answered or found.model_asked, ending or found.finish_reason)
        return Recalled(found.pk, messages, reply)

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        """Complete the row with the answer."""
        self._attempt_end(attempt, reply, outcome=outcome[:40])

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        """Complete the row with an error, and with what came all the same."""
        came = reply or Reply("", "", "")
        self._attempt_end(attempt, came, error_code=code[:60], error_message=keepable(message))

    def _attempt_end(self, attempt: int, reply: Reply, *, error_code: str = "", **changes: object) -> None:
        growing, self._growing = self._growing, None
        with self._fenced():
            row = Attempt.objects.only("started_at", "counted_tokens", "provider", "simulated").get(pk=attempt)
            if growing and growing.known:
                self._told_of_step("")
            costs = bool(row.provider) and not row.simulated
            Attempt.objects.filter(pk=attempt).update(
                seconds=_since(row.started_at),
                counted_tokens=counted(reply, row.counted_tokens, error_code) if costs else 0,
                error_code=error_code,
                **reply_columns(reply),
                **changes,
            )

    def probes_frozen(self, probes: Sequence[Probe], *, attempt: int | None) -> None:
        """Write the probes down; those that are there already stay as they are."""
        now = clock.now()
        rows = [
            ProbeRow(
                round_id=self._round_id,
                position=one.position,
                text=keepable(one.text),
                steps=[[step.verb.value, keepable(step.selector), keepable(step.value)] for step in one.steps],
                expression=keepable(one.expression),
                why_not=keepable(one.why_not),
                attempt_id=attempt,
                frozen_at=now,
            )
            for one in probes
        ]
        with self._fenced():
            ProbeRow.objects.bulk_create(rows, ignore_conflicts=True)

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        """Write down the commit that is about to become the head; the same one again is only taken up again."""
        planned = {"run": self._run, "parent": parent or "", "files": list(paths), "planned_at": clock.now()}
        with self._fenced():
            Commit.objects.update_or_create(
                round_id=self._round_id,
                sha=sha,
                defaults={"abandoned_at": None},
                create_defaults=planned,
            )

    def commit_abandoned(self, *, sha: str) -> None:
        """Note that a planned commit will not be tried again."""
        with self._fenced():
            Commit.objects.filter(round_id=self._round_id, sha=sha).update(abandoned_at=clock.now())

    def repository_made(self, repository: Repository) -> None:
        """Remember the repository on the round."""
        with self._fenced():
            Round.objects.filter(pk=self._round_id).update(
                owner=repository.owner,
                repository=repository.name,
                repo_url=repository.url,
                pages_url=repository.pages_url,
            )

    def pages_seen(self, *, look: Look, http_status: int | None, live: bool, reason: str) -> None:
        """Record a look at Pages."""
        with self._fenced():
            PagesStatus.objects.create(
                round_id=self._round_id,
                run=self._run,
                at=clock.now(),
                build_status=look.status[:40],
                built_commit=look.commit or "",
                http_status=http_status,
                live=live,
                reason=keepable(reason),
            )

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        """Note on the commit that one more build is asked for."""
        self._rebuild(sha, rebuild_asked_at=clock.now(), rebuild_after=after[:40])

    def rebuild_put_off(self, *, sha: str) -> None:
        """Take that back."""
        self._rebuild(sha, rebuild_asked_at=None, rebuild_after="")

    def _rebuild(self, sha: str, **changes: object) -> None:
        with self._fenced():
            Commit.objects.filter(round_id=self._round_id, sha=sha).update(**changes)

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Write the row of a callback before it is sent."""
        with self._fenced():
            of_run = NotificationAttempt.objects.filter(round_id=self._round_id, run=self._run)
            number = (of_run.aggregate(last=Max("number"))["last"] or 0) + 1
            return NotificationAttempt.objects.create(
                round_id=self._round_id,
                run=self._run,
                number=number,
                url=url,
                body=body,
                headers=dict(headers),
                started_at=clock.now(),
            ).pk

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        """Complete the row with what came back."""
        with self._fenced():
            row = NotificationAttempt.objects.only("started_at").get(pk=notification)
            NotificationAttempt.objects.filter(pk=notification).update(
                seconds=_since(row.started_at),
                status_code=answer.status if answer else None,
                answer_headers={k[:100]: keepable(v)[:1000] for k, v in answer.headers.items()} if answer else {},
                answer=keepable(answer.body.decode("utf-8", "replace"))[:ANSWER_KEPT] if answer else "",
                error=keepable(error),
            )

    def file_kept(self, file: AttachedFile) -> None:
        """Store a file that was fetched or made, or what was found out about one."""
        with self._fenced():
            attachment_keep(round_id=self._round_id, file=file)

    def file_missed(self, missing: MissingFile) -> None:
        """Store why a file is not there, unless it is."""
        with self._fenced():
            attachment_miss(round_id=self._round_id, missing=missing)

    def warn(self, text: str) -> None:
        """Add a warning to the round, once."""
        with self._fenced():
            row = Round.objects.only("warnings").get(pk=self._round_id)
            if (warning := keepable(text)) not in row.warnings:
                Round.objects.filter(pk=row.pk).update(warnings=[*row.warnings, warning])


class WatchJournal(DatabaseJournal):
    """The same for a look at a page after the evaluator was told: fenced by the watch's token."""

    def __init__(self, round_id: UUID, run: int, token: UUID) -> None:
        self._round_id, self._run = round_id, run
        self._mine = Round.objects.filter(pk=round_id, watch_token=token)


def _since(moment: datetime) -> float:
    return (clock.now() - moment).total_seconds()
