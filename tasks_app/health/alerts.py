"""Sends alerts to ALERT_WEBHOOK_URL: rounds that need attention, breakers, takedowns that fail, an almost full disk.

The rows are looked at every few seconds, by a thread that holds nobody up. What is new becomes an Alert before it is
sent. Alerts of one cause go out together, at most one message a minute, with their number; a message that is not
delivered is sent again with the same alerts, MOST_ATTEMPTS times in all.
"""

from __future__ import annotations

import json
import logging
import socket
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connections
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from engine.errors import EngineError
from tasks_app import wiring
from tasks_app.health.disk import disk_warning
from tasks_app.models import Alert, Round
from tasks_app.operations import clock
from tasks_app.operations.breakers import all_open
from tasks_app.operations.connections import one_at_a_time
from tasks_app.operations.takedowns import takedown_sentence, takedowns_failing
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

#: Seconds between two looks at the rows, and between two messages of one cause.
LOOK = 5.0
APART = timedelta(seconds=60)

#: Seconds after an attempt until the next one; there are as many attempts as numbers.
AGAIN = (10, 60, 300, 1_800, 1_800)
MOST_ATTEMPTS = len(AGAIN)
_LONGEST_WAIT = timedelta(seconds=max(AGAIN))
ANSWER_SECONDS = 10.0

#: Rounds whose present run is older were known when alerts were switched on.
SINCE = timedelta(days=1)

#: A takedown, or a putting back, that takes longer gets an alert; one that nobody tries again gets it at once.
TAKEDOWN_TAKES = timedelta(minutes=5)

#: The most alerts that one look stores, that one message counts, and that it names. Discord takes 2,000 characters.
MOST_STORED, MOST_COUNTED, MOST_NAMED = 500, 500, 5
_LONGEST = 250

_TITLES = {
    "attention": ("A round needs attention", "{} rounds need attention"),
    "breaker": ("A breaker is open", "{} breakers are open"),
    "takedown": ("A takedown is not done", "{} takedowns are not done"),
    "disk": ("The disk is almost full", "{} disks are almost full"),
}

#: The number of the lock under which a message is put together. No other lock has this number.
_ALERTS = 1032


def keep_alerting(stop: threading.Event) -> None:
    """Look and send until `stop` is set."""
    while not stop.wait(LOOK):
        try:
            alerts_store()
            alerts_send()
        except Error as error:
            logger.warning("alerts wait for the database: %s", error)
        except Exception:
            # A thread that ended here would send nothing any more: log our own error, and look again.
            logger.exception("alerts failed by an error of our own")
        finally:
            connections.close_all()


def alerts_store() -> int:
    """Store what is new; return how many. Several processes may look at the same time."""
    now = clock.now()
    new = [*_rounds(now), *_breakers(now), *_takedowns(now), *_disk(now)]
    Alert.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def alerts_send() -> bool:
    """Send one message if one is due; say whether one was sent."""
    alerts = _claimed()
    if not alerts:
        return False
    of_batch = Alert.objects.filter(batch=alerts[0].batch)
    if error := _problem(alerts):
        last = alerts[0].attempts >= MOST_ATTEMPTS
        logger.log(
            logging.ERROR if last else logging.WARNING,
            "%d alerts were not delivered at attempt %d: %s", len(alerts), alerts[0].attempts, error,
        )  # fmt: skip
        of_batch.update(error=keepable(error), **({"next_at": None} if last else {}))
    else:
        of_batch.update(sent_at=clock.now(), next_at=None, error="")
    return True


def message(alerts: Sequence[Alert], batch: uuid.UUID) -> dict[str, object]:
    """Return the JSON of a message. Slack reads `text`, Discord `content`, any other receiver all of it."""
    cause, count = alerts[0].cause, len(alerts)
    one, many = _TITLES[cause]
    named = [f"{alert.text[:_LONGEST]} {_address(alert)}" for alert in alerts[:MOST_NAMED]]
    rest = [f"and {count - MOST_NAMED} more: {_console()}"] if count > MOST_NAMED else []
    lines = [one if count == 1 else many.format(count), *named, *rest]
    content = "\n".join(lines)
    return {
        # https://docs.slack.dev/messaging/formatting-message-text#escaping: else a task's name could call @channel.
        "text": content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "content": content[:2_000],
        "allowed_mentions": {"parse": []},  # Discord's way to call nobody
        "id": str(batch),
        "cause": cause,
        "count": count,
        "url": _address(alerts[0]) if count == 1 else _console(),
    }


