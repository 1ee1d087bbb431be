"""Collects an answer while it arrives, so that a partial answer is available whenever it ends.

What a Reply says of how an answer ended:

| the answer | finish_reason |
| --- | --- |
| has a finish reason, and no text after it | the server's, in OpenAI's words |
| goes on after a finish reason, and ends with `[DONE]` or a finish reason without text | the server's |
| ends with `[DONE]` and has no finish reason, or came in one piece without one | "" |
| ends otherwise, with an error, or with a piece that cannot be read | `disconnected` |
| is ended by us | `deadline` or `disconnected`; the server's if it had ended |

Only "stop" says that a text without a closing line may be whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.adapters.openai.answer import (
    called_tools,
    error_in,
    failure_in,
    finish_reason_of,
    reasoning_of,
    refusal_of,
    text_of,
    usage_in,
    usage_of,
)
from engine.adapters.openai.events import DONE, BrokenJson, EventReader
from engine.domain.model_call import DISCONNECTED, Reply, ignore_chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.domain.prices import Price

#: With one of these finish reasons a model that wrote thoughts only has written its answer there.
_WHOLE = frozenset({"stop", ""})

_MOST_TOOLS_NAMED = 20


class Collected:
    """The received part of an answer; `on_chunk` gets each piece of its text.

    `error` is the error that the server reported in it, None if it reported none.
    """

    def __init__(self, on_chunk: Callable[[str], None] = ignore_chunk) -> None:
        self._on_chunk = on_chunk
        self._reader = EventReader()
        self.request_id = ""
        self.error: object = None
        self.has_choice = False
        self._head: dict[str, object] = {}
        self._usage: dict[str, object] | None = None
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._thoughts: list[str] = []
        self._thoughts_field = ""
        self._tools: list[str] = []
        self._finish_reason = ""
        self._went_on = False  # text came after a finish reason
        self._ended = False  # the newest finish reason came without text
        self._counted = False  # and the tokens with it or after it
        self._done = False
        self._in_one_piece = False
        self._has_deltas = False
        self._broken = False
        self._values = 0

    @property
    def has_text(self) -> bool:
        return any(self._texts) or any(self._refusals)

    @property
    def has_ended(self) -> bool:
        """Say whether something came and then its end."""
        return (self._done or (self._ended and not self._went_on)) and self._has_content

    @property
    def is_complete(self) -> bool:
        """Say whether the end came and then the tokens, or `[DONE]`. Some servers write on after a finish reason."""
        return self.has_ended and (self._done or self._counted)

    @property
    def has_finish_reason(self) -> bool:
        return bool(self._finish_reason)

    @property
    def is_over(self) -> bool:
        """Say whether nothing that follows can be of use."""
        return self.error is not None or self._broken or (self._done and self.has_finish_reason)

    @property
    def is_lost(self) -> bool:
        """Say whether an answer began and then its connection ended before the end."""
        return self.has_choice and not (self._done or self._broken or self.has_finish_reason)

    @property
    def is_document(self) -> bool:
        """Say whether the body is no stream but one JSON document, or a web page such as a gateway's."""
        first = self._reader.first_line[:1]
        return first == "<" or (first in {"{", "["} and self._values <= 1)

    @property
    def _has_content(self) -> bool:
        return self.has_text or bool(self._thoughts or self._tools)

    def feed(self, content: bytes) -> bool:
        """Take a part of the body, and say whether it held a part of the answer."""
        return self._take_all(self._reader.feed(content))

    def end(self) -> None:
        """Take what is left when the body ended or was given up."""
        if not self.is_over:
            self._take_all(self._reader.end())

    def spoil(self) -> None:
        """Note that the rest cannot be read."""
        self._broken = self._broken or not self.has_ended

    def reply(self, ending: str, *, model: str, parameters: Mapping[str, object], price: Price | None) -> Reply:
        """Return the answer. `ending` is its finish_reason if we ended it, or "".

        Where nothing but thoughts came, and whole, they are the answer; `parameters` name the field then.
        """
        finish_reason = self._how_it_ended(ending)
        text, thoughts = "".join(self._refusals or self._texts), "".join(self._thoughts)
        notes: dict[str, object] = {}
        if self._tools:
            notes["tool_calls"] = self._tools[:_MOST_TOOLS_NAMED]
        elif not text.strip() and finish_reason in _WHOLE and self.has_choice and thoughts:
            text, thoughts = thoughts, ""
            notes["answer_field"] = self._thoughts_field
        return Reply(
            text=_paired(text),
            model=str(self._head.get("model") or model),
            finish_reason="refusal" if self._refusals else finish_reason,
            usage=usage_of(self._usage, price),
            parameters={**parameters, **notes},
            request_id=self.request_id or str(self._head.get("id") or ""),
            reasoning=_paired(thoughts),
        )

    def _how_it_ended(self, ending: str) -> str:
        named_end = self._ended or (self.has_finish_reason and not self._went_on)
        if not self._broken and (self._done or self._in_one_piece or named_end):
            return self._finish_reason
        return ending or DISCONNECTED

    def _take_all(self, events: Iterable[tuple[str, object]]) -> bool:
        taken = False
        for name, value in events:
            self._values += 1
            taken = self._take(name, value) or taken
            if self.is_over:
                break
        return taken

    def _take(self, name: str, value: object) -> bool:
        """Take one value, and say whether it is a part of an answer: ping and the like are not.

        https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
        """
        match value:
            case BrokenJson():
                self.spoil()
            case [*values]:  # Gemini reports an error in a list of one
                return self._take_all((name, one) for one in values)
            case str() if value == DONE:
                self._done = True
            case str() if name == "error":
                self.error = value
            case dict():
                return self._take_event(name, value)
            case _:
                return False
        return True

    def _take_event(self, name: str, event: dict[str, object]) -> bool:
        self._head |= {field: event[field] for field in ("id", "model") if event.get(field)}
        self._usage = usage_in(event) or self._usage
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if reported := error_in(name, event):
            self.error = reported
        elif isinstance(choice, dict):
            self._take_choice(choice)
        self._counted = self._ended and (self._counted or usage_in(event) is not None)
        return self.error is not None or isinstance(choices, list)

    def _take_choice(self, choice: dict[str, object]) -> None:
        delta, message = choice.get("delta"), choice.get("message")
        added = False
        if isinstance(delta, dict):
            self.has_choice = self._has_deltas = True
            added = self._add(delta, text_of(delta.get("content")))
        elif isinstance(message, dict):
            self.has_choice = True
            added = self._add(message, self._new_in(text_of(message.get("content"))))
            self._in_one_piece = True
        if failed := failure_in(choice):
            self.error = failed
        elif reason := finish_reason_of(choice):
            self._finish_reason, self._ended = reason, not added

    def _new_in(self, whole: str) -> str:
        """Return what a whole message adds: some servers repeat the text so far in each event, or all of it at last."""
        so_far = "".join(self._texts)
        if self._has_deltas and not whole.startswith(so_far):
            return ""
        return whole.removeprefix(so_far)

    def _add(self, message: dict[str, object], text: str) -> bool:
        """Add the content of a message or of a piece of one, and say whether there was any."""
        refusal, (field, thoughts), tools = refusal_of(message), reasoning_of(message), called_tools(message)
        if not (text or refusal or thoughts or tools):
            return False
        self._went_on = self._went_on or self.has_finish_reason
        self._ended = self._done = self._in_one_piece = False
        if text:
            self._texts.append(text)
            self._on_chunk(text)
        if refusal:
            self._refusals.append(refusal)
        if thoughts:
            self._thoughts.append(thoughts)
            self._thoughts_field = self._thoughts_field or field
        self._tools += [tool for tool in tools if tool]
        return True


def _paired(text: str) -> str:
    """Join surrogates that came in different pieces, and replace those that have no partner."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
