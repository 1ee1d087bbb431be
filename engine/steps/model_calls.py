"""Makes one model call with its row in the journal: begun before the call, completed with its answer or error."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.domain.model_call import Prompt, Reply
    from engine.ports import Ports


def call_begun(kind: str, prompt: Prompt, model: str, parent: int | None, ports: Ports) -> int:
    """Record that `model` is about to be asked; return the attempt."""
    author = ports.author
    return ports.journal.attempt_begun(
        kind=kind, prompt=prompt, provider=author.provider, model=model, simulated=author.simulated, parent=parent
    )


def call_made(
    attempt: int,
    prompt: Prompt,
    model: str,
    ports: Ports,
    *,
    seconds: float,
    tokens: Callable[[int | None], int | None] = lambda left: left,
    schema: Mapping[str, object] | None = None,
) -> Reply:
    """Ask, and return the answer, whose outcome the caller records. `tokens` bounds it by what the round has left.

    Raises what the author, the bounds on spending and `tokens` raise, after it is recorded.
    """
    journal = ports.journal
    try:
        return ports.author.write(
            prompt.messages,
            model=model,
            seconds=seconds,
            tokens=tokens(journal.tokens_left()),  # which the journal knows once the call is begun
            on_chunk=partial(journal.attempt_chunk, attempt),
            schema=schema,
        )
    except EngineError as error:
        journal.attempt_failed(attempt, code=error.code, message=error.message, reply=error.reply)
        raise
