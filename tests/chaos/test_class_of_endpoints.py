"""A class of endpoints that fail in every way is judged while the evaluator is killed with -9 again and again: every
result stands there once, and no request is sent twice without need.

`python -m benchmarks.rehearsal` does the same with 200 submissions and ten kills.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.foreign.endpoints import LATE_SECONDS, ORDER, fault_of
from tests.doubles.foreign.running import process
from tests.processes import wait_for
from tests.rehearsing import Endpoints, Evaluator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ROUNDS = 2
DEADLINE = LATE_SECONDS * 3 // 4
TRIES = 3
#: The evaluator may die between an answer and its row; so long before a kill an answer may have come and be lost.
LOST = timedelta(seconds=10)

_STATES = "SELECT state, count(*) FROM tasks_app_issuedtask GROUP BY state"
_DONE = "SELECT count(sent_at) + count(judged_at) FROM tasks_app_issuedtask"
_ISSUED = """
    SELECT s.email, i.task, i.round, i.nonce, i.tries FROM tasks_app_issuedtask i
    JOIN tasks_app_submission s ON s.id = i.submission_id
"""


def test_a_class_is_judged_once_however_often_the_evaluator_dies(tmp_path: Path) -> None:
    judged_once(tmp_path, size=len(ORDER), kills=4)


def judged_once(folder: Path, *, size: int, kills: int) -> int:
    """Rehearse a class of `size`, kill the evaluator so often, look at what is left; return the number of results."""
    with process(folder / "class", "tests.doubles.foreign.endpoints") as foreign:
        by_email = {email(number): f"{foreign.url}/e/{number}" for number in range(size)}
        endpoints = Endpoints(by_email, foreign.secret)
        with Evaluator(folder, endpoints, deadline=DEADLINE, BROWSERS="0") as evaluator:
            killed_at = killed_again_and_again(evaluator, size, kills)
            evaluator.start()
            exit_code = evaluator.until_end(1200)
            posts = foreign.log()
    assert exit_code == 1, evaluator.tail()
    assert dict(evaluator.rows(_STATES)) == {"judged": size * ROUNDS}
    every_result_is_there_once(evaluator, size)
    nothing_was_sent_twice_without_need(evaluator, posts, killed_at)
    nothing_accepted_was_sent_again(evaluator)
    return len(evaluator.results())


def email(number: int) -> str:
    return f"student-{number}@example.com"


def killed_again_and_again(evaluator: Evaluator, size: int, times: int) -> list[datetime]:
    """Start and kill it, each time a step further on: while it sends, waits, judges, and sends the second round."""
    kills = []
    for number in range(1, times + 1):
        until = number * 2 * size * ROUNDS // (times + 2)
        evaluator.start()
        assert wait_for(lambda until=until: done(evaluator) >= until, 300), evaluator.tail()
        assert evaluator.process
        assert evaluator.process.poll() is None, evaluator.tail()
        evaluator.kill()
        kills.append(datetime.now(UTC))
    return kills


def done(evaluator: Evaluator) -> int:
    """Return how far it is: each round counts one when it is sent and one when it is judged."""
    return sum(number for (number,) in evaluator.rows(_DONE))


def every_result_is_there_once(evaluator: Evaluator, size: int) -> None:
    numbers = defaultdict(list)
    for row in evaluator.results():
        numbers[row.email, row.round].append(row.number)
    assert numbers.keys() == {(email(number), part) for number in range(size) for part in range(1, ROUNDS + 1)}
    for part in range(1, ROUNDS + 1):
        [found] = {tuple(numbers[email(number), part]) for number in range(size)}
        assert found == tuple(range(1, len(found) + 1))
    honest = {email(number) for number in range(size) if fault_of(number) == "none"}
    # While the evaluator is dead a callback comes late, and again where its answer was lost.
    others = [row for row in evaluator.results() if row.email in honest and row.kind != "callback"]
    assert [row for row in others if row.failing] == []


def nothing_was_sent_twice_without_need(
    evaluator: Evaluator, posts: Sequence[dict[str, Any]], kills: Sequence[datetime]
) -> None:
    rows = {nonce: ((who, task, part), tries) for who, task, part, nonce, tries in evaluator.rows(_ISSUED)}
    sent = Counter(one["nonce"] for one in posts)
    assert sent.keys() == rows.keys()
    assert [nonce for nonce, (_, tries) in rows.items() if not sent[nonce] <= tries <= TRIES] == []
    by_nonce = defaultdict(list)
    for one in posts:
        assert rows[one["nonce"]][0] == (one["email"], one["task"], one["round"])
        by_nonce[one["nonce"]].append(one)
    without_need = [
        (first, again)
        for same in by_nonce.values()
        for first, again in itertools.pairwise(same)
        if first.get("status") == 200 and not was_lost(first, kills) and not came_too_late(first, again)
    ]
    assert without_need == [], f"{len(without_need)} of {len(posts)} posts, the evaluator was killed at {kills}"


def came_too_late(first: dict[str, Any], again: dict[str, Any]) -> bool:
    """Say whether the evaluator can have stopped waiting for the first answer, on a machine that is busy."""
    gap = datetime.fromisoformat(again["at"]) - datetime.fromisoformat(first["at"])
    return gap >= timedelta(seconds=DEADLINE)


def nothing_accepted_was_sent_again(evaluator: Evaluator) -> None:
    """What was recorded as accepted is said once, and would be said twice if it were sent again."""
    said = Counter(line for line in evaluator.log.read_text().splitlines() if ": accepted" in line)
    assert [line for line, times in said.items() if times > 1] == []


def was_lost(post: dict[str, Any], kills: Sequence[datetime]) -> bool:
    """Say whether the evaluator was killed so soon after this POST that it may not have known its answer."""
    at = datetime.fromisoformat(post["at"])
    return any(at <= kill <= at + LOST for kill in kills)
