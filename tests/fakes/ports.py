"""A whole set of fakes."""

from __future__ import annotations

from dataclasses import replace

from engine.ports import Ports
from tests.fakes.author import FakeAuthor
from tests.fakes.clock import FakeClock
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.forge import FakeForge
from tests.fakes.journal import FakeJournal
from tests.fakes.notifier import FakeNotifier


def make_ports(**over: object) -> Ports:
    """Return a whole set of fakes; pages come from the fake forge. Keyword arguments replace single ports."""
    clock = FakeClock()
    forge = FakeForge(clock.now)
    ports = Ports(clock, FakeAuthor(), forge, FakeFetcher(forge=forge), FakeNotifier(), FakeJournal())
    return replace(ports, **over)
