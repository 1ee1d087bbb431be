"""Makes a model call with its row in the journal, which is written before the call and completed after it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.domain.model_call import Prompt, Reply
    from engine.ports import Ports


def call_begun(kind: str, prompt: Prompt, model: str, parent: int | None, ports: Ports) -> int:
    """Write the row of a call to `model`; return the attempt."""
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
    """Call the model and return its reply; the caller records the outcome. `tokens` limits it by the round's rest.

    Records and raises what the author, the spending limits and `tokens` raise.
    """
    journal = ports.journal
    try:
        return ports.author.write(
            prompt.messages,
            model=model,
            seconds=seconds,
            tokens=tokens(journal.tokens_left()),  # the journal knows it after the call's row is written
            on_chunk=partial(journal.attempt_chunk, attempt),
            schema=schema,
        )
    except EngineError as error:
        journal.attempt_failed(attempt, code=error.code, message=error.message, reply=error.reply)
        raise