def _rounds(now: datetime) -> Iterator[Alert]:
    marked = Round.objects.filter(needs_attention=True, started_at__gt=now - SINCE).defer("request")
    stored = Alert.objects.filter(cause="attention", round=OuterRef("pk"), run=OuterRef("run"))
    for row in marked.exclude(Exists(stored)).order_by("created_at")[:MOST_STORED]:
        why = row.error_message or row.waiting_on or row.state
        text = f"{row.task_name[:80]} round {row.number}: {why}"
        yield _alert("attention", f"round:{row.pk}:{row.run}", text, now, row)


def _breakers(now: datetime) -> Iterator[Alert]:
    for breaker in all_open(now=now):
        if not Alert.objects.filter(key=f"breaker:{breaker.pk}").exists():
            yield _alert("breaker", f"breaker:{breaker.pk}", f"{breaker.kind}: {breaker.reason}", now)


def _takedowns(now: datetime) -> Iterator[Alert]:
    for takedown in takedowns_failing(before=now - TAKEDOWN_TAKES):
        key = f"takedown:{takedown.pk}:{'back' if takedown.undo_at else 'down'}"
        if not Alert.objects.filter(key=key).exists():
            row = Round.objects.filter(pk=takedown.round_id).only("pk", "run").first()
            yield _alert("takedown", key, f"{takedown}: {takedown_sentence(takedown)}", now, row)


def _disk(now: datetime) -> Iterator[Alert]:
    """Report a machine's disk once a day while it is almost full."""
    key = f"disk:{socket.gethostname()[:60]}:{now:%Y-%m-%d}"
    if (warning := disk_warning()) and not Alert.objects.filter(key=key).exists():
        yield _alert("disk", key, f"{socket.gethostname()}: {warning}", now)


def _alert(cause: str, key: str, text: str, now: datetime, row: Round | None = None) -> Alert:
    one_line = " ".join(keepable(text).split())
    return Alert(cause=cause, key=key, text=one_line, at=now, next_at=now, round=row, run=row.run if row else 0)


def _claimed() -> list[Alert]:
    """Return the alerts of the message that is due, each with the attempt counted and the next one planned."""
    if not _due(clock.now()).exists():
        return []
    with one_at_a_time(_ALERTS):
        now = clock.now()
        due = _due(now)
        again = due.exclude(batch=None).values_list("batch", flat=True).first()
        rows = list(Alert.objects.filter(batch=again).order_by("pk")) if again else _new_batch(now)
        for alert in rows:
            alert.attempts += 1
            alert.next_at = now + timedelta(seconds=AGAIN[min(alert.attempts, MOST_ATTEMPTS) - 1])
        Alert.objects.bulk_update(rows, ["batch", "attempts", "next_at", "begun_at"])
    return rows


def _due(now: datetime) -> QuerySet[Alert]:
    """Return the alerts that are due, with those that a clock which has been set back since would have wait."""
    return Alert.objects.filter(Q(next_at__lte=now) | Q(next_at__gt=now + _LONGEST_WAIT), sent_at=None)


def _new_batch(now: datetime) -> list[Alert]:
    for cause in _TITLES:
        of_cause = Alert.objects.filter(cause=cause)
        if of_cause.filter(begun_at__gt=now - APART, begun_at__lte=now + APART).exists():
            continue
        rows = list(of_cause.filter(batch=None, sent_at=None).order_by("pk")[:MOST_COUNTED])
        batch = uuid.uuid4()
        for alert in rows:
            alert.batch, alert.begun_at = batch, now
        if rows:
            return rows
    return []


def _problem(alerts: Sequence[Alert]) -> str:
    """Send a message; return why it was not delivered, "" if it was. Any 2xx is delivery."""
    batch = alerts[0].batch or uuid.uuid4()
    headers = {"Content-Type": "application/json", "webhook-id": f"alert_{batch.hex}"}
    body = json.dumps(message(alerts, batch)).encode()
    try:
        answer = wiring.alert_http().request(
            "POST", settings.ALERT_WEBHOOK_URL, headers=headers, body=body, seconds=ANSWER_SECONDS, max_bytes=1_000,
            redirects="preserve", partial=True,
        )  # fmt: skip
    except EngineError as error:
        return error.message
    return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"


def _address(alert: Alert) -> str:
    if alert.round_id is None:
        return _console()
    return settings.PUBLIC_URL + reverse("admin:tasks_app_round_change", args=[alert.round_id])


def _console() -> str:
    return settings.PUBLIC_URL + reverse("admin:index")
