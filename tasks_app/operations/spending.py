"""The cost of model calls, and the bounds checked before each call: tokens of a run, tokens or money of a day (UTC).

While a call runs it counts by the estimate of its prompt. Afterwards it counts by the server's figures, or by an
estimate of prompt and answer if the server gave none. A call of unknown cost counts nothing against a bound in money;
models without a known price are named at the start, and a bound in tokens holds for them too. Each call is sent with
the tokens that remain as its longest answer, so a call exceeds a bound by no more than the estimate's error. Calls
that run at the same time can exceed it together.
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

#: No call is made with fewer tokens than this for its answer: no page fits into it.
LEAST_ANSWER = 1_000

#: Errors after which the server may have read the prompt and charged for it.
_PERHAPS_CHARGED = frozenset({"model_timeout", "model_unreachable"})


@dataclass(frozen=True, slots=True)
class Spent:
    """Totals of calls. `cost` sums known costs in dollars (None: none known); `unknown` counts the other paid calls."""

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
    """The tokens of a call: the estimate of its prompt, and its longest allowed answer."""

    prompt: int
    answer: int


def call_admitted(*, round_id: UUID, run: int, model: str, messages: Sequence[Message]) -> Room:
    """Return the tokens that the bounds allow a call.

    Raises Permanent(round_tokens_spent) if the run's tokens are spent, and OutOfService(model_budget_spent) until
    midnight UTC if the day's budget is.
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
        raise OutOfService("model_budget_spent", _budget_spent_message(), kind="model", until=_midnight(1))
    return Room(prompt, answer if left_today is None else min(answer, left_today))


def counted(reply: Reply, prompt: int, error_code: str = "") -> int:
    """Return the tokens that an ended call counts for: the server's figures, else estimates; 0 if it was refused."""
    usage = reply.usage
    written = reply.text + reply.reasoning
    if usage.input is None and usage.output is None and not written:
        return prompt if error_code in _PERHAPS_CHARGED or not error_code else 0
    answer_tokens = estimated_tokens(written) if usage.output is None else usage.output
    return (prompt if usage.input is None else usage.input) + answer_tokens


def spent(attempts: QuerySet[Attempt]) -> Spent:
    """Return the totals of these attempts. Fallback pages, simulated calls and refused calls cost nothing."""
    ended = Q(seconds__isnull=False) | ~Q(error_code="")
    of_unknown_cost = ended & Q(cost=None, counted_tokens__gt=0)
    totals = attempts.order_by().aggregate(
        all_calls=Count("pk", filter=~Q(provider="")),
        all_tokens=Sum("counted_tokens"),
        known_cost=Sum("cost"),
        unknown=Count("pk", filter=of_unknown_cost),
    )
    return Spent(totals["all_calls"], totals["all_tokens"] or 0, totals["known_cost"], totals["unknown"])


def spent_today() -> Spent:
    return spent(Attempt.objects.filter(started_at__gte=_midnight(0)))


def today() -> str:
    """Return today's totals and the day's bound as a phrase."""
    bound = settings.LLM_BUDGET_PER_DAY
    return f"today {spent_today()}" + (f" of {_amount_text(*bound)}" if bound else "")


def unpriced_models() -> list[str]:
    """Return the models for which a bound in money works only if their server reports costs."""
    bound = settings.LLM_BUDGET_PER_DAY
    if settings.LLM_PROVIDER != "openai" or not bound or bound[1] != "dollars":
        return []
    return [model for model in settings.LLM_MODELS if price_of(_base_url(), model) is None]


def _left_today(model: str, prompt: int) -> int | None:
    """Return how many tokens an answer may have within the day's bound; None without a bound or a known price."""
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
    remaining = float(bound - cost) - price.cost(input_tokens=prompt, cached_tokens=0, output_tokens=0)
    return int(remaining * 1_000_000 / price.output)


def _budget_spent_message() -> str:
    bound = settings.LLM_BUDGET_PER_DAY
    assert bound is not None  # only a bound can be spent
    amount = _amount_text(*bound)
    return (
        f"The day's budget for the model leaves no room for a call: {today()} "
        f"(LLM_BUDGET_PER_DAY {amount}). It begins anew at 00:00 UTC."
    )


def _amount_text(amount: Decimal, unit: str) -> str:
    return f"{int(amount):,} tokens" if unit == "tokens" else f"${amount:f}"


def _base_url() -> str:
    return settings.LLM_BASE_URL or OPENAI_URL


def _midnight(days: int) -> datetime:
    """Return the start of the present day in UTC, or of the day that is `days` later."""
    return datetime.combine(clock.now().astimezone(UTC).date(), time(), UTC) + timedelta(days=days)
