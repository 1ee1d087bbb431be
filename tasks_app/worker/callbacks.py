"""Sends callbacks in threads of the dispatcher's process: an evaluator may take 30 s to answer, and no worker waits."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.db import Error, connections

from tasks_app.operations.workers import worker_name
from tasks_app.rounds.leases import lease_claim
from tasks_app.rounds.schedule import callbacks_due
from tasks_app.worker.drive import drive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks_app.rounds.leases import Lease
    from tasks_app.rounds.schedule import DueCallback

logger = logging.getLogger(__name__)

#: Callbacks under way at once; to one host, and of those that failed before, at most half of it.
MOST = 32
#: Due callbacks that are looked at for one that may be sent.
_LOOKED_AT = 500

#: Seconds for which a callback whose lease has expired is left to its own thread, which may only have been frozen with
#: this process and have an answer to record. An attempt takes a fraction of it.
_LEFT_ALONE = 300.0


@dataclass(frozen=True, slots=True)
class _UnderWay:
    due: DueCallback
    began: float


@dataclass(slots=True)
class CallbackSender:
    """The callbacks of one process. Not thread-safe: one thread calls it. `beat` is called before each claim."""

    most: int = MOST
    beat: Callable[[], object] = lambda: None
    _under_way: dict[threading.Thread, _UnderWay] = field(default_factory=dict, init=False)

    def take_due(self) -> int:
        """Begin the callbacks that are due and have a place; return how many. Raises django.db.Error."""
        self._under_way = {thread: one for thread, one in self._under_way.items() if thread.is_alive()}
        if len(self._under_way) >= self.most:
            return 0
        return sum(self._begin(due) for due in callbacks_due(most=_LOOKED_AT))

    def finish(self, seconds: float) -> None:
        """Wait until the callbacks under way have ended, at most so long."""
        ends = time.monotonic() + seconds
        for thread in self._under_way:
            thread.join(max(0.0, ends - time.monotonic()))

    def _begin(self, due: DueCallback) -> bool:
        others = [one.due for one in self._under_way.values()]
        of_host = sum(_host(other.url) == _host(due.url) for other in others)
        tried = sum(other.tried for other in others)
        half = max(self.most // 2, 1)
        if len(others) >= self.most or of_host >= half or (due.tried and tried >= half):
            return False
        if self._is_under_way(due):
            return False
        self.beat()
        lease = lease_claim(round_id=due.round_id, owner=worker_name())
        if lease is None:  # another machine has it
            return False
        # A daemon: an evaluator that does not answer must not keep the process from ending.
        thread = threading.Thread(target=_send, args=(lease,), name=f"callback {due.round_id}", daemon=True)
        self._under_way[thread] = _UnderWay(due, time.monotonic())
        thread.start()
        return True

    def _is_under_way(self, due: DueCallback) -> bool:
        since = time.monotonic() - _LEFT_ALONE
        return any(one.due.round_id == due.round_id and one.began > since for one in self._under_way.values())


def _send(lease: Lease) -> None:
    try:
        # Past its budget a callback loses only its lease: ending the process would lose the answers to all others.
        drive(lease, overrun=lambda: None)
    except Error as error:  # the lease runs out, and the callback is due again
        logger.warning("round %s: its callback was interrupted by the database: %s", lease.round_id, error)
    except Exception:
        # A thread that died here would write its traceback past the log's rules.
        logger.exception("round %s: its callback failed by an error of our own", lease.round_id)
    finally:
        connections.close_all()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()
