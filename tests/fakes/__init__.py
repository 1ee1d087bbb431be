"""One in-memory stand-in per port, with the port's real promises and hooks for what goes wrong.

`Faults` raises what a test planned before or after the effect of a method; a planned BaseException plays the death of a
process.
"""

from __future__ import annotations

from tests.fakes.author import Cut, FakeAuthor, Spoken
from tests.fakes.browser import FakeBrowser
from tests.fakes.clock import NOW, FakeClock
from tests.fakes.faults import Faults
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.forge import FakeForge, FakeRepository, commit_sha
from tests.fakes.journal import FakeJournal, JournalRow
from tests.fakes.notifier import FakeNotifier
from tests.fakes.ports import make_ports
from tests.fakes.quota import FakeQuota
from tests.fakes.replies import PAGE, README, edit_reply, page_reply, plan_reply

__all__ = [
    "NOW",
    "PAGE",
    "README",
    "Cut",
    "FakeAuthor",
    "FakeBrowser",
    "FakeClock",
    "FakeFetcher",
    "FakeForge",
    "FakeJournal",
    "FakeNotifier",
    "FakeQuota",
    "FakeRepository",
    "Faults",
    "JournalRow",
    "Spoken",
    "commit_sha",
    "edit_reply",
    "make_ports",
    "page_reply",
    "plan_reply",
]
