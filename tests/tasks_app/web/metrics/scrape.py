"""A scrape of `/metrics`, parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from django.http import HttpResponse
    from prometheus_client import Metric

TOKEN = "a-token-of-the-metrics-tests"
#: Families that are there on every forge; those of GitHub's limit come only with it.
NAMES = {
    "engine_ready", "engine_part_status", "engine_workers_alive", "engine_workers_kept",
    "engine_capacity_rounds_per_minute", "engine_backlog_seconds",
    "engine_rounds_due", "engine_oldest_due_round_age_seconds",
    "engine_rounds", "engine_rounds_needing_attention", "engine_rounds_degraded", "engine_rounds_late",
    "engine_rounds_simulated",
    "engine_rounds_live", "engine_callback_seconds", "engine_callback_seconds_gcount", "engine_callback_seconds_gsum",
    "engine_model_calls", "engine_model_tokens", "engine_model_cost_dollars", "engine_notification_attempts",
    "engine_breaker_open", "engine_refused_credentials",
}  # fmt: skip


def ask(authorization: str | None = f"Bearer {TOKEN}", method: str = "get", **headers: str) -> HttpResponse:
    headers |= {"authorization": authorization} if authorization is not None else {}
    return getattr(Client(enforce_csrf_checks=True), method)("/metrics", headers=headers)


def families() -> dict[str, Metric]:
    answer = ask()
    assert answer.status_code == 200, answer.content
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def values(name: str) -> dict[str, float]:
    """Return a family's samples, by the values of their labels in the order of the labels' names."""
    return {" ".join(sample.labels.values()): sample.value for sample in families()[name].samples}


def value(name: str) -> float:
    (only,) = values(name).values()
    return only
