"""Acts of the service in a process of a machine whose clock is wrong: `python -m tests.machine SECONDS ACT[:TASK] …`;
prints JSON.

The clock is set where Python code of ours and Django's reads it. Needs DJANGO_SETTINGS_MODULE=tests.settings and
TEST_DATABASE_URL.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from datetime import datetime, timedelta

import django


def main(seconds: int, *acts: str) -> None:
    """Set the clock and act."""
    django.setup()
    log = io.StringIO()
    logging.getLogger("tasks_app.operations.clock").addHandler(logging.StreamHandler(log))
    _set_clock(timedelta(seconds=seconds))
    known = {"migrate": _migrate, "post": _post, "claim": _claim, "log": lambda _: {"log": _spoken(log)}}
    found = [known[act.partition(":")[0]](act.partition(":")[2]) for act in acts]
    sys.stdout.write(json.dumps(found))


def _set_clock(by: timedelta) -> None:
    from django.utils import timezone

    from tasks_app.operations import clock

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + by

    timezone.datetime = clock.datetime = Shifted


def _spoken(log: io.StringIO) -> str:
    from tasks_app.operations import clock

    clock.now()
    return log.getvalue()


def _migrate(_: str) -> dict[str, object]:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return {}


def _post(task: str) -> dict[str, object]:
    from tests.factories import make_round

    make_round(task=task)
    return {}


def _claim(task: str) -> dict[str, object]:
    from django.db import connection

    from tasks_app.models import Round
    from tasks_app.rounds.leases import lease_claim
    from tasks_app.rounds.schedule import rounds_due

    names = dict(Round.objects.values_list("pk", "task_name"))
    due = [names[pk] for pk in rounds_due(workers=8)]
    row = Round.objects.get(task_name=task)
    claimed = lease_claim(round_id=row.pk, owner="a machine:1")
    with connection.cursor() as cursor:
        left = (
            "SELECT EXTRACT(EPOCH FROM lease_until - STATEMENT_TIMESTAMP())::float FROM tasks_app_round WHERE id = %s"
        )
        cursor.execute(left, [row.pk])
        return {"claimed": claimed is not None, "due": due, "lease_left": cursor.fetchone()[0]}


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
