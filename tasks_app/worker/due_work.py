"""The function that the queue's messages call in a worker process: it takes what is due."""

from __future__ import annotations

import time
from functools import partial

from tasks_app.operations.connections import file_problem
from tasks_app.operations.workers import is_stopping, worker_name
from tasks_app.rounds.load import workers_present
from tasks_app.rounds.schedule import may_go_on, poll_claim, work_claim
from tasks_app.worker.drive import drive
from tasks_app.worker.liveness_check import look_again
from tasks_app.worker.takedown_work import take_down_due

#: The most polls that a worker takes in a row, and the seconds after which it begins no other: work must not wait.
POLLS = 4
POLL_SECONDS = 10.0


def take_due() -> None:
    """Take polls, which last a moment each, a look at a watched page, a takedown, and a round, which may take minutes.

    Then return, so that django-q2's time limit and recycling of processes work; while anything is due, the dispatcher
    wakes workers again. It is safe to call any number of times: without due work, or while the supervisor stops, it
    does nothing.
    """
    workers, me = workers_present(), worker_name()
    if file_problem():
        return
    goes_on = partial(may_go_on, workers=workers)
    polls_end = time.monotonic() + POLL_SECONDS
    for _ in range(POLLS):
        if is_stopping() or time.monotonic() >= polls_end or not (poll := poll_claim(owner=me, workers=workers)):
            break
        drive(poll, may_go_on=goes_on)
    if not is_stopping() and time.monotonic() < polls_end:
        look_again(workers=workers)
    if not is_stopping():
        take_down_due()
    if not is_stopping() and (work := work_claim(owner=me, workers=workers)):
        drive(work, may_go_on=goes_on)
