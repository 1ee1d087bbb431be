"""An author with a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from engine.domain.model_call import Message, Reply, Usage, ignore_chunk
from engine.prompts.judge import asks_for_judgement
from engine.prompts.plan import asks_for_plan
from tests.fakes.replies import page_reply

#: A page and nothing else: what the request says is left to the checks.
SMALLEST_PLAN = '{"files": [{"path": "index.html", "source": "write"}]}'

Spoken = str | Reply | BaseException | Callable[[Sequence[Message]], str | Reply]


@dataclass(frozen=True)
class Cut:
    """An answer of which a part is heard, and then `ends` is called, which raises."""

    part: Callable[[Sequence[Message]], str]
    ends: Callable[[], NoReturn]


class FakeAuthor:
    """Plays a list of replies and errors in order, then `page_reply()` for ever; `asked` keeps (model, messages,
    seconds).

    What asks for a plan is answered from `plans`, then by the smallest plan there is, and kept in `planned` (with the
    tokens) and `schemas` alone; so with `judgements`, which end in none, and `judged`.
    """

    provider = "fake"

    def __init__(
        self, *replies: Spoken | Cut, models: Sequence[str] = ("first", "second"), simulated: bool = False
    ) -> None:
        self.replies, self.models, self.simulated = list(replies), models, simulated
        self.asked: list[tuple[str, tuple[Message, ...], float]] = []
        self.tokens: list[int | None] = []
        self.plans: list[Spoken] = []
        self.schemas: list[Mapping[str, object] | None] = []
        self.planned: list[tuple[str, tuple[Message, ...], float, int | None]] = []
        self.judgements: list[Spoken] = []
        self.judged: list[tuple[str, tuple[Message, ...], float, int | None]] = []

    def write(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        seconds: float,
        tokens: int | None = None,
        on_chunk: Callable[[str], None] = ignore_chunk,
        schema: Mapping[str, object] | None = None,
    ) -> Reply:
        if asks_for_plan(messages):
            self.schemas.append(schema)
            self.planned.append((model, tuple(messages), seconds, tokens))
            return self._answer(self.plans.pop(0) if self.plans else SMALLEST_PLAN, messages, model)
        if asks_for_judgement(messages):
            self.judged.append((model, tuple(messages), seconds, tokens))
            return self._answer(self.judgements.pop(0) if self.judgements else "", messages, model)
        self.tokens.append(tokens)
        self.asked.append((model, tuple(messages), seconds))
        said = self.replies.pop(0) if self.replies else page_reply()
        if isinstance(said, Cut):
            on_chunk(said.part(messages))
            said.ends()
        return self._answer(said, messages, model)

    @staticmethod
    def _answer(said: Spoken, messages: Sequence[Message], model: str) -> Reply:
        if isinstance(said, BaseException):
            raise said
        answer = said if isinstance(said, str | Reply) else said(messages)
        return answer if isinstance(answer, Reply) else Reply(answer, model, "stop", Usage(input=10, output=20))
