"""Makes the plan: a model reads the request in one call before the page is written, with at most one reminder."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import OutOfService, Permanent, Transient
from engine.inputs.workbooks import is_workbook
from engine.plan.allowed import PlanRequest
from engine.plan.reading import PlanReading, RefusedItem, better, read_plan
from engine.plan.schema import RequestPlan, response_schema
from engine.prompts.plan import plan_prompt, reminder_prompt
from engine.prompts.sections import boundary_of
from engine.steps.model_calls import call_begun, call_made

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from engine.domain.brief import Brief
    from engine.domain.model_call import Prompt, Reply, ReusedCall
    from engine.ports import Ports
    from engine.steps.contracts import ModelAccess

MOST_CUT_OFF = 2  # calls in a run, without reminders: a call is repeated once after the death of its process
LONGEST_ANSWER = 8_000  # tokens, including a model's thoughts
TOKENS_PART = 5  # the reply gets one part in this many of the tokens that the round has left
LEAST_ANSWER = 600


@dataclass(frozen=True, slots=True)
class PlanCallResult:
    """A plan and the call that made it; or None, and the reason."""

    plan: RequestPlan | None
    attempt: int | None = None
    refused: tuple[RefusedItem, ...] = ()
    why_none: str = ""


def request_of(
    brief: Brief, present: Collection[str], *, allow_private: bool, missing: Collection[str] = ()
) -> PlanRequest:
    """Return the facts that a plan is checked against. `missing` are the names of unavailable attachments."""
    return PlanRequest(
        words=brief.words,
        checks=brief.checks,
        attachments=frozenset(file.name for file in brief.attachments),
        workbooks=frozenset(file.name for file in brief.attachments if is_workbook(file)),
        missing=frozenset(missing),
        present=frozenset(present),
        allow_private=allow_private,
    )


def make_plan(
    brief: Brief, request: PlanRequest, access: ModelAccess, cut_off: int, ports: Ports
) -> RequestPlan | None:
    """Return the plan or None, and record it. `cut_off` counts the run's interrupted calls.

    Raises LeaseLost; and OutOfService, which is not recorded, because then no page can be written either.
    """
    result = _plan_call_result(brief, request, access, cut_off, ports)
    plain = result.plan.model_dump(mode="json") if result.plan else None
    refused = [{"item": one.item, "reason": one.reason} for one in result.refused]
    ports.journal.plan_made(plain, attempt=result.attempt, refused=refused, why_none=result.why_none[:1_000])
    return result.plan


def _plan_call_result(
    brief: Brief, request: PlanRequest, access: ModelAccess, cut_off: int, ports: Ports
) -> PlanCallResult:
    if access.blocked:
        return PlanCallResult(None, why_none=f"the language model is out of service: {access.blocked}")
    if cut_off >= MOST_CUT_OFF:
        return PlanCallResult(None, why_none=f"{cut_off} calls for it were cut off")
    until = access.budget.plan_ends(ports.clock.now())
    calls = _PlanCalls(ports, ports.author.models[0], request, until)
    try:
        return _read(brief, calls)
    except (Transient, Permanent) as error:
        if isinstance(error, OutOfService) and error.code != "model_quota_spent":
            raise  # with a spent quota another model may still write the page
        return PlanCallResult(None, calls.last, why_none=error.message)


def _read(brief: Brief, calls: _PlanCalls) -> PlanCallResult:
    """Ask for the plan, and remind once if the reply is malformed. The valid parts of a malformed plan are used."""
    first = calls.first(brief)
    if first.reading.errors:
        first = _reminded(first, calls)
    reading = first.reading
    if reading.plan is None:
        return PlanCallResult(None, first.attempt, reading.refused, " ".join(reading.errors[:5]))
    malformed = (RefusedItem("malformed", error) for error in reading.errors)
    return PlanCallResult(reading.plan, first.attempt, (*reading.refused, *malformed))


def _reminded(first: _Answer, calls: _PlanCalls) -> _Answer:
    """Send the reminder, and return the better of the two replies."""
    try:
        prompt = reminder_prompt(first.prompt, first.reply.text, first.reading.errors)
        second = calls.ask("plan_reminder", prompt, first.attempt)
    except (Transient, Permanent):
        if first.reading.plan is None:
            raise
        return first
    return first if better(first.reading, second.reading) is first.reading else second


@dataclass(frozen=True, slots=True)
class _Answer:
    """A reply to one of the prompts, and its parsed form."""

    prompt: Prompt
    attempt: int
    reply: Reply
    reading: PlanReading


@dataclass(slots=True)
class _PlanCalls:
    """The calls for one plan, each a row of the journal. `until` is None if there is no time for a call."""

    ports: Ports
    model: str
    request: PlanRequest
    until: datetime | None
    last: int | None = None

    def first(self, brief: Brief) -> _Answer:
        recalled = self.ports.journal.attempt_reused(kind="plan", model=self.model, parent=None)
        boundary = boundary_of(recalled.messages) if recalled else secrets.token_hex(6)
        prompt = plan_prompt(brief, boundary=boundary, present=self.request.present)
        return self._known(prompt, recalled) if recalled else self._call("plan", prompt, None)

    def ask(self, kind: str, prompt: Prompt, parent: int) -> _Answer:
        """Send a further prompt. Raises what the author and the spending limits raise."""
        recalled = self.ports.journal.attempt_reused(kind=kind, model=self.model, parent=parent)
        return self._known(prompt, recalled) if recalled else self._call(kind, prompt, parent)

    def _known(self, prompt: Prompt, recalled: ReusedCall) -> _Answer:
        self.last = recalled.attempt
        return _Answer(prompt, recalled.attempt, recalled.reply, read_plan(recalled.reply.text, self.request))

    def _call(self, kind: str, prompt: Prompt, parent: int | None) -> _Answer:
        seconds, schema = self._seconds(), response_schema()
        self.last = attempt = call_begun(kind, prompt, self.model, parent, self.ports)
        reply = call_made(attempt, prompt, self.model, self.ports, seconds=seconds, tokens=_tokens, schema=schema)
        reading = read_plan(reply.text, self.request)
        self.ports.journal.attempt_answered(attempt, reply, outcome=_outcome(reading))
        return _Answer(prompt, attempt, reply, reading)

    def _seconds(self) -> float:
        seconds = (self.until - self.ports.clock.now()).total_seconds() if self.until else 0.0
        if seconds <= 1:
            raise Transient("model_out_of_time", "the deadline leaves no time for it")
        return seconds


def _outcome(reading: PlanReading) -> str:
    if not reading.errors:
        return "plan"
    count = len(reading.errors)
    return f"{'plan' if reading.plan else 'no plan'}, {count} error{'s' if count > 1 else ''}"


def _tokens(left: int | None) -> int:
    """Return the reply's limit in tokens. Raises Permanent if the page needs the remaining tokens."""
    if left is None:
        return LONGEST_ANSWER
    if left // TOKENS_PART < LEAST_ANSWER:
        raise Permanent("round_tokens_short", f"The round has only {left:,} tokens left, which the page needs.")
    return min(left // TOKENS_PART, LONGEST_ANSWER)
