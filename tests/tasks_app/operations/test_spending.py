from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from engine.domain.model_call import Message, Reply, Usage
from engine.domain.prices import PRICES
from engine.errors import OutOfService, Permanent
from engine.prompts.token_estimate import estimated_prompt_tokens, estimated_tokens
from tasks_app.models import Attempt, Round
from tasks_app.operations.spending import (
    LEAST_ANSWER,
    Room,
    Spent,
    call_admitted,
    counted,
    spent,
    spent_today,
    today,
    unpriced_models,
)
from tests.factories import make_round

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
MESSAGES = [Message("system", "Write pages."), Message("user", "Write one. " * 50)]
PROMPT = estimated_prompt_tokens(MESSAGES)
MODEL = "gpt-4.1"


@pytest.fixture
def row() -> Round:
    return make_round()


def call(row: Round, tokens: int, cost: str | None = None, **over: object) -> Attempt:
    fields = {
        "run": row.run,
        "kind": "generate",
        "provider": "openai",
        "seconds": 1.0,
        "started_at": timezone.now(),
    } | over
    return Attempt.objects.create(round=row, counted_tokens=tokens, cost=cost and Decimal(cost), **fields)


def room(row: Round, model: str = MODEL, run: int | None = None) -> Room:
    return call_admitted(round_id=row.pk, run=run or row.run, model=model, messages=MESSAGES)


def test_a_call_may_have_what_the_rounds_run_has_left(row: Round, settings: SettingsWrapper) -> None:
    settings.LLM_TOKENS_PER_ROUND = 20_000
    call(row, 5_000)
    call(row, 2_000, run=row.run + 1)
    call(make_round(), 9_000)
    assert room(row) == Room(PROMPT, 15_000 - PROMPT)
    assert room(row, run=row.run + 1) == Room(PROMPT, 18_000 - PROMPT)


def test_a_run_whose_tokens_leave_no_room_for_a_page_makes_no_call(row: Round, settings: SettingsWrapper) -> None:
    settings.LLM_TOKENS_PER_ROUND = 5_000 + PROMPT + LEAST_ANSWER
    call(row, 5_000)
    assert room(row).answer == LEAST_ANSWER
    call(row, 1)
    with pytest.raises(Permanent, match=r"spent 5,001 of its") as caught:
        room(row)
    assert caught.value.code == "round_tokens_spent"


def test_a_days_tokens_bound_the_calls_of_all_rounds_until_midnight(row: Round, settings: SettingsWrapper) -> None:
    settings.LLM_BUDGET_PER_DAY = (Decimal(10_000), "tokens")
    call(make_round(), 4_000)
    call(row, 5_000, started_at=_midnight() - timedelta(seconds=1))
    assert room(row).answer == 6_000 - PROMPT
    call(row, 6_000 - PROMPT - LEAST_ANSWER + 1)
    with pytest.raises(OutOfService, match=r"LLM_BUDGET_PER_DAY 10,000 tokens") as caught:
        room(row)
    assert (caught.value.code, caught.value.kind) == ("model_budget_spent", "model")
    assert caught.value.until == _midnight() + timedelta(days=1)


def test_a_days_money_bounds_the_answer_by_the_models_price(row: Round, settings: SettingsWrapper) -> None:
    settings.LLM_BUDGET_PER_DAY = (Decimal("1.00"), "dollars")
    call(row, 100, "0.90")
    call(row, 100)
    price = PRICES[MODEL]
    left = 0.1 - PROMPT * price.input / 1_000_000
    assert room(row).answer == pytest.approx(left * 1_000_000 / price.output, abs=1)
    call(row, 100, "0.10")
    with pytest.raises(OutOfService, match=r"of \$1\.00"):
        room(row)


def test_a_model_without_a_price_is_bounded_in_money_by_what_is_known_to_be_spent(
    row: Round, settings: SettingsWrapper
) -> None:
    settings.LLM_BUDGET_PER_DAY = (Decimal(1), "dollars")
    assert room(row, "unheard-of") == Room(PROMPT, settings.LLM_TOKENS_PER_ROUND - PROMPT)
    call(row, 100, "1.00")
    with pytest.raises(OutOfService):
        room(row, "unheard-of")


