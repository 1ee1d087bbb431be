"""Drives one round in a process of its own; told to, it stops itself (SIGSTOP) at one exact point of an outside effect.

Run as `python -m tests.chaos.driver ROUND_ID [PORT.METHOD[:CALL] before|after]`; CALL counts from 1. Without a point it
comes back until the round has ended. With forge.take_down or forge.put_back it asks for that and does it. Without a
point, and `takedowns` for the ROUND_ID, it does a takedown that is due.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import django

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.ports import Journal, Ports


class Pausing:
    """A port of which one call of one method pauses the whole process, before or after its effect."""

    def __init__(self, port: object, method: str, call: int, moment: str) -> None:
        self._port, self._method, self._left, self._moment = port, method, call, moment

    def __getattr__(self, name: str) -> object:
        found = getattr(self._port, name)
        return self._paused(found) if name == self._method else found

    def _paused(self, effect: Callable[..., object]) -> Callable[..., object]:
        def paused(*arguments: object, **options: object) -> object:
            self._left -= 1
            if self._moment == "before" and self._left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
            result = effect(*arguments, **options)
            if self._moment == "after" and self._left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
            return result

        return paused


def pause_at(point: str, moment: str) -> None:
    """Have `drive` find a port that pauses."""
    from tasks_app import wiring

    name, _, called = point.partition(".")
    method, _, call = called.partition(":")
    real = wiring.ports

    def ports(journal: Journal) -> Ports:
        found = real(journal)
        return replace(found, **{name: Pausing(getattr(found, name), method, int(call or 1), moment)})

    wiring.ports = ports


def take_down(round_id: str, method: str, moment: str) -> None:
    """Ask as an operator does, and do it with a forge that pauses."""
    from tasks_app import wiring
    from tasks_app.operations.takedowns import takedown_ask, takedown_undo
    from tasks_app.worker.takedown_work import take_down_due

    (takedown_ask if method == "take_down" else takedown_undo)(round_id=UUID(round_id), who="ada")
    forge = Pausing(wiring.forge(), method, 1, moment)
    wiring.forge = lambda: forge
    take_down_due()


def main(round_id: str, *point: str) -> None:
    """Drive the round."""
    django.setup()
    from tasks_app.models import Round
    from tasks_app.worker.takedown_work import take_down_due
    from tests.driving import drive

    if round_id == "takedowns":
        take_down_due()
        return
    if point and point[0] in {"forge.take_down", "forge.put_back"}:
        take_down(round_id, point[0].partition(".")[2], point[1])
        return
    if point:
        pause_at(*point)
        drive(round_id)
        return
    while Round.objects.filter(pk=round_id, finished_at=None).exists():
        drive(round_id)
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
