"""A long past in the database that the settings name: `python -m benchmarks.past SIZE…` (by benchmarks.history) makes
it and times who reads it."""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import time
from typing import TYPE_CHECKING

from django.db import transaction

from benchmarks.measurement import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from django.db.models import Model

#: Seconds between two rounds: a million of them are a year.
APART = 30
#: Characters and bytes that are kept of the texts of the round that is copied: a million prompts would fill the disk
#: and nothing else.
KEPT = 200
#: Rounds that are written in one transaction.
STRETCH = 20_000
SHARES = {"failed": 50, "attention": 1000}  # one of so many

_HEX = {
    "sqlite": "printf('%08x%016x%08x', (n * 2654435761) % 4294967296, 0, n)",
    "postgresql": "lpad(to_hex((n * 2654435761) % 4294967296), 8, '0') || repeat('0', 16) || lpad(to_hex(n), 8, '0')",
}
_SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) ",
    "postgresql": "WITH s AS (SELECT generate_series({first}::bigint, {last}::bigint) AS n) ",
}
_TIME = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', {column}, (({most} - n) * -{apart}) || ' seconds')",
    "postgresql": "{column} - ({most} - n) * interval '{apart} seconds'",
}


class Past:
    """Copies of the one completed round that there is."""

    def __init__(self, most: int) -> None:
        from django.db import connection
        from django.db.models import Max, Min

        from tasks_app.models import Attempt, Round

        self.connection, self.vendor, self.most, self.made = connection, connection.vendor, most, 0
        self.template = Round.objects.get()
        span = Attempt.objects.aggregate(least=Min("pk"), most=Max("pk"))
        self.stride, self.first_copy = span["most"] - span["least"] + 1, span["most"] + 1
        self._trim()

    def _trim(self) -> None:
        from tasks_app.models import Attempt, SourceFile

        Attempt.objects.update(messages=[{"role": "user", "content": "x" * KEPT}], reply="x" * KEPT)
        for file in SourceFile.objects.all():
            SourceFile.objects.filter(pk=file.pk).update(content=bytes(file.content)[:KEPT])

    def grow(self, size: int) -> None:
        """Let there be `size` rounds beside the first one; what was being written when the power fails is of no value
        here."""
        if self.vendor == "sqlite":
            self._say("PRAGMA synchronous=OFF", "PRAGMA cache_size=-500000")
        while self.made < size:
            first, self.made = self.made + 1, min(self.made + STRETCH, size)
            with transaction.atomic():
                self._stretch(first)
        self._say("ANALYZE")  # PostgreSQL does so by itself soon after
        if self.vendor == "sqlite":  # whose planner goes without in production
            self._say(
                "DROP TABLE sqlite_stat1",
                "PRAGMA synchronous=FULL",
                "PRAGMA cache_size=-2000",
                "PRAGMA wal_checkpoint(TRUNCATE)",
            )

    def _stretch(self, first: int) -> None:
        from tasks_app import models

        mine, of_attempt = {"round_id": self._id()}, {"attempt_id": self._later("attempt_id")}
        self._copy(models.Task, first, {"key": self._key()}, f"key = '{self.template.task_key}'")
        self._copy(models.Round, first, self._round(), f"id = {self._own()}")
        self._copy(
            models.Attempt,
            first,
            {**mine, "id": self._later("id"), "parent_id": self._later("parent_id")},
            f"round_id = {self._own()}",
        )
        for model, own in ((models.Commit, {"token": _HEX[self.vendor]}), (models.Plan, {})):
            self._copy(model, first, {**mine, **of_attempt, **own, "id": None}, f"round_id = {self._own()}")
        for model in (models.StepRun, models.PagesStatus, models.NotificationAttempt, models.Event):
            self._copy(model, first, {**mine, "id": None}, f"round_id = {self._own()}")
        for model in (models.SourceFile, models.CheckResult):
            self._copy(model, first, {**of_attempt, "id": None}, f"attempt_id < {self.first_copy}")

    def _say(self, *statements: str) -> None:
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _copy(self, model: type[Model], first: int, changed: Mapping[str, str | None], which: str) -> None:
        """Write a template's rows again for each number; a column that is changed to None is left to the database."""
        columns, values, about = [], [], model._meta  # noqa: SLF001 -- Django's documented name for it
        for field in about.concrete_fields:
            column = str(field.column)
            value = changed.get(
                column, self._moved(column) if field.get_internal_type() == "DateTimeField" else f't."{column}"'
            )
            if value is not None:
                columns.append(f'"{column}"')
                values.append(value)
        series, table = _SERIES[self.vendor].format(first=first, last=self.made), about.db_table
        chosen = f"{series} SELECT {', '.join(values)} FROM s, {table} t WHERE t.{which}"  # noqa: S608
        self._say(f"INSERT INTO {table} ({', '.join(columns)}) {chosen}")

    def _round(self) -> Mapping[str, str | None]:
        failed, attention = (f"n % {share} = 0" for share in SHARES.values())
        return {
            "id": self._id(),
            "key": self._key(),
            "task_key": self._key(),
            "task_id": self._key(),
            "nonce": "'nonce-' || n",
            "task_name": "'task-' || n",
            "chosen_attempt_id": self._later("chosen_attempt_id"),
            "decision_attempt_id": self._later("decision_attempt_id"),
            "state": f"CASE WHEN {failed} THEN 'failed' ELSE t.state END",
            "error_code": f"CASE WHEN {failed} THEN 'forge_refused' ELSE '' END",
            "needs_attention": f"({attention})",
        }

    def _later(self, column: str) -> str:
        """Return the key of the n-th copy of the attempt that a column of the template names."""
        return f't."{column}" + n * {self.stride}'

    def _own(self) -> str:
        return f"'{self.template.pk.hex}'" if self.vendor == "sqlite" else f"'{self.template.pk}'"

    def _id(self) -> str:
        return _HEX[self.vendor] if self.vendor == "sqlite" else f"({_HEX['postgresql']})::uuid"

    def _key(self) -> str:
        return f"{_HEX[self.vendor]} || 'ffffffffffffffffffffffffffffffff'"

    def _moved(self, column: str) -> str:
        return _TIME[self.vendor].format(column=f't."{column}"', most=self.most, apart=APART)


