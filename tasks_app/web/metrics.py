"""`/metrics`: gauges in Prometheus' text format, read from the rows at each scrape, for holders of METRICS_TOKEN.

Several processes write the rows, so no process counts anything itself. Ended work is shown for one day, found by the
index on a round's POST: a scrape costs the same beside a hundred old rounds and beside a million.

Names follow https://prometheus.io/docs/practices/naming/: one prefix, base units, and sums over labels that mean
something. So a part's status is one gauge of 0 or 1 for each status, not one number from 0 to 2.
"""

from __future__ import annotations

import hmac
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.db import Error
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from engine.domain.lifecycle import ACTIVE, NEEDS, State
from tasks_app.api.problems import Problem
from tasks_app.health.readiness import report
from tasks_app.models import Attempt, NotificationAttempt, Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import PAUSES, breakers_open
from tasks_app.operations.client_limits import FAILED_LOGIN, WRONG_SECRET, refusals_counted
from tasks_app.operations.forge_quota import quota_limits
from tasks_app.operations.workers import SILENT, beats_alive
from tasks_app.rounds.load import LATELY, load_now
from tasks_app.rounds.schedule import backlog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from django.http import HttpRequest
    from prometheus_client.core import Metric

_Labels = TypeVar("_Labels", bound=tuple[str, ...])  # a gauge has a fixed number of labels

#: How long ended work is shown.
SHOWN = timedelta(hours=24)
#: Ends are searched among rounds posted since then: callbacks are tried for three days (NOTIFY_FOR_SECONDS).
POSTED = timedelta(days=7)
#: Upper bounds of the histogram in seconds. By default 540 is the time for the callback, 600 the deadline.
BUCKETS = (30.0, 60.0, 120.0, 180.0, 240.0, 300.0, 420.0, 540.0, 600.0)

_DAY = f"in the last {SHOWN // timedelta(hours=1)} hours"
_POSTED = f"rounds that were posted in the last {POSTED.days} days"
_OF_ENDED = f"Of the {_POSTED} and ended {_DAY}"
_FLAGS = {
    "degraded": "those whose page is the fallback page or is not whole, or whose workflow failed.",
    "late": "those whose evaluator was told after the deadline.",
    "simulated": "those that a simulated model wrote.",
    "live": "those whose page was seen to serve the commit.",
}


class Rows(Collector):
    """Reads all metrics from the rows with a fixed number of queries. Raises django.db.Error."""

    def collect(self) -> Iterator[Metric]:
        since = clock.now() - SHOWN
        yield from _readiness()
        yield from _due()
        yield from _rounds(since)
        yield from _calls(since)
        yield from _notifications(since)
        yield from _outside()
        yield from _refusals()


REGISTRY = CollectorRegistry()
REGISTRY.register(Rows())


@csrf_exempt  # without a token every method must get the same answer as at an unknown address
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the metrics to a holder of the token; 404 while no token is set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    return _scraped(request)


@require_safe
def _scraped(request: HttpRequest) -> HttpResponse:
    if not _token_is_right(request.headers.get("Authorization", "")):
        detail = "The header must be 'Authorization: Bearer' and METRICS_TOKEN."
        return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
    try:
        text = generate_latest(REGISTRY)  # complete before the first byte is sent
    except Error as error:
        return Problem(503, f"The database cannot be read: {type(error).__name__}.")
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})


def _token_is_right(header: str) -> bool:
    """Compare in constant time. Header values are decoded as Latin-1 (PEP 3333)."""
    scheme, _, token = header.partition(" ")
    right = hmac.compare_digest(token.strip().encode("latin-1", "replace"), settings.METRICS_TOKEN.encode())
    return right and scheme.lower() == "bearer"


def _gauge(name: str, text: str, value: float) -> Metric:
    return _gauges(name, text, [], {(): value})


def _gauges(name: str, text: str, labels: list[str], values: Mapping[_Labels, float]) -> Metric:
    family = GaugeMetricFamily(f"engine_{name}", text, labels=labels)
    for of_labels, value in values.items():
        family.add_metric(of_labels, value)
    return family


def _readiness() -> Iterator[Metric]:
    ready, parts = report()
    yield _gauge("ready", "Whether no part is down: what /readyz answers.", ready)
    statuses = {(part["name"], s): part["status"] == s for part in parts for s in ("ok", "warning", "down")}
    yield _gauges("part_status", "1 for the status that a part has in /readyz, else 0.", ["part", "status"], statuses)
    description = f"Processes heard of in the last {SILENT.seconds} s: dispatchers, and workers with a round in hand."
    yield _gauge("workers_alive", description, beats_alive())


