"""A language model, what is asked of it, and what is known of what it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a message, where the model takes pictures. `media_type` is that of the bytes, whatever the file was called."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message: text, and pictures that the model may or may not get to see; the text must do without them."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as sent, with the name, version and hash of the template that made it."""

    name: str
    version: str
    digest: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; None where the server did not say. `cost` in US dollars, from `cost_source`; unknown is None, never 0."""

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    cost_source: str = ""


#: The finish_reason of a reply that the server did not end: its time was over, or the connection was lost. Its text is what had come.
DEADLINE: Final = "deadline"
DISCONNECTED: Final = "disconnected"

#: After these the model would have written more.
CUT_OFF: Final = frozenset({"length", DEADLINE, DISCONNECTED})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `finish_reason` as the server gave it ("stop", "length", "content_filter", …), else DEADLINE or DISCONNECTED."""

    text: str
    model: str
    finish_reason: str
    usage: Usage = field(default_factory=Usage)
    parameters: Mapping[str, object] = field(default_factory=dict)
    request_id: str = ""

    @property
    def whole_lines(self) -> str:
        """Return the text, of one that was cut off less its last line, which may be the half of one."""
        return self.text.rpartition("\n")[0] if self.finish_reason in CUT_OFF else self.text


def ignore_chunk(piece: str) -> None:
    """Take no notice of a piece of an answer."""


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """What a server was found to take for one of its models; the defaults are what is tried first."""

    length_parameter: str = "max_completion_tokens"  # or "max_tokens"; "" where it takes neither
    longest_answer: int | None = None  # in tokens; None: nobody said
    dropped: frozenset[str] = frozenset()  # parameters that it refused
    images: bool | None = None  # None: nobody knows yet


@dataclass(frozen=True, slots=True)
class ReusedCall:
    """A model call of an earlier claim, whose process died: its row, the prompt's messages and the answer, or what was kept of it."""

    attempt: int
    messages: tuple[Message, ...]
    reply: Reply
