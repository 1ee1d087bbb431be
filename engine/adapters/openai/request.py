"""What is sent with a call, and what is left out once a server has refused it.

`max_completion_tokens` bounds the answer (`max_tokens` where a server knows only that), by the time and the tokens that are left. Temperature
and seed are not sent: reasoning models refuse the one, and the other promises nothing
(https://developers.openai.com/api/docs/guides/reasoning). The answer is asked for as a stream, so that what has come is there when the time is
over; with it the tokens, which a stream else leaves out (https://developers.openai.com/api/reference/resources/chat/subresources/completions/methods/create).

A JSON Schema goes as `response_format` (https://developers.openai.com/api/docs/guides/structured-outputs). Where a server refuses it, nothing
takes its place: the older `{"type": "json_object"}` does not know the schema, is itself refused by some (LM Studio), and leads to empty answers
with others (DeepSeek, https://api-docs.deepseek.com/guides/json_mode); the prompt asks for JSON anyway.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai.types.chat import ChatCompletionContentPartParam, ChatCompletionMessageParam

    from engine.adapters.openai.fault import Fault
    from engine.domain.model_call import Image, Message, ModelParameters

#: The longest answer that is asked for, in tokens, with what a reasoning model thinks before it: a page and a README are about 6,000.
LONGEST_ANSWER = 32_000

#: What the quickest models write in a second, in tokens: more than this could not arrive in time.
QUICKEST = 250

IMAGES = "images"
SCHEMA = "response_format"
_SCHEMA_NAME = "plan"
_STREAMING: Mapping[str, object] = MappingProxyType({"stream": True, "stream_options": {"include_usage": True}})
_MAY_REFUSE = frozenset({400, 404, 415, 422, 500})
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unknown|unrecognized|unexpected|not permitted|extra inputs|not allowed|use '?max",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"image|vision|multi-?modal|content (?:must|should) be a string", re.IGNORECASE)
_BLIND = re.compile(
    r"support|multi-?modal|vision|unknown variant|unexpected|at most 0|must be a string|should be a string|provide the mmproj",
    re.IGNORECASE,
)

#: A refusal of the schema, in words: Ollama sends it with the status 500, OpenRouter with 502 where it comes from the server behind.
_MAY_REFUSE_SCHEMA = _MAY_REFUSE | {502}
_ABOUT_SCHEMA = re.compile(r"response[_ ](?:format|schema)|json[_ ]schema|structured[_ ]output|grammar", re.IGNORECASE)
_AT_MOST = re.compile(r"(?:at most|less than or equal to|<=|maximum (?:value )?(?:of|is)) (\d{3,7})\b", re.IGNORECASE)
_CONTEXT = re.compile(r"context[ _](?:length|window|size)|is too large", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """What a server would not take: `part` is a parameter or `images`, `why` its code, `taken` a number that it would take instead."""

    part: str
    why: str
    taken: int | None = None
    for_ever: bool = True  # False: it was this picture, not pictures


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it is to be sent: what the profile allows, less what was refused in this very call."""

    messages: Sequence[Message]
    profile: ModelParameters
    tokens: int
    extra: Mapping[str, object]
    schema: Mapping[str, object] | None = None
    refused: tuple[Refused, ...] = field(default_factory=tuple)

    @classmethod
    def planned(
        cls,
        messages: Sequence[Message],
        profile: ModelParameters,
        *,
        seconds: float,
        tokens: int | None,
        extra: Mapping[str, object],
        schema: Mapping[str, object] | None = None,
    ) -> Request:
        """Return the request, its answer sized by the `seconds` and the `tokens` that are left."""
        longest = min(LONGEST_ANSWER, int(seconds * QUICKEST), LONGEST_ANSWER if tokens is None else tokens)
        return cls(messages, profile, max(longest, 1), extra, schema)

    @property
    def images_go(self) -> bool:
        tried = self.profile.images is not False and all(one.part != IMAGES for one in self.refused)
        return tried and any(one.images for one in self.messages)

    @property
    def schema_goes(self) -> bool:
        return self.schema is not None and SCHEMA not in self.profile.dropped

    @property
    def parameters(self) -> dict[str, object]:
        """Return what is sent beside model and messages."""
        dropped = self.profile.dropped
        if "stream" in dropped:
            dropped |= _STREAMING.keys()
        sent = {name: value for name, value in self._wanted.items() if name not in dropped}
        if self.profile.length_parameter:
            sent[self.profile.length_parameter] = min(self.tokens, self.profile.longest_answer or self.tokens)
        return sent

    @property
    def record(self) -> dict[str, object]:
        """Return what the attempt's row keeps: what was sent, what was left out and why."""
        left_out = dict.fromkeys(sorted(self.profile.dropped & self._wanted.keys()), "refused before")
        if self.profile.images is False and any(one.images for one in self.messages):
            left_out[IMAGES] = "refused before"
        left_out |= {one.part: one.why for one in self.refused}
        shown: dict[str, object] = {IMAGES: sum(len(one.images) for one in self.messages)} if self.images_go else {}
        if self.schema_goes:
            digest = hashlib.sha256(json.dumps(self.schema, sort_keys=True).encode()).hexdigest()
            shown[SCHEMA] = {"type": "json_schema", "name": _SCHEMA_NAME, "sha256": digest[:12]}
        return {**self.parameters, **shown, **({"dropped": left_out} if left_out else {})}

    @property
    def _wanted(self) -> dict[str, object]:
        """Return what a server gets that has refused nothing yet, beside the bound of the answer."""
        wanted = {**_STREAMING, **self.extra}
        if self.schema is not None:
            schema = {"name": _SCHEMA_NAME, "strict": True, "schema": self.schema}
            wanted[SCHEMA] = {"type": "json_schema", "json_schema": schema}
        return wanted

    @property
    def body(self) -> list[ChatCompletionMessageParam]:
        """Return the messages as the SDK takes them."""
        return [_as_parameter(one, with_images=self.images_go) for one in self.messages]

    def without(self, refused: Refused) -> Request:
        """Return the request less what was refused, with a profile that says so."""
        known = self.profile
        if refused.part == IMAGES:
            known = replace(known, images=False) if refused.for_ever else known
        elif refused.taken:
            known = replace(known, longest_answer=refused.taken)
        elif refused.part == known.length_parameter:
            other = refused.part == "max_completion_tokens" and refused.why != "value"
            known = replace(known, length_parameter="max_tokens" if other else "")
        else:
            known = replace(known, dropped=known.dropped | {refused.part})
        return replace(self, profile=known, refused=(*self.refused, refused))

    def part_refused(self, fault: Fault) -> Refused | None:
        """Return which part of this request the server refused, None where it says nothing of the kind."""
        complaint = f"{fault.param} {fault.text}"
        if self.schema_goes and fault.status in _MAY_REFUSE_SCHEMA and _ABOUT_SCHEMA.search(complaint):
            return self.schema_refused(fault)
        if fault.status not in _MAY_REFUSE:
            return None
        if self.images_go and _IMAGE.search(complaint):
            return Refused(IMAGES, fault.code or "refused", for_ever=_BLIND.search(fault.text) is not None)
        if fault.status not in {400, 422}:
            return None
        named = (name for name in self.parameters if name == fault.param or re.search(rf"\b{name}\b", fault.text))
        name = next(named, None)
        if name == self.profile.length_parameter or (name is None and self._is_too_large(fault)):
            return self._about_tokens(fault)
        return Refused(name, fault.code or "refused") if name else None

    def schema_refused(self, fault: Fault) -> Refused | None:
        """Return the schema as what was refused, None where none was sent."""
        return Refused(SCHEMA, fault.code or "refused") if self.schema_goes else None

    def _is_too_large(self, fault: Fault) -> bool:
        """Servers that reserve the whole answer count it into the context (https://github.com/vllm-project/vllm/issues/20409)."""
        return bool(self.profile.length_parameter) and _CONTEXT.search(fault.text) is not None

    def _about_tokens(self, fault: Fault) -> Refused | None:
        part = self.profile.length_parameter
        if not part:
            return None
        if fault.code == "unsupported_parameter" or _NOT_TAKEN.search(fault.text):
            return Refused(part, fault.code or "unsupported_parameter")
        limit = _AT_MOST.search(fault.text)
        taken = int(limit[1]) if limit else 0
        return Refused(part, "value", taken if 0 < taken < self.tokens else None)


def _as_parameter(message: Message, *, with_images: bool) -> ChatCompletionMessageParam:
    match message.role:
        case "system":
            return {"role": "system", "content": message.content}
        case "assistant":
            return {"role": "assistant", "content": message.content}
        case "user":
            images = message.images if with_images else ()
            return {"role": "user", "content": _parts(message, images) if images else message.content}


def _parts(message: Message, images: Sequence[Image]) -> list[ChatCompletionContentPartParam]:
    parts: list[ChatCompletionContentPartParam] = [{"type": "text", "text": message.content}]
    for image in images:
        encoded = base64.b64encode(image.content).decode()
        parts.append({"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{encoded}"}})
    return parts
