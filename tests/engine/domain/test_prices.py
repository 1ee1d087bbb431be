from __future__ import annotations

import pytest

from engine.domain.prices import OPENAI_URL, PRICES, SOURCE, Price, price_of


def test_cached_input_is_apart_and_reasoning_is_inside_of_the_output() -> None:
    price = Price(input=2.0, cached=0.5, output=8.0)
    cost = price.cost(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=500_000)
    assert cost == pytest.approx(0.6 * 2.0 + 0.4 * 0.5 + 0.5 * 8.0)


def test_more_cached_than_sent_costs_no_less_than_all_cached() -> None:
    assert Price(2.0, 0.5, 8.0).cost(input_tokens=10, cached_tokens=99, output_tokens=0) == pytest.approx(10 * 0.5e-6)


@pytest.mark.parametrize(
    ("base_url", "model", "known"),
    [
        (OPENAI_URL, "gpt-5.1", "gpt-5.1"),
        (OPENAI_URL, "gpt-5.1-2025-11-13", "gpt-5.1"),
        (OPENAI_URL, "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("https://aipipe.org/openai/v1", "gpt-5.1", "gpt-5.1"),
        (OPENAI_URL, "gpt-5.1-codex", None),
        (OPENAI_URL, "some-model", None),
        ("http://localhost:11434/v1", "gpt-5.1", None),
        ("https://api.openai.com.evil.example/v1", "gpt-5.1", None),
    ],
)
def test_a_price_is_known_for_a_model_on_a_server_that_charges_it(base_url: str, model: str, known: str | None) -> None:
    assert price_of(base_url, model) == (PRICES[known] if known else None)


def test_the_table_is_dated_and_plausible() -> None:
    assert SOURCE == "price table 2026-11-23"
    assert all(0 < price.cached <= price.input < price.output for price in PRICES.values())
