"""Token prices for servers that do not report a cost. A model that is not in the table has no price, never 0.

Prices are US dollars for a million tokens (input, cached input, output) at the standard rate, for prompts of up to
272,000 tokens. Source: https://developers.openai.com/api/docs/pricing, as reported by
https://github.com/sanand0/aipipe (src/pricing.json, 2026-09-30),
https://docs.laozhang.ai/en/announcements/gpt-6-1-sol-2026-10 and
https://docs.apiyi.com/en/news/gpt-6-1-sol-launch (October 2026).
gpt-5.6 and gpt-5.6-sol have their list price. Their lower price (4, 0.40, 20) was promised until 2026-11-21 only, and
a spending limit must rather overestimate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

AS_OF = "2026-11-23"

#: The server if no base URL is set.
OPENAI_URL = "https://api.openai.com/v1"

#: The `cost_source` of a cost from this table.
SOURCE = f"price table {AS_OF}"

#: Servers with these prices: OpenAI, and AI Pipe, which passes calls on at cost (https://github.com/sanand0/aipipe).
_HOSTS = frozenset({"api.openai.com", "aipipe.org"})

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; `cached` is input from the provider's cache."""

    input: float
    cached: float
    output: float

    def cost(self, *, input_tokens: int, cached_tokens: int, output_tokens: int) -> float:
        """Return a call's cost in dollars. The input includes cached tokens; the output includes reasoning."""
        cached = min(cached_tokens, input_tokens)
        fresh = (input_tokens - cached) * self.input
        return (fresh + cached * self.cached + output_tokens * self.output) / 1_000_000


PRICES: Mapping[str, Price] = {
    "gpt-6.1-sol": Price(2.00, 0.10, 10.00),
    "gpt-6-sol": Price(2.00, 0.20, 10.00),
    "gpt-6-luna": Price(0.10, 0.01, 0.50),
    "gpt-5.6": Price(5.00, 0.50, 30.00),
    "gpt-5.6-sol": Price(5.00, 0.50, 30.00),
    "gpt-5.6-terra": Price(2.00, 0.20, 12.00),
    "gpt-5.6-luna": Price(0.20, 0.02, 1.20),
    "gpt-5.4": Price(2.50, 0.25, 15.00),
    "gpt-5.4-mini": Price(0.75, 0.075, 4.50),
    "gpt-5.4-nano": Price(0.20, 0.02, 1.25),
    "gpt-5.1": Price(1.25, 0.125, 10.00),
    "gpt-5": Price(1.25, 0.125, 10.00),
    "gpt-5-mini": Price(0.25, 0.025, 2.00),
    "gpt-5-nano": Price(0.05, 0.005, 0.40),
    "gpt-4.1": Price(2.00, 0.50, 8.00),
    "gpt-4.1-mini": Price(0.40, 0.10, 1.60),
    "gpt-4.1-nano": Price(0.10, 0.025, 0.40),
    "gpt-4o": Price(2.50, 1.25, 10.00),
    "gpt-4o-2024-05-13": Price(5.00, 5.00, 15.00),
    "gpt-4o-mini": Price(0.15, 0.075, 0.60),
}


def price_of(base_url: str, model: str) -> Price | None:
    """Return the price of a model on the server at `base_url`; None if it is unknown.

    A dated snapshot (`gpt-5.1-2025-11-13`) has its model's price unless it has an entry.
    """
    if (urlsplit(base_url).hostname or "") not in _HOSTS:
        return None
    return PRICES.get(model) or PRICES.get(_SNAPSHOT.sub("", model))
