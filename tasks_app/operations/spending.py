"""What model calls cost, and the bounds that hold before one is made: tokens of a round's run, tokens or money of a day (UTC).

A call counts by the estimate of its prompt while it is under way, by the server's own figures afterwards, and by an estimate of both sides where
the server told none. A call of unknown cost counts nothing against a bound in money, because nobody knows what it would be: models whose
price is not known are named at the start, and a bound in tokens holds for them. What bounds an answer is sent along as its longest
length, so that one call cannot pass a bound by more than the estimate is wrong; calls that are under way at the same moment can.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q, Sum

from engine.domain.prices import OPENAI_URL, price_of
from engine.errors import OutOfService, Permanent
from engine.prompts.token_estimate import estimated_prompt_tokens, estimated_tokens
from tasks_app.models import Attempt
from tasks_app.operations import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from engine.domain.model_call import Message, Reply

#: No call is made where less than this is left for its answer, in tokens: no page fits into it.
LEAST_ANSWER = 1_000

#: Errors after which the server may have read the prompt and charged for it.
_PERHAPS_CHARGED = frozenset({"model_timeout", "model_unreachable"})


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls came to. `cost` in dollars, of those whose cost is known, None without one; `unknown` counts the others that spent tokens."""

    calls: int
    tokens: int
    cost: Decimal | None
    unknown: int

    def __str__(self) -> str:
        calls = f"{self.calls} model call{'' if self.calls == 1 else 's'}"
        if not self.tokens:
            return calls
        cost = "" if self.cost is None else f", ${self.cost:.4f}"
        unknown = f", {self.unknown} of unknown cost" if self.unknown else ""
        return f"{calls}, {self.tokens:,} tokens{cost}{unknown}"


@dataclass(frozen=True, slots=True)
class Room:
    """What is left for a call: the estimate of its prompt, and the longest answer, in tokens."""

    prompt: int
    answer: int


def call_admitted(*, round_id: UUID, run: int, model: str, messages: Sequence[Message]) -> Room:
    """Return the room that the bounds leave for a call.

    Raises Permanent(round_tokens_spent) where the run's tokens are spent, OutOfService(model_budget_spent) until the day's end where the
    day's are.
    """
    prompt = estimated_prompt_tokens(messages)
    used = spent(Attempt.objects.filter(round_id=round_id, run=run)).tokens
    answer = settings.LLM_TOKENS_PER_ROUND - used - prompt
    if answer < LEAST_ANSWER:
        raise Permanent(
            "round_tokens_spent",
            f"The round has spent {used:,} of its {settings.LLM_TOKENS_PER_ROUND:,} tokens (LLM_TOKENS_PER_ROUND), "
            f"and the next call would begin with about {prompt:,}.",
        )
    left_today = _left_today(model, prompt)
    if left_today is not None and left_today < LEAST_ANSWER:
        raise OutOfService("model_budget_spent", _day_is_over(), kind="model", until=_midnight(1))
    return Room(prompt, answer if left_today is None else min(answer, left_today))


def counted(reply: Reply, prompt: int, error_code: str = "") -> int:
    """Return the tokens that a call counts for now that it has ended: the server's figures, else estimates; 0 where it was refused."""
    usage = reply.usage
    if usage.input is None and usage.output is None and not reply.text:
        return prompt if error_code in _PERHAPS_CHARGED or not error_code else 0
    written = estimated_tokens(reply.text) if usage.output is None else usage.output
    return (prompt if usage.input is None else usage.input) + written


def spent(attempts: QuerySet[Attempt]) -> Spent:
    """Return what these attempts came to. The service's own page, a simulated model's and a refused call are no spending."""
    ended = Q(seconds__isnull=False) | ~Q(error_code="")
    of_unknown_cost = ended & Q(cost=None, counted_tokens__gt=0)
    found = attempts.order_by().aggregate(
        all_calls=Count("pk", filter=~Q(provider="")),
        all_tokens=Sum("counted_tokens"),
        known_cost=Sum("cost"),
        unknown=Count("pk", filter=of_unknown_cost),
    )
    return Spent(found["all_calls"], found["all_tokens"] or 0, found["known_cost"], found["unknown"])


def spent_today() -> Spent:
    """Return what was spent since midnight UTC."""
    return spent(Attempt.objects.filter(started_at__gte=_midnight(0)))


def today() -> str:
    """Return what was spent today, and of how much, in a phrase."""
    bound = settings.LLM_BUDGET_PER_DAY
    return f"today {spent_today()}" + (f" of {_written(*bound)}" if bound else "")


def unpriced_models() -> list[str]:
    """Return the models for which a bound in money holds only if their server reports what calls cost."""
    bound = settings.LLM_BUDGET_PER_DAY
    if settings.LLM_PROVIDER != "openai" or not bound or bound[1] != "dollars":
        return []
    return [model for model in settings.LLM_MODELS if price_of(_base_url(), model) is None]


def _left_today(model: str, prompt: int) -> int | None:
    """Return how many tokens an answer may have within the day's bound; None where there is none, or no price to reckon with."""
    if not settings.LLM_BUDGET_PER_DAY:
        return None
    bound, unit = settings.LLM_BUDGET_PER_DAY
    used = spent_today()
    if unit == "tokens":
        return int(bound) - used.tokens - prompt
    cost = used.cost or Decimal(0)
    if cost >= bound:
        return 0
    price = price_of(_base_url(), model)
    if price is None:
        return None
    left = float(bound - cost) - price.cost(input_tokens=prompt, cached_tokens=0, output_tokens=0)
    return int(left * 1_000_000 / price.output)


def _day_is_over() -> str:
    bound = settings.LLM_BUDGET_PER_DAY
    assert bound is not None  # else nothing was left of none
    amount = _written(*bound)
    return f"The day's budget for the model leaves no room for a call: {today()} (LLM_BUDGET_PER_DAY {amount}). It begins anew at 00:00 UTC."


def _written(amount: Decimal, unit: str) -> str:
    return f"{int(amount):,} tokens" if unit == "tokens" else f"${amount:f}"


def _base_url() -> str:
    return settings.LLM_BASE_URL or OPENAI_URL


def _midnight(days: int) -> datetime:
    """Return the beginning of the present day in UTC, or of one `days` later."""
    return datetime.combine(clock.now().astimezone(UTC).date(), time(), UTC) + timedelta(days=days)