@pytest.mark.parametrize(
    ("usage", "text", "error_code", "tokens"),
    [
        (Usage(input=70, output=30), "Hello", "", 100),
        (Usage(input=70, output=0), "Hello", "", 70),
        (Usage(input=70), "Hello", "", 70 + estimated_tokens("Hello")),
        (Usage(output=30), "Hello", "", 530),
        (Usage(), "Hello", "", 500 + estimated_tokens("Hello")),
        (Usage(), "Hello", "model_timeout", 500 + estimated_tokens("Hello")),
        (Usage(), "", "", 500),
        (Usage(), "", "model_timeout", 500),
        (Usage(), "", "model_unreachable", 500),
        (Usage(), "", "model_key_refused", 0),
        (Usage(input=70, output=0), "", "model_key_refused", 70),
    ],
)
def test_a_call_counts_by_the_servers_figures_else_by_estimates(
    usage: Usage, text: str, error_code: str, tokens: int
) -> None:
    assert counted(Reply(text, MODEL, "stop", usage), 500, error_code) == tokens


def test_thoughts_are_written_tokens_too() -> None:
    cut_off = Reply("", MODEL, "", reasoning="Hello")
    assert counted(cut_off, 500, "model_timeout") == 500 + estimated_tokens("Hello")


def test_spending_is_summed_and_what_has_no_known_cost_is_counted_apart(row: Round) -> None:
    assert spent(Attempt.objects.all()) == Spent(0, 0, None, 0)
    call(row, 100, "0.25")
    call(row, 50, "0.50")
    call(row, 30)
    call(row, 20, seconds=None)  # under way
    call(row, 0, error_code="model_key_refused")
    call(row, 0, provider="", kind="fallback")
    assert spent(Attempt.objects.all()) == Spent(5, 200, Decimal("0.75"), 1)


def test_a_day_begins_at_midnight_utc(row: Round) -> None:
    call(row, 100, started_at=_midnight())
    call(row, 50, started_at=_midnight() - timedelta(microseconds=1))
    assert spent_today().tokens == 100


@pytest.mark.parametrize(
    ("one", "phrase"),
    [
        (Spent(0, 0, None, 0), "0 model calls"),
        (Spent(1, 0, None, 0), "1 model call"),
        (Spent(2, 1_500, Decimal("0.5"), 0), "2 model calls, 1,500 tokens, $0.5000"),
        (Spent(2, 1_500, Decimal("0.5"), 1), "2 model calls, 1,500 tokens, $0.5000, 1 of unknown cost"),
        (Spent(2, 1_500, None, 2), "2 model calls, 1,500 tokens, 2 of unknown cost"),
        (Spent(2, 1_500, None, 1), "2 model calls, 1,500 tokens, 1 of unknown cost"),  # and a refused one
    ],
)
def test_spending_is_shown_in_a_phrase(one: Spent, phrase: str) -> None:
    assert str(one) == phrase


@pytest.mark.parametrize(
    ("bound", "end"),
    [(None, ""), ((Decimal("2.50"), "dollars"), " of $2.50"), ((Decimal(500_000), "tokens"), " of 500,000 tokens")],
)
def test_the_days_spending_is_shown_with_its_bound(
    settings: SettingsWrapper, bound: tuple[Decimal, str] | None, end: str
) -> None:
    settings.LLM_BUDGET_PER_DAY = bound
    assert today() == f"today 0 model calls{end}"


@pytest.mark.parametrize(
    ("provider", "bound", "base_url", "named"),
    [
        ("openai", (Decimal(1), "dollars"), "", ["unheard-of"]),
        ("openai", (Decimal(1), "dollars"), "http://127.0.0.1:1/v1", [MODEL, "unheard-of"]),
        ("openai", (Decimal(9_000), "tokens"), "", []),
        ("openai", None, "", []),
        ("simulated", (Decimal(1), "dollars"), "", []),
    ],
)
def test_models_without_a_price_are_named_where_the_bound_is_in_money(
    settings: SettingsWrapper, provider: str, bound: tuple[Decimal, str] | None, base_url: str, named: list[str]
) -> None:
    settings.LLM_PROVIDER, settings.LLM_BUDGET_PER_DAY, settings.LLM_BASE_URL = provider, bound, base_url
    settings.LLM_MODELS = [MODEL, "unheard-of"]
    assert unpriced_models() == named


def _midnight() -> datetime:
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)
