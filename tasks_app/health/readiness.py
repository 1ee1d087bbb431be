"""The status of each part of the service, for `/readyz` and the landing page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from tasks_app.health import credentials
from tasks_app.health.browser_probe import known_warning
from tasks_app.health.disk import disk_problem
from tasks_app.operations import clock
from tasks_app.operations.breakers import all_open
from tasks_app.operations.connections import file_problem
from tasks_app.operations.forge_quota import quota_state
from tasks_app.operations.queue import queue_problem
from tasks_app.operations.spending import today
from tasks_app.operations.workers import beats_alive
from tasks_app.rounds.schedule import backlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks_app.models import Breaker

#: A round that is due for longer gives a warning: there are too few workers, or they do not respond.
SLOW = timedelta(seconds=60)

#: A lock on SQLite that is held for longer says that tasks cannot be stored. Ordinary writes take milliseconds.
LOCKED_MILLISECONDS = 5_000


TWO_SECRETS = "SECRET_PREVIOUS is accepted too: unset it once every evaluator sends the new secret."

_UNSEEN = "cannot be looked at without a migrated database"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the service: `status` is ok, warning or down."""

    name: str
    status: str
    detail: str = ""


def parts() -> list[Part]:
    """Check every part. A missing browser and an open breaker are warnings, because tasks are still accepted."""
    settings_part = _settings()
    open_breakers: list[Breaker] = []
    try:
        rows, left = _database_parts(), ""
        if all(part.status != "down" for part in rows[:2]):
            rows += [_queue(), _workers()]
            open_breakers, left = all_open(), _remaining_calls()
    except Error as error:
        left = ""
        rows = [Part("database", "down", type(error).__name__), Part("migrations", "down", _UNSEEN)]
    named = {part.name for part in rows}
    rows += [Part(name, "down", _UNSEEN) for name in ("queue", "workers") if name not in named]
    return [settings_part, _intake(open_breakers), *rows, _browser(), *_services(open_breakers, left)]


def _settings() -> Part:
    if settings.MISSING:
        return Part("settings", "down", " ".join(settings.MISSING))
    return Part("settings", "warning", TWO_SECRETS) if settings.SECRET_PREVIOUS else Part("settings", "ok")


def report() -> tuple[bool, list[dict[str, str]]]:
    """Return whether no part is down, and the parts as dictionaries."""
    all_parts = parts()
    return all(part.status != "down" for part in all_parts), [asdict(part) for part in all_parts]


def outside_services() -> list[Part]:
    """Return the parts for browser, model and forge alone. Needs a migrated database."""
    return [_browser(), *_services(all_open(), _remaining_calls())]


def _database_parts() -> list[Part]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    full = disk_problem() or file_problem() or _write_problem()
    database_parts = [Part("database", "down", full) if full else Part("database", "ok", connection.vendor)]
    database_parts.append(
        Part("migrations", "down", f"{missing} are not applied: manage.py migrate")
        if missing
        else Part("migrations", "ok")
    )
    return database_parts


def _write_problem() -> str:
    """Return why nothing can be written, "" if it can: a lock that is held for long, or only reading is allowed."""
    if connection.in_atomic_block:
        return ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW transaction_read_only")
            return "The server takes no writes (it is a standby, or read-only)." if cursor.fetchone() == ("on",) else ""
        cursor.execute(f"PRAGMA busy_timeout = {LOCKED_MILLISECONDS}")
        try:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        except OperationalError as error:
            return f"Nothing can be written: {error}."
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {settings.DATABASES['default']['OPTIONS']['timeout'] * 1000}")
    return ""


def _queue() -> Part:
    if problem := queue_problem():
        return Part("queue", "down", problem)
    count, oldest = backlog()
    if not oldest:
        return Part("queue", "ok", "nothing is due")
    waited = clock.now() - oldest
    return Part(
        "queue", "warning" if waited > SLOW else "ok", f"{count} due, the oldest for {waited.total_seconds():.1f} s"
    )


def _intake(open_breakers: Sequence[Breaker]) -> Part:
    """Return whether an operator lets tasks in. Tasks are refused while the intake is paused, so no part is down."""
    reason = _reasons(open_breakers, "intake")
    return Part("intake", "warning", reason) if reason else Part("intake", "ok")


def _browser() -> Part:
    warning = known_warning()
    return Part("browser", "warning" if warning else "ok", warning)


def _workers() -> Part:
    alive = beats_alive()
    return (
        Part("workers", "ok", f"{alive} heard of lately")
        if alive
        else Part("workers", "down", "no dispatcher was heard of for 30 s")
    )


def _remaining_calls() -> str:
    """Return the rest of GitHub's rate limit in words, "" if it is unknown or another forge is used."""
    quota = quota_state() if settings.FORGE == "github" else None
    if quota is None or quota.limit is None:
        return ""
    limits = f"{quota.remaining} of {quota.limit} calls left until {quota.reset_at:%H:%M:%S} UTC"
    if quota.blocked_until and quota.blocked_until > clock.now():
        return f"{limits}; nothing is asked before {quota.blocked_until:%H:%M:%S} UTC: {quota.blocked_reason}"
    return limits


def _services(open_breakers: Sequence[Breaker], remaining: str) -> list[Part]:
    spent = _spending() if settings.LLM_PROVIDER == "openai" else ""
    return [
        _service("model", settings.LLM_PROVIDER, _reasons(open_breakers, "model"), spent),
        _service("forge", settings.FORGE, _reasons(open_breakers, "forge", "publishing"), remaining),
    ]


def _reasons(open_breakers: Sequence[Breaker], *kinds: str) -> str:
    """Return why these kinds are blocked, "" if they are not. A pause and an outage may block at the same time."""
    return "; ".join(breaker.reason for breaker in open_breakers if breaker.kind in kinds)


def _spending() -> str:
    """Return today's spending. The database may be down, which another part reports."""
    try:
        return today()
    except Error:
        return "what was spent today is not known"


def _service(kind: str, name: str, blocked: str, more: str) -> Part:
    """Return a service's part: not set, credential refused, breaker open, credential expiring, or ok."""
    if not name:
        return Part(kind, "down", "not set")
    trial = credentials.known(kind)
    if trial and trial.status == "refused":
        return Part(kind, "down", trial.detail)
    if blocked:
        return Part(kind, "warning", blocked)
    is_doubtful = trial is not None and (trial.expires_soon or trial.status == "untested")
    detail = "; ".join(part for part in (trial.detail if trial else "", more) if part)
    return Part(kind, "warning" if is_doubtful else "ok", f"{name}: {detail}" if detail else name)
