"""Values of a model call: messages, prompt, usage, reply, and the parameters that a model accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Image:
    """A picture for a model that accepts pictures. `media_type` comes from the bytes, not from the file's name."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message. Not every model sees the pictures, so `content` must be sufficient without them."""

    role: Literal["system", "user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it is sent, with name, version and SHA-256 of its template."""

    name: str
    version: str
    digest: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost of one call; None is unknown. `cost` is in US dollars; `cost_source` says who computed it."""

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    cost_source: str = ""


#: The finish_reason of a reply that the server did not end. Its text is the part that arrived.
DEADLINE: Final = "deadline"
DISCONNECTED: Final = "disconnected"

#: With one of these the model would have written more.
CUT_OFF: Final = frozenset({"length", DEADLINE, DISCONNECTED})


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's reply. `finish_reason` is the server's ("stop", "length", "content_filter", …) or one of ours above.

    `reasoning` are the thoughts that came beside the text.
    """

    text: str
    model: str
    finish_reason: str
    usage: Usage = field(default_factory=Usage)
    parameters: Mapping[str, object] = field(default_factory=dict)
    request_id: str = ""
    reasoning: str = ""

    @property
    def whole_lines(self) -> str:
        """The text; if it was cut off, without its last line, which may be incomplete."""
        return self.text.rpartition("\n")[0] if self.finish_reason in CUT_OFF else self.text


def ignore_chunk(piece: str) -> None:
    """Discard a piece of a streamed reply."""


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """The parameters that a server accepts for a model. The defaults are tried first."""

    length_parameter: str = "max_completion_tokens"  # or "max_tokens"; "" if it accepts neither
    longest_answer: int | None = None  # in tokens; None: unknown
    dropped: frozenset[str] = frozenset()  # parameters that it refused; `stream` also if none of it could be read
    images: bool | None = None  # whether it accepts pictures; None: unknown


@dataclass(frozen=True, slots=True)
class ReusedCall:
    """A model call that an earlier claim made before its process died; `reply` may be incomplete."""

    attempt: int
    messages: tuple[Message, ...]
    reply: Reply
