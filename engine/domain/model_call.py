"""Values of a model call: messages, prompt, usage, reply, and the parameters that a model accepts."""

from __future__ import annotations

import re
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


#: Marks around the thoughts that a model writes into its reply: DeepSeek, Qwen, Seed, Kimi, Magistral, Hunyuan,
#: MiniMax, EXAONE, Command A, Apertus, Granite, the Sky-T1 and OpenThinker families, Gemma and others.
#: https://docs.vllm.ai/en/latest/features/reasoning_outputs.html, https://docs.sglang.io/advanced_features/separate_reasoning.html
_THOUGHT = r"(?:think(?:ing)?|thoughts?|reasoning|reflection|analysis|scratchpad)"
_THINK = rf"(?:[a-z]{{1,20}}[:_])?{_THOUGHT}(?:_\w{{1,60}})?"
_SQUARE = r"(?:THINK(?:ING)?|REASONING|THOUGHTS?)"
#: The opening and the closing marks. Those of one group belong together, if they hold the same name.
_OPEN = (
    rf"<(?P<tag>{_THINK})(?: [a-z]+=[^<>\n]{{0,40}})?>|<\|(?:begin_of_|start_of_|start_)?(?P<bar>{_THOUGHT})\|>"
    rf"|<\|(?P<inner>)inner_prefix\|>|<\|channel>(?P<channel>)thought\b|(?P<triangle>)◁think▷|\[(?P<square>{_SQUARE})\]"
)
_CLOSE = (
    rf"</(?P<tag>{_THINK})>|<\|(?:/|end_of_|end_)(?P<bar>{_THOUGHT})\|>"
    rf"|<\|(?P<inner>)inner_suffix\|>|(?P<channel>)<channel\|>|(?P<triangle>)◁/think▷|\[/(?P<square>{_SQUARE})\]"
)
#: Granite says it in words: https://huggingface.co/ibm-granite/granite-3.2-8b-instruct
_OPENING = re.compile(rf"\s*+(?:{_OPEN}|(?P<words>)here(?:'s| is) my thought process:)", re.IGNORECASE)
_CLOSING = re.compile(rf"{_CLOSE}|(?P<words>)^here(?:'s| is) my response:", re.IGNORECASE | re.MULTILINE)
#: The opening mark may be part of the prompt. Then the closing one stands at an end of a line.
_ANY_CLOSE = re.sub(r"\?P<\w+>", "?:", _CLOSE)
_LONE_CLOSING = re.compile(rf"^[ \t]*+(?:{_ANY_CLOSE})|(?:{_ANY_CLOSE})[ \t]*+$", re.IGNORECASE | re.MULTILINE)
_LONE_OPENING = re.compile(_OPEN, re.IGNORECASE)
#: The channels of gpt-oss, as they are and with the special tokens left out.
#: https://cookbook.openai.com/articles/openai-harmony
_CHANNELS = re.compile(
    r"\s*+(?:<\|start\|>assistant)?\s*+<\|channel\|>|\s*+analysis(?=[A-Z\W]).*?assistantfinal", re.DOTALL
)
_FINAL = re.compile(r"<\|channel\|>\s*+final[^<]*+(?:<\|constrain\|>[^<]*+)?<\|message\|>|assistantfinal")
_FINAL_ENDS = re.compile(r"<\|(?:return|end|call|start)\|>")


def answer_span(text: str) -> tuple[int, int]:
    """Return where the answer begins and ends in a reply whose text may hold thoughts, in a mark of any kind.

    Thoughts end only with the closing mark of their opening one. Thoughts that do not end, or channels without the
    final one, leave an empty span.
    """
    if _CHANNELS.match(text):
        finals = list(_FINAL.finditer(text))
        start = finals[-1].end() if finals else len(text)
        ends = _FINAL_ENDS.search(text, start)
        return start, ends.start() if ends else len(text)
    start = 0
    while opening := _OPENING.match(text, start):
        closings = _CLOSING.finditer(text, opening.end())
        start = next((one.end() for one in closings if _kind(one) == _kind(opening)), len(text))
    return start, len(text)


def _kind(mark: re.Match[str]) -> tuple[str, str]:
    """Return what an opening mark and its closing one have in common."""
    kind = mark.lastgroup or ""
    return kind, mark[kind].lower()


def lone_closing_end(text: str) -> int:
    """Return the end of a closing mark whose opening one may have been part of the prompt; 0 if there is none."""
    closing = _LONE_CLOSING.search(text)
    return closing.end() if closing and not _LONE_OPENING.search(text, 0, closing.start()) else 0


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
