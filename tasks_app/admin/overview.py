"""The console's front page: rounds that need attention, then the state of the service."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from engine.domain.lifecycle import State
from tasks_app.admin.actions import MAY_OPERATE
from tasks_app.admin.columns import HEAVY, retry_button
from tasks_app.health import credentials
from tasks_app.health.readiness import outside_services
from tasks_app.models import Round, WorkerBeat
from tasks_app.operations import clock
from tasks_app.operations.breakers import PAUSES, outages_open, pauses_on
from tasks_app.operations.events import LONGEST_REASON
from tasks_app.operations.spending import today
from tasks_app.operations.workers import SILENT
from tasks_app.reports.display import pill, row_link, short, visible
from tasks_app.reports.durations import duration
from tasks_app.reports.headline import headline
from tasks_app.rounds.load import LATELY, load_now
from tasks_app.rounds.schedule import backlog

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from tasks_app.models import Breaker

MOST = 10
MOST_COUNTED = 10_000


def overview(request: HttpRequest) -> dict[str, object]:
    """Return the front page's context for a user who may see rounds, {} for any other."""
    if not request.user.has_perm("tasks_app.view_round"):
        return {}
    may_act, now = request.user.has_perm(MAY_OPERATE), clock.now()
    counts = _count_by_state()
    due, oldest = backlog()
    on = pauses_on()
    return {
        "overview": True,
        "states": [(pill(state.value), state.value, _at_most(counts[state])) for state in State],
        "rounds": any(counts.values()),
        "missing": [*settings.MISSING, *credentials.refusals()],
        "outside": [(part.name, part.status, visible(part.detail)[:500]) for part in outside_services()],
        "public_url": settings.PUBLIC_URL,
        "private": settings.ALLOW_PRIVATE_URLS,
        "attention": _attention(may_act=may_act),
        "waiting": _oldest_waiting(),
        "due": due,
        "delay": duration(max((now - oldest).total_seconds(), 0)) if oldest else "",
        "load": _load(),
        "beats": _beats(),
        "spent": today(),
        "breakers": [(b.kind, visible(b.reason)[:500], b.since, b.until) for b in outages_open().values()],
        "switches": [(kind, what, _pause(on.get(kind))) for kind, what in PAUSES.items()],
        "any_paused": bool(on),
        "longest_reason": LONGEST_REASON,
        "may_act": may_act,
    }


def _pause(pause: Breaker | None) -> dict[str, object] | None:
    if pause is None:
        return None
    return {"by": visible(pause.opened_by), "since": pause.since, "reason": visible(pause.reason)}


def _count_by_state() -> dict[State, int]:
    """Return how many rounds are in each state by their index, counted up to MOST_COUNTED."""
    rounds = Round.objects.order_by()
    return {state: rounds.filter(state=state)[: MOST_COUNTED + 1].count() for state in State}


def _at_most(count: int) -> str:
    return f"more than {MOST_COUNTED:,}" if count > MOST_COUNTED else f"{count:,}"


def _light() -> QuerySet[Round]:
    return Round.objects.defer(*HEAVY["Round"])


def _attention(*, may_act: bool) -> list[dict[str, object]]:
    """Return the rounds that need attention, the newest first."""
    now = clock.now()
    return [
        {
            "link": row_link(row),
            "state": pill(row.state),
            "headline": short(headline(row, now), 400),
            "retry": retry_button(row) if may_act else "",
        }
        for row in _light().filter(needs_attention=True).order_by("-created_at")[:MOST]
    ]


def _oldest_waiting() -> tuple[SafeString | str, str] | None:
    row = _light().filter(next_at__isnull=False).order_by("started_at").first()
    return (row_link(row), duration((clock.now() - row.started_at).total_seconds())) if row else None


def _load() -> str:
    """Return capacity and backlog in a sentence."""
    load = load_now()
    if not load.workers:
        return (
            f"No worker is there: the backlog is {load.waiting} rounds, and nobody works on it." if load.waiting else ""
        )
    workers = f"{load.workers} worker{'' if load.workers == 1 else 's'}"
    if load.rounds_a_minute is None or load.minutes is None:
        return (
            f"Backlog: {load.waiting} rounds wait for {workers}; "
            "what they manage in a minute is not known before a round has ended."
        )
    pace = (
        f"{workers} {'manages' if load.workers == 1 else 'manage'} {load.rounds_a_minute:.1f} rounds a minute "
        f"(a round takes {load.seconds:.1f} s of one, by the last {LATELY})"
    )
    return f"Backlog: {load.minutes:.1f} minutes, {load.waiting} rounds; {pace}."


def _beats() -> list[dict[str, object]]:
    now = clock.now()
    beats = WorkerBeat.objects.filter(seen_at__gt=now - timedelta(hours=1)).select_related("round").defer(
        *(f"round__{name}" for name in HEAVY["Round"])
    )  # fmt: skip
    alive = {beat.worker for beat in beats if beat.seen_at > now - SILENT}
    return [
        {
            "worker": row_link(beat),
            "host": visible(beat.host)[:80],
            "seen": f"{duration(max((now - beat.seen_at).total_seconds(), 0))} ago",
            "alive": pill(_liveliness(beat, alive)),
            "on": row_link(beat.round) if beat.round else "",
        }
        for beat in beats[:20]
    ]


def _liveliness(beat: WorkerBeat, alive: Collection[str]) -> str:
    """Return a process's state. An idle worker gives no beat: it counts as idle while its dispatcher gives beats."""
    dispatcher = f"{beat.worker.partition(':')[0]}:dispatcher"
    if beat.worker in alive:
        return "alive"
    return "idle" if beat.round_id is None and dispatcher in alive else "silent"
