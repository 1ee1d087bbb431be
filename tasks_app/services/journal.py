"""The engine's Journal over our rows: begun before an outside effect, completed after it, fenced by the lease."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from engine.errors import Fenced
from tasks_app.models import Attempt, Commit, NotificationAttempt, PagesStatus, Round
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from engine.ports import Answer, Look, Prompt, Reply, Repository
    from tasks_app.services.leases import Lease

#: How much of an evaluator's answer is kept, in characters.
ANSWER_KEPT = 16_384


class DatabaseJournal:
    """A `engine.ports.Journal` for one claim of one round."""

    def __init__(self, lease: Lease, run: int) -> None:
        self._lease, self._run = lease, run

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """Hold the row while something is written for it. Raises Fenced where the lease is another's."""
        with transaction.atomic():
            mine = Round.objects.select_for_update().filter(pk=self._lease.round_id, lease_token=self._lease.token)
            if not mine.values_list("pk", flat=True).first():
                raise Fenced
            yield

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        """Write the row of a model call; prompts are stored as sent, less any secret of ours."""
        with self._fenced():
            return Attempt.objects.create(
                round_id=self._lease.round_id,
                run=self._run,
                kind=kind,
                parent_id=parent,
                provider=provider,
                simulated=simulated,
                prompt_name=prompt.name,
                prompt_version=prompt.version,
                prompt_digest=prompt.digest,
                messages=[{"role": m.role, "content": keepable(m.content)} for m in prompt.messages],
                model_asked=model,
                started_at=timezone.now(),
            ).pk

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        """Complete the row with the answer."""
        usage = reply.usage
        self._attempt_end(
            attempt,
            reply=keepable(reply.text),
            model_answered=reply.model[:200],
            request_id=reply.request_id[:200],
            finish_reason=reply.finish_reason[:40],
            outcome=outcome[:40],
            parameters=dict(reply.parameters),
            input_tokens=usage.input,
            cached_tokens=usage.cached,
            output_tokens=usage.output,
            reasoning_tokens=usage.reasoning,
            cost=usage.cost,
            cost_source=usage.cost_source,
        )

    def attempt_failed(self, attempt: int, *, code: str, message: str) -> None:
        """Complete the row with an error."""
        self._attempt_end(attempt, error_code=code[:60], error_message=keepable(message))

    def _attempt_end(self, attempt: int, **changes: object) -> None:
        with self._fenced():
            row = Attempt.objects.only("started_at").get(pk=attempt)
            Attempt.objects.filter(pk=attempt).update(seconds=_since(row.started_at), **changes)

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        """Write down the commit that is about to become the head; the same one again is only taken up again."""
        planned = {"run": self._run, "parent": parent or "", "files": list(paths), "planned_at": timezone.now()}
        with self._fenced():
            Commit.objects.update_or_create(
                round_id=self._lease.round_id,
                sha=sha,
                defaults={"abandoned_at": None},
                create_defaults=planned,
            )

    def commit_abandoned(self, *, sha: str) -> None:
        """Note that a planned commit will not be tried again."""
        with self._fenced():
            Commit.objects.filter(round_id=self._lease.round_id, sha=sha).update(abandoned_at=timezone.now())

    def repository_made(self, repository: Repository) -> None:
        """Remember the repository on the round."""
        with self._fenced():
            Round.objects.filter(pk=self._lease.round_id).update(
                owner=repository.owner,
                repository=repository.name,
                repo_url=repository.url,
                pages_url=repository.pages_url,
            )

    def pages_seen(self, *, look: Look, http_status: int | None, live: bool, reason: str) -> None:
        """Record a look at Pages."""
        with self._fenced():
            PagesStatus.objects.create(
                round_id=self._lease.round_id,
                run=self._run,
                at=timezone.now(),
                build_status=look.status[:40],
                built_commit=look.commit or "",
                http_status=http_status,
                live=live,
                reason=keepable(reason),
            )

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Write the row of a callback before it is sent."""
        with self._fenced():
            of_run = NotificationAttempt.objects.filter(round_id=self._lease.round_id, run=self._run)
            number = (of_run.aggregate(last=Max("number"))["last"] or 0) + 1
            return NotificationAttempt.objects.create(
                round_id=self._lease.round_id,
                run=self._run,
                number=number,
                url=url,
                body=body,
                headers=dict(headers),
                started_at=timezone.now(),
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

    def warn(self, text: str) -> None:
        """Add a warning to the round, once."""
        with self._fenced():
            row = Round.objects.only("warnings").get(pk=self._lease.round_id)
            if (warning := keepable(text)) not in row.warnings:
                Round.objects.filter(pk=row.pk).update(warnings=[*row.warnings, warning])


def _since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()
