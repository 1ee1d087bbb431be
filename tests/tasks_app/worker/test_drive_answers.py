"""A process that dies during a streamed answer: the received part is stored, and only the rest is requested."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from engine.prompts.token_estimate import estimated_tokens
from tasks_app.models import Attempt, StepRun
from tasks_app.rounds.call_rows import StreamingReply
from tasks_app.rounds.journal import DatabaseJournal
from tasks_app.worker.heartbeat import Heartbeat
from tests.driving import drive, page_calls
from tests.factories import SECRET, make_round
from tests.fakes import PAGE, README, Cut, page_reply
from tests.tasks_app.deaths import Killed, die

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from engine.domain.model_call import Message, Reply
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Collect what heartbeats would call in their thread: the test calls it, since threads share no connection."""
    called: list[Callable[[], None]] = []
    monkeypatch.setattr(Heartbeat, "at_each_beat", lambda _, call: called.append(call))
    return called


def dies_after(text: str, beats: list[Callable[[], None]]) -> Cut:
    """Return an answer in whose midst its process dies, right after a beat: `text` is the last of it that had come."""

    def until(messages: Sequence[Message]) -> str:
        whole = page_reply()(messages)
        return whole[: whole.index(text) + len(text)]

    def ends() -> NoReturn:
        beats[-1]()
        raise Killed

    return Cut(until, ends)


def test_of_an_answer_that_was_cut_by_a_death_only_the_rest_is_asked_for(
    outside: Outside, beats: list[Callable[[], None]]
) -> None:
    outside.author.replies = [dies_after("A page that shows", beats), page_reply({"README.md": README})]
    row = make_round(checks=[])
    die(row)
    step = StepRun.objects.get()
    assert re.fullmatch(r"\w+ is writing: \d+ characters so far\.", step.detail)
    drive(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.degraded) == ("completed", False)
    cut, rest = page_calls()
    assert (cut.kind, cut.error_code, rest.kind, rest.parent_id) == ("generate", "interrupted", "continue", cut.pk)
    assert cut.reply.endswith("## Summary\n\n")
    assert PAGE.decode() in cut.reply
    assert "A page that shows" not in cut.reply, "half a line is not kept"
    assert cut.counted_tokens >= estimated_tokens(cut.reply) + 100, (
        "the part that was received counts, and so does its prompt"
    )
    step.refresh_from_db()
    assert "so far" not in step.detail
    (inside,) = outside.forge.repositories.values()
    assert PAGE.decode().split("<title>")[1] in inside.commits[row.commit_sha].files["index.html"].decode()


def test_half_a_secret_of_ours_is_not_kept_of_an_answer_under_way(
    outside: Outside, beats: list[Callable[[], None]]
) -> None:
    half, told = SECRET[: len(SECRET) // 2], []

    def ends() -> NoReturn:
        beats[-1]()
        told.append(page_calls().get().reply)
        raise Killed

    outside.author.replies = [Cut(lambda _: f"The secret is\n{SECRET}\nand again {half}", ends)]
    die(make_round())
    assert told[0].startswith("The secret is\n")
    assert half not in told[0]


def test_a_complete_answer_is_not_overwritten_by_a_late_beat(
    outside: Outside, beats: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DatabaseJournal.attempt_answered

    def late(self: DatabaseJournal, attempt: int, reply: Reply, *, outcome: str) -> None:
        growing = StreamingReply(attempt, "m", ["half\n"])
        real(self, attempt, reply, outcome=outcome)
        self._growing = growing
        beats[-1]()

    monkeypatch.setattr(DatabaseJournal, "attempt_answered", late)
    row = make_round()
    drive(str(row.pk))
    assert not Attempt.objects.filter(reply="half\n").exists()
    assert "so far" not in StepRun.objects.get(step="generate").detail