def _due() -> Iterator[Metric]:
    due, oldest = backlog()
    waited = max((clock.now() - oldest).total_seconds(), 0) if oldest else 0
    yield _gauge("rounds_due", "Rounds that are due and not taken by a worker.", due)
    yield _gauge("oldest_due_round_age_seconds", "How long the oldest of them has been due; 0 where none is.", waited)
    load = load_now()
    which = f"the mean of the {LATELY} rounds that ended last"
    yield _gauge("workers_kept", "Worker processes that the dispatchers heard of lately keep.", load.workers)
    yield _gauge(
        "capacity_rounds_per_minute",
        f"Rounds that these manage in a minute, by {which}; NaN before one has.",
        _or_nan(load.rounds_a_minute),
    )
    until = "Seconds until a worker is free for a round that comes now, by the same; NaN where nobody can tell."
    yield _gauge("backlog_seconds", until, _or_nan(load.minutes) * 60)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _rounds(since: datetime) -> Iterator[Metric]:
    """Count unfinished rounds by the index on `next_at`, and recently ended ones."""
    # Without GROUP BY state: SQLite would read all rounds that ever were, in the order of their states.
    each = {state.value: Count("pk", filter=Q(state=state)) for state in ACTIVE}
    active = Round.objects.filter(next_at__isnull=False).order_by()
    counts = Counter[str](active.aggregate(**each, attention=Count("pk", filter=Q(needs_attention=True))))
    attention = counts.pop("attention")
    of_window = Round.objects.filter(created_at__gte=since + SHOWN - POSTED, finished_at__gte=since).order_by()
    ended = list(of_window.values_list("state", "needs_attention", *_FLAGS, "started_at", "finished_at", named=True))
    counts.update(row.state for row in ended)
    attention += sum(row.needs_attention for row in ended)
    which = f"all that are queued, running or waiting; of the {_POSTED}, those that ended {_DAY}."
    yield _gauges("rounds", f"Rounds by state: {which}", ["state"], {(s.value,): counts[s] for s in State})
    which = f"Rounds that need a person: all that have not ended; of the {_POSTED}, those that ended {_DAY}."
    yield _gauge("rounds_needing_attention", which, attention)
    for flag, which in _FLAGS.items():
        yield _gauge(f"rounds_{flag}", f"{_OF_ENDED}, {which}", sum(getattr(row, flag) for row in ended))
    yield _histogram([(r.finished_at - r.started_at).total_seconds() for r in ended if r.state == State.COMPLETED])


def _histogram(seconds: list[float]) -> Metric:
    """Return a gauge histogram, because a window's counts can fall: its buckets are read without `rate()`."""
    buckets = [(str(bound), sum(one <= bound for one in seconds)) for bound in BUCKETS] + [("+Inf", len(seconds))]
    text = f"{_OF_ENDED}, seconds from the POST (or the retry that began the present run) to the delivered callback."
    return GaugeHistogramMetricFamily("engine_callback_seconds", text, buckets=buckets, gsum_value=sum(seconds))


def _calls(since: datetime) -> Iterator[Metric]:
    ended = Q(seconds__isnull=False) | ~Q(error_code="")
    ended_calls = Attempt.objects.filter(ended, started_at__gte=since).exclude(provider="").order_by()
    sums = (Count("pk"), Sum("input_tokens"), Sum("output_tokens"), Sum("cost"))
    calls, tokens, cost = {}, {("input",): 0, ("output",): 0}, 0.0
    for kind, code, number, read, written, dollars in ended_calls.values_list("kind", "error_code").annotate(*sums):
        calls[kind, code or "none"] = number
        tokens[("input",)] += read or 0
        tokens[("output",)] += written or 0
        cost += float(dollars or 0)
    prefix = f"Model calls that began {_DAY} and have ended, simulated ones too"
    yield _gauges("model_calls", f"{prefix}, by kind and error (none: answered).", ["kind", "error_code"], calls)
    yield _gauges("model_tokens", f"{prefix}: their tokens, as far as servers told them.", ["direction"], tokens)
    yield _gauge("model_cost_dollars", f"{prefix}: what they cost in US dollars, as far as that is known.", cost)


def _notifications(since: datetime) -> Iterator[Metric]:
    """Callbacks have no index on time. A subquery finds them by their rounds; SQLite would scan all for a join."""
    posted = Round.objects.filter(created_at__gte=since + SHOWN - POSTED).order_by().values("pk")
    ended = Q(seconds__isnull=False) | ~Q(error="")
    ended_callbacks = NotificationAttempt.objects.filter(ended, round__in=posted, started_at__gte=since).order_by()
    outcomes = Counter(dict.fromkeys(("2xx", "3xx", "4xx", "5xx", "error"), 0))
    for status, number in ended_callbacks.values_list("status_code").annotate(Count("pk")):
        outcomes[f"{status // 100}xx" if status else "error"] += number
    text = f"Callbacks that were sent {_DAY} for {_POSTED}, by the answer's class (error: none came)."
    yield _gauges("notification_attempts", text, ["outcome"], {(outcome,): n for outcome, n in outcomes.items()})


def _outside() -> Iterator[Metric]:
    open_now = breakers_open()
    kinds = {(kind,): kind in open_now for kind in sorted({*frozenset().union(*NEEDS.values()), *PAUSES})}
    yield _gauges(
        "breaker_open",
        "1 while the breaker of this kind is open, by an outage or by an operator's pause; else 0.",
        ["kind"],
        kinds,
    )
    if settings.FORGE == "github" and (limits := quota_limits()):
        yield _gauge("forge_calls_limit", "Calls to GitHub that an hour allows, as it said last.", limits.limit)
        yield _gauge("forge_calls_left", "Calls to GitHub that were left of the hour then.", limits.remaining)
        ends = "When GitHub's hour begins anew, in seconds since 1970."
        yield _gauge("forge_limit_reset_timestamp_seconds", ends, limits.reset.timestamp())


def _refusals() -> Iterator[Metric]:
    counts = {("secret",): refusals_counted(WRONG_SECRET), ("login",): refusals_counted(FAILED_LOGIN)}
    yield _gauges("refused_credentials", f"Wrong secrets of requests, and failed logins, {_DAY}.", ["kind"], counts)