def times(past: Past, calls: int) -> Iterator[tuple[str, float]]:
    """Yield each kind of call and what it takes in ms."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import timezone

    from tasks_app.models import Round
    from tasks_app.rounds import liveness_watches, schedule

    client, dice = Client(SERVER_NAME="localhost"), random.Random(past.made)  # noqa: S311
    client.force_login(get_user_model().objects.filter(is_superuser=True).first())
    ids = list(
        Round.objects.order_by("pk").values_list("pk", flat=True)[: max(past.made // 2, 1)][:: max(past.made // 200, 1)]
    )

    def get(address: str) -> None:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.content[:500])

    def due() -> None:
        schedule.rounds_due(workers=8)
        liveness_watches.looks_due(workers=8)

    yield "list", _cost(lambda: get("/admin/tasks_app/round/"), calls)
    yield "list, failed", _cost(lambda: get("/admin/tasks_app/round/?state__exact=failed"), calls)
    yield "list, attention", _cost(lambda: get("/admin/tasks_app/round/?needs_attention__exact=1"), calls)
    yield "round's page", _cost(lambda: get(f"/admin/tasks_app/round/{dice.choice(ids)}/change/"), calls)
    yield "status", _cost(lambda: get(f"/api/rounds/{dice.choice(ids)}"), calls)
    yield "front page", _cost(lambda: get("/admin/"), calls)
    yield "dispatcher, idle", _cost(due, calls)
    now = timezone.now()
    waiting = list(Round.objects.filter(state="completed").order_by("-created_at").values_list("pk", flat=True)[:50])
    finished = dict(Round.objects.filter(pk__in=waiting).values_list("pk", "finished_at"))
    Round.objects.filter(pk__in=waiting).update(state="queued", step="generate", next_at=now, finished_at=None)
    yield "dispatcher, 50 due", _cost(due, calls)
    for pk, moment in finished.items():
        Round.objects.filter(pk=pk).update(state="completed", step="notify", next_at=None, finished_at=moment)


def _cost(call: Callable[[], object], calls: int) -> float:
    call()
    found = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1000)
    return percentile(found, 0.25)


def main() -> None:
    """Make the past as long as each size, and time the calls there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("sizes", type=int, nargs="+")
    given = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tasks_app.settings"
    import django

    django.setup()
    logging.getLogger().setLevel(logging.ERROR)
    past, found = Past(max(given.sizes)), {}
    for size in sorted(given.sizes):
        began = time.monotonic()
        past.grow(size)
        print(f"{size:,} rounds there after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        for name, milliseconds in times(past, given.calls):
            found.setdefault(name, []).append(milliseconds)
    for name, values in found.items():
        print(name, *values, sep="\t")


if __name__ == "__main__":
    main()
