"""The function that the queue's messages call in a worker process: it takes what is due."""

from __future__ import annotations

from tasks_app.operations.connections import file_problem
from tasks_app.operations.workers import is_stopping, worker_name
from tasks_app.rounds.load import workers_present
from tasks_app.rounds.schedule import poll_claim, work_claim
from tasks_app.worker.drive import drive
from tasks_app.worker.liveness_check import look_again
from tasks_app.worker.takedown_work import take_down_due

#: The most polls that a worker takes in a row: a new round must not wait for more.
POLLS = 4


def take_due() -> None:
    """Take polls, which last a moment each, a look at a watched page, a takedown, and a round, which may take minutes.

    Then return, so that django-q2's time limit and recycling of processes work; while anything is due, the dispatcher
    wakes workers again. It is safe to call any number of times: without due work, or while the supervisor stops, it
    does nothing.
    """
    workers, me = workers_present(), worker_name()
    if file_problem():
        return
    for _ in range(POLLS):
        if is_stopping() or not (poll := poll_claim(owner=me, workers=workers)):
            break
        drive(poll)
    if not is_stopping():
        look_again(workers=workers)
    if not is_stopping():
        take_down_due()
    if not is_stopping() and (work := work_claim(owner=me, workers=workers)):
        drive(work)
