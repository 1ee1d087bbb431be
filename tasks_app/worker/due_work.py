"""What a worker does when the queue wakes it: it takes what is due. Runs in a worker process."""

from __future__ import annotations

from tasks_app.operations.workers import is_stopping, worker_name
from tasks_app.rounds.load import workers_present
from tasks_app.rounds.schedule import poll_claim, work_claim
from tasks_app.worker.drive import drive
from tasks_app.worker.liveness_check import look_again

#: So many polls a worker takes one after the other at most: a new round shall not wait for more.
POLLS = 4


def take_due() -> None:
    """Take polls, which hold a worker for a moment each, a look at a watched page, and one round that may take minutes.

    Then it ends, so that django-q2's time limit and its recycling of processes hold; while anything is due the
    dispatcher wakes workers again. Safe to call any number of times, anywhere: where nothing is due, or the supervisor
    stops, it does nothing.
    """
    workers, me = workers_present(), worker_name()
    for _ in range(POLLS):
        if is_stopping() or not (poll := poll_claim(owner=me, workers=workers)):
            break
        drive(poll)
    if not is_stopping():
        look_again(workers=workers)
    if not is_stopping() and (work := work_claim(owner=me, workers=workers)):
        drive(work)
