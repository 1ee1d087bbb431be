"""Rows that are written while a step runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.core.brief import AttachedFile, MissingFile
    from engine.ports.author import Message, Prompt, Reply
    from engine.ports.forge import Look, Repository
    from engine.ports.way_out import Answer


@dataclass(frozen=True, slots=True)
class Recalled:
    """A model call of an earlier claim, whose process died: its row, the prompt's messages and the answer, or what was kept of it."""

    attempt: int
    messages: tuple[Message, ...]
    reply: Reply


class Journal(Protocol):
    """Keeps rows that must exist before an outside effect and be completed after it.

    Every method but `attempt_heard` raises Fenced where the round's lease is lost, so that a process that was paused past its lease stops
    before the effect.
    """

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        """Write the row of a model call that is about to be made; return its id.

        Raises Permanent(round_tokens_spent) and OutOfService(model_budget_spent) where a bound on spending leaves no room for it.
        """
        ...

    def tokens_left(self) -> int | None:
        """Return how long the answer to the call begun last may be, in tokens; None: unbounded."""
        ...

    def attempt_recalled(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        """Return the oldest answered call of this kind that an earlier claim of the same step left, each once; None where there is none.

        So that a replay asks the model for nothing that it had said already.
        """
        ...

    def attempt_interrupted(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        """Return the newest call of this kind during which an earlier claim of the same step ended, with what of its answer was kept; else None.

        Its finish_reason is DISCONNECTED, whatever of it came: nobody was there to hear the rest.
        """
        ...

    def attempt_heard(self, attempt: int, piece: str) -> None:
        """Take a piece of the answer while it comes. Neither waits nor raises: what was heard is written down now and then."""
        ...

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        """Complete it with the answer; `outcome` is how the parser called it."""
        ...

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        """Complete it with an error, and with what came back all the same."""
        ...

    def plan_made(
        self,
        plan: Mapping[str, object] | None,
        *,
        attempt: int | None,
        refused: Sequence[Mapping[str, str]],
        why_none: str,
    ) -> None:
        """Write down the run's plan as JSON, or (None) in `why_none` why there is none; what the run has already stays as it is.

        `attempt` is the model call that made it; `refused` holds item and reason of each thing that validation took out.
        """
        ...

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        """Write down which commit is about to become the head."""
        ...

    def commit_abandoned(self, *, sha: str) -> None:
        """The head moved before the planned commit got there; it will not be tried again."""
        ...

    def repository_made(self, repository: Repository) -> None:
        """Remember the repository before anything is pushed to it."""
        ...

    def pages_seen(self, *, look: Look, http_status: int | None, live: bool, reason: str) -> None:
        """Record one look at Pages and at what it serves."""
        ...

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        """Remember that one more build of a commit is about to be asked for, since the build with the id `after` failed."""
        ...

    def rebuild_put_off(self, *, sha: str) -> None:
        """It was not asked for after all; it may be next time."""
        ...

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Write the row of a callback that is about to be sent; return its id."""
        ...

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        """Complete it with the answer or the error."""
        ...

    def file_kept(self, file: AttachedFile) -> None:
        """Keep a file that was fetched or made for the round, or what was found out about one, so that a replay need not do it again."""
        ...

    def file_missed(self, missing: MissingFile) -> None:
        """Remember a file that the round should have and does not, and why. One that is there is left alone."""
        ...

    def warn(self, text: str) -> None:
        """Add a warning to the round, once."""
        ...
