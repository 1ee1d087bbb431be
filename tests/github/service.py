"""The whole service against the double of GitHub in the test's own process: real rows, forge, guard and callbacks; time
moves as it is told.

`play` is the dispatcher and all of its workers: it drives what is due; where nothing is, time jumps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from engine.domain.lifecycle import ACTIVE, ENDED
from tasks_app import wiring
from tasks_app.models import Round
from tasks_app.reports.headline import headline
from tasks_app.rounds import schedule
from tasks_app.worker.liveness_check import look_again
from tests.doubles.http_server import Script
from tests.driving import drive
from tests.factories import make_round
from tests.system_clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from pytest_django.fixtures import SettingsWrapper

    from tests.doubles.github.double import GitHubDouble
    from tests.doubles.http_server import HttpServer

WORKERS = 8
NOTIFY = "/notify"
#: Drives in a row after which a test is given up: something goes round in circles.
MOST_DRIVES = 2000


class Time:
    """The machine's time and an offset, for the service and for the double alike."""

    def __init__(self, double: GitHubDouble, patch: pytest.MonkeyPatch) -> None:
        self._double, self._offset = double, timedelta()
        patch.setattr(timezone, "now", self.now)
        patch.setattr(SystemClock, "now", lambda _: self.now())

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def to(self, moment: datetime) -> None:
        """Jump to a moment, where it is not past."""
        ahead = moment - self.now()
        if ahead > timedelta():
            self._offset += ahead
            self._double.pass_time(ahead.total_seconds())


@dataclass
class Service:
    """Drives rounds. `told` keeps every different story of a round on its way."""

    double: GitHubDouble
    evaluator: HttpServer
    time: Time
    told: list[str] = field(default_factory=list)

    def round(self, **over: object) -> Round:
        """Accept a round whose evaluator listens here."""
        return make_round(evaluation_url=self.evaluator.url(NOTIFY), **over)

    def done(self, **over: object) -> Round:
        """Accept a round and play until it has ended."""
        row = self.round(**over)
        self.play(lambda: Round.objects.get(pk=row.pk).state in ENDED)
        row.refresh_from_db()
        return row

    def play(self, until: Callable[[], bool]) -> None:
        """Drive what is due, again and again, until something is the case. Fails where there is nothing to wait for."""
        for _ in range(MOST_DRIVES):
            if until():
                return
            due = schedule.rounds_due(workers=WORKERS)
            for round_id in due:
                drive(str(round_id))
                self._listen(Round.objects.get(pk=round_id))
            if not due:
                self.time.to(self._next())
        raise AssertionError(f"it goes round in circles: {self.told[-3:]}")

    def look_on(self, row: Round) -> Round:
        """Take the looks of the watch that are due within the next half hour, until it ends."""
        while row.watch_at:
            self.time.to(row.watch_at + timedelta(milliseconds=1))
            look_again(workers=WORKERS)
            row.refresh_from_db()
        return row

    def callbacks(self) -> list[dict[str, str]]:
        """Return what the evaluator was sent."""
        return [json.loads(asked.body) for asked in self.evaluator.asked]

    def _next(self) -> datetime:
        """Return when something is due: a wait is over, or the share of a step that a breaker holds."""
        active = Round.objects.filter(state__in=ACTIVE).values_list("next_at", "share_ends_at")
        now = timezone.now()
        ahead = [moment for moments in active for moment in moments if moment > now]
        assert ahead, "nothing is due, now or ever"
        return min(ahead) + timedelta(milliseconds=1)

    def _listen(self, row: Round) -> None:
        said = headline(row, timezone.now())
        if said not in self.told:
            self.told.append(said)


def make_service(
    double: GitHubDouble, evaluator: HttpServer, settings: SettingsWrapper, patch: pytest.MonkeyPatch
) -> Service:
    """Wire the service to the double as the environment would."""
    settings.FORGE = "github"
    settings.GITHUB_TOKEN, settings.GITHUB_OWNER, settings.GITHUB_API_URL = double.token, "", double.url
    settings.ALLOW_PRIVATE_URLS = True
    evaluator.scripts[NOTIFY] = Script(200)
    forget_wiring()
    return Service(double, evaluator, Time(double, patch))


def forget_wiring() -> None:
    """Let the next round be wired by the settings as they are then."""
    wiring.github_forge.cache_clear()
    wiring.http.cache_clear()
