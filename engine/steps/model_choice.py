"""Chooses the model to call: one after the other within the budget, until one has written a page.

After a transient failure the round waits if there is time for another call. While another model is left it waits at
most MOST_WAITS times, and never for a model that used up its time. After a permanent failure the next model is called.
If no model can be called, the breaker opens. If all models failed, the reasons are returned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from engine.domain import backoff
from engine.domain.budget import SHORTEST_MODEL_CALL
from engine.domain.lifecycle import Step
from engine.errors import EngineError, OutOfService, Permanent, Transient
from engine.steps.contracts import Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from engine.domain.budget import Budget
    from engine.ports import Ports

#: The most waits in a row for a model while another model is left.
MOST_WAITS = 3

#: Errors after which no other model is called, because it could not do better.
_FINAL = frozenset({"round_tokens_spent"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotWritten:
    """No model wrote anything usable. `why` has sentences."""

    why: str


def ask_in_turn(
    ports: Ports,
    budget: Budget,
    *,
    failures: int,
    ask: Callable[[str, datetime], T],
    models: Sequence[str],
    seconds: Callable[[datetime], float],
) -> T | Wait | NotWritten:
    """Call `ask` with each of `models` in turn, and with the end of its time, which is `seconds` of the current time.

    `failures` counts the waits before this one. Raises LeaseLost; and OutOfService if the credential is refused, or
    if no model can be called (spent, unknown or limited for long).
    """
    errors = _ModelErrors(ports, budget, failures)
    for at, model in enumerate(models):
        now = ports.clock.now()
        left = seconds(now)
        if not left:
            break
        try:
            return ask(model, now + timedelta(seconds=left))
        except (Transient, Permanent) as error:
            if wait := errors.record(model, error, last=at == len(models) - 1):
                return wait
            if error.code in _FINAL:
                break
    return errors.end()


@dataclass(slots=True)
class _ModelErrors:
    """The errors of the models, and what follows from them."""

    ports: Ports
    budget: Budget
    failures: int
    messages: list[str] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    blocked: list[OutOfService] = field(default_factory=list)

    def record(self, model: str, error: EngineError, *, last: bool) -> Wait | None:
        """Record a model's error; return a wait that is due now. Raises an OutOfService that blocks all models."""
        self.messages.append(error.message)
        blocked = self._blocks(model, error)
        if blocked:
            self.blocked.append(blocked)
        elif isinstance(error, Transient) and (wait := self._wait(error)):
            if last or (self.failures < MOST_WAITS and error.code != "model_timeout"):
                return wait
            self.waits.append(wait)
        return None

    def end(self) -> Wait | NotWritten:
        """Return the result after every model failed. Raises OutOfService if none could be called."""
        if self.waits:
            return min(self.waits, key=lambda wait: wait.until)
        if self.blocked and len(self.blocked) == len(self.messages):
            raise self._all_blocked()
        why = " ".join(dict.fromkeys(self.messages))
        return NotWritten(why or "the time for asking a model had run out before one was asked")

    def _blocks(self, model: str, error: EngineError) -> OutOfService | None:
        """Return an error that blocks this model, else None. Raises an error that blocks all models."""
        match error:
            case OutOfService(code="model_quota_spent"):
                return error
            case OutOfService():
                raise error
            case Permanent(code="model_unknown"):
                return OutOfService(error.code, error.message, kind="model")
            case Transient(retry_after=float(seconds)) if seconds > self._left():
                until = self.ports.clock.now() + timedelta(seconds=seconds)
                sentence = f"The model {model} is limited until {until:%Y-%m-%d %H:%M} UTC."
                return OutOfService("model_limited", sentence, kind="model", until=until)
            case _:
                return None

    def _all_blocked(self) -> OutOfService:
        """Return one error for all models; it ends when the first of them is free again."""
        untils = [one.until for one in self.blocked if one.until]
        message = " ".join(dict.fromkeys(one.message for one in self.blocked))
        return OutOfService(self.blocked[0].code, message, kind="model", until=min(untils, default=None))

    def _wait(self, error: Transient) -> Wait | None:
        """Return the wait before another call; None if too little time would be left for it."""
        now = self.ports.clock.now()
        seconds = max(error.retry_after or 0, backoff.transient_delay(self.failures + 1))
        if error.code == "model_out_of_time" or self._left() - seconds < SHORTEST_MODEL_CALL:
            return None
        return Wait(now + timedelta(seconds=seconds), f"the model: {error.message}", failed=True)

    def _left(self) -> float:
        return (self.budget.share_ends(Step.GENERATE) - self.ports.clock.now()).total_seconds()
