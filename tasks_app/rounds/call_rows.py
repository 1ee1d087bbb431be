"""Rows of model calls: written before a call, while its answer arrives, and after it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.domain.model_call import DISCONNECTED, Message, Reply, ReusedCall
from tasks_app.logs import log_id_set
from tasks_app.models import Attempt, StepRun
from tasks_app.operations import clock
from tasks_app.operations.breakers import refuse_if_paused
from tasks_app.operations.spending import call_admitted, counted
from tasks_app.redaction import keepable
from tasks_app.rounds.attempt_rows import REPLY_KEPT, message_kept, reply_columns
from tasks_app.rounds.interruptions import INTERRUPTED
from tasks_app.rounds.locked_round import LockedRows, since

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.db.models import QuerySet

    from engine.domain.model_call import Prompt
    from tasks_app.models import Round


@dataclass
class StreamingReply:
    """The answer of a running call: one thread appends its pieces, another one reads the text."""

    attempt: int
    model: str
    pieces: list[str] = field(default_factory=list)
    reported_length: int = 0  # of the pieces that `news` has returned

    def news(self) -> str:
        """Return the whole text so far, "" if no piece arrived since the last call."""
        pieces = len(self.pieces)
        if pieces == self.reported_length:
            return ""
        self.reported_length = pieces
        return "".join(self.pieces[:pieces])


class CallRows(LockedRows):
    """The part of a Journal for model calls. `call_begins` is called before each of them."""

    def __init__(self, round_id: UUID, run: int, own_round: QuerySet[Round], call_begins: Callable[[], None]) -> None:
        super().__init__(round_id, run, own_round)
        self._call_begins = call_begins
        self._answer_within: int | None = None
        self._since = clock.now()
        self._recalled: set[int] = set()
        self._growing: StreamingReply | None = None

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        """Write the row of a model call if bounds on spending and operators allow it. Its stored prompt is redacted."""
        self._call_begins()
        with self._fenced():
            room = None
            if provider:
                refuse_if_paused("model")
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
        log_id_set("attempt", attempt)
        self._growing = StreamingReply(attempt, model)
        return attempt

    def attempt_chunk(self, attempt: int, piece: str) -> None:
        """Append a piece of the answer; `chunks_keep` stores the pieces."""
        if self._growing and self._growing.attempt == attempt:
            self._growing.pieces.append(piece)

    def chunks_keep(self) -> None:
        """Store the answer so far and its length, if it has grown. The heartbeat's thread calls this.

        Only whole lines are stored: half a secret would not be recognised as one. Raises LeaseLost.
        """
        growing = self._growing
        if growing is None or not (text := growing.news()):
            return
        lines = keepable(text[: text.rfind("\n") + 1])[:REPLY_KEPT]
        with self._fenced():
            if Attempt.objects.filter(pk=growing.attempt, seconds=None, error_code="").update(reply=lines):
                self._set_step_detail(f"{growing.model or 'The model'} is writing: {len(text):,} characters so far.")

    def _set_step_detail(self, detail: str) -> None:
        StepRun.objects.filter(round_id=self._round_id, ended_at=None).update(detail=keepable(detail)[:2000])

    def tokens_left(self) -> int | None:
        """Return the longest answer to the last begun call, in tokens; None: unbounded."""
        return self._answer_within

    def attempt_reused(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        """Return an unused answer to this step's call that an earlier claim of the step received; each only once."""
        with self._fenced():
            answered = self._of_earlier_claims(kind, model, parent).filter(seconds__isnull=False, error_code="")
            call = answered.order_by("pk").first()
        return self._recall(call) if call else None

    def attempt_interrupted(self, *, kind: str, model: str, parent: int | None) -> ReusedCall | None:
        """Return this step's newest call that was cut off with its claim, if part of its answer was stored."""
        with self._fenced():
            interrupted = self._of_earlier_claims(kind, model, parent).filter(error_code=INTERRUPTED).exclude(reply="")
            call = interrupted.order_by("-pk").first()
        return self._recall(call, DISCONNECTED) if call else None

    def _of_earlier_claims(self, kind: str, model: str, parent: int | None) -> QuerySet[Attempt]:
        """Return the calls that earlier claims of this step made and that were not returned yet."""
        step = StepRun.objects.filter(round_id=self._round_id, ended_at=None).first()
        made_calls = Attempt.objects.filter(
            round_id=self._round_id, run=self._run, kind=kind, model_asked=model, parent=parent
        )
        of_step = made_calls.filter(
            started_at__gte=step.started_at if step else self._since, started_at__lt=self._since
        )
        return of_step.exclude(pk__in=self._recalled)

    def _recall(self, call: Attempt, ending: str = "") -> ReusedCall:
        self._recalled.add(call.pk)
        messages = tuple(Message(m["role"], m["content"]) for m in call.messages)
        reply = Reply(call.reply, call.model_answered or call.model_asked, ending or call.finish_reason)
        return ReusedCall(call.pk, messages, reply)

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        self._attempt_end(attempt, reply, outcome=outcome[:40])

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        """Complete the row with an error, and with the part of an answer that arrived."""
        partial = reply or Reply("", "", "")
        self._attempt_end(attempt, partial, error_code=code[:60], error_message=keepable(message))

    def _attempt_end(self, attempt: int, reply: Reply, *, error_code: str = "", **changes: object) -> None:
        growing, self._growing = self._growing, None
        with self._fenced():
            row = Attempt.objects.only("started_at", "counted_tokens", "provider", "simulated").get(pk=attempt)
            if growing and growing.reported_length:
                self._set_step_detail("")
            costs = bool(row.provider) and not row.simulated
            Attempt.objects.filter(pk=attempt).update(
                seconds=since(row.started_at),
                counted_tokens=counted(reply, row.counted_tokens, error_code) if costs else 0,
                error_code=error_code,
                **reply_columns(reply),
                **changes,
            )
