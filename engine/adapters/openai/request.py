"""The parameters and messages of a call, and how a call changes after a server refused a part of it.

`max_completion_tokens`, or `max_tokens` for servers that know only that, bounds the answer by the remaining time and
tokens. We send no temperature, which reasoning models refuse, and no seed, which guarantees nothing
(https://developers.openai.com/api/docs/guides/reasoning). We ask for a stream, to have a partial answer at the
deadline, and for its usage, which a stream omits by default
(https://developers.openai.com/api/reference/resources/chat/subresources/completions/methods/create).

A JSON Schema is sent as `response_format` (https://developers.openai.com/api/docs/guides/structured-outputs). If a
server refuses it, we send no format: the older `{"type": "json_object"}` has no schema, LM Studio refuses it, and with
DeepSeek it leads to empty answers (https://api-docs.deepseek.com/guides/json_mode). The prompt asks for JSON anyway.
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

#: Most tokens of an answer, reasoning included. A page and a README are about 6,000.
LONGEST_ANSWER = 32_000

#: Tokens a second of the fastest models; a longer answer could not arrive in time.
QUICKEST = 250

IMAGES = "images"
SCHEMA = "response_format"
STREAM = "stream"
_SCHEMA_NAME = "plan"
_STREAMING: Mapping[str, object] = MappingProxyType({STREAM: True, "stream_options": {"include_usage": True}})
_MAY_REFUSE = frozenset({400, 404, 415, 422, 500})
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unknown|unrecognized|unexpected|not permitted|extra inputs|not allowed|use '?max",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"image|vision|multi-?modal|content (?:must|should) be a string", re.IGNORECASE)
_BLIND = re.compile(
    r"support|multi-?modal|vision|unknown variant|unexpected|at most 0|must be a string|should be a string|"
    r"provide the mmproj",
    re.IGNORECASE,
)

#: Ollama refuses a schema with the status 500; OpenRouter passes another server's refusal on with 502.
_MAY_REFUSE_SCHEMA = _MAY_REFUSE | {502}
_ABOUT_SCHEMA = re.compile(r"response[_ ](?:format|schema)|json[_ ]schema|structured[_ ]output|grammar", re.IGNORECASE)

#: A refusal within a stream has no status.
_MAY_REFUSE_STREAM = _MAY_REFUSE | {0, 405, 501, 502}
_ABOUT_STREAM = re.compile(
    r"\bstreaming\b.{0,60}(?:not (?:yet )?(?:supported|available|allowed|enabled|implemented)|unsupported|disabled)|"
    r"(?:not support|unsupported|disable).{0,60}\bstreaming\b",
    re.IGNORECASE,
)
_AT_MOST = re.compile(r"(?:at most|less than or equal to|<=|maximum (?:value )?(?:of|is)) (\d{3,7})\b", re.IGNORECASE)
_CONTEXT = re.compile(r"context[ _](?:length|window|size)|is too large", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """`part` is a parameter or `images`, `why` the server's code, `accepted` a number that the server accepts."""

    part: str
    why: str
    accepted: int | None = None
    for_ever: bool = True  # False: the server refused this picture, and may accept others


@dataclass(frozen=True, slots=True)
class Request:
    """A call: the parts that the profile allows, without those that the server refused during this call."""

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
        """Return the request, with its answer bounded by the remaining `seconds` and `tokens`."""
        longest = min(LONGEST_ANSWER, int(seconds * QUICKEST), LONGEST_ANSWER if tokens is None else tokens)
        return cls(messages, profile, max(longest, 1), extra, schema)

    @property
    def sends_images(self) -> bool:
        allowed = self.profile.images is not False and all(refused.part != IMAGES for refused in self.refused)
        return allowed and any(message.images for message in self.messages)

    @property
    def sends_schema(self) -> bool:
        return self.schema is not None and SCHEMA not in self.profile.dropped

    @property
    def parameters(self) -> dict[str, object]:
        """Return all parameters but model and messages."""
        dropped = self.profile.dropped
        if STREAM in dropped:
            dropped |= _STREAMING.keys()
        sent = {name: value for name, value in self._wanted.items() if name not in dropped}
        if self.profile.length_parameter:
            sent[self.profile.length_parameter] = min(self.tokens, self.profile.longest_answer or self.tokens)
        return sent

    @property
    def record(self) -> dict[str, object]:
        """Return the parameters for the attempt's row, and the omitted ones with the reasons."""
        left_out = dict.fromkeys(sorted(self.profile.dropped & self._wanted.keys()), "refused before")
        images = sum(len(message.images) for message in self.messages)
        if self.profile.images is False and images:
            left_out[IMAGES] = "refused before"
        left_out |= {refused.part: refused.why for refused in self.refused}
        shown: dict[str, object] = {IMAGES: images} if self.sends_images else {}
        if self.sends_schema:
            digest = hashlib.sha256(json.dumps(self.schema, sort_keys=True).encode()).hexdigest()
            shown[SCHEMA] = {"type": "json_schema", "name": _SCHEMA_NAME, "sha256": digest[:12]}
        return {**self.parameters, **shown, **({"dropped": left_out} if left_out else {})}

    @property
    def _wanted(self) -> dict[str, object]:
        """Return the parameters for a server that has refused none, without the bound of the answer."""
        wanted = {**_STREAMING, **self.extra}
        if self.schema is not None:
            schema = {"name": _SCHEMA_NAME, "strict": True, "schema": self.schema}
            wanted[SCHEMA] = {"type": "json_schema", "json_schema": schema}
        return wanted

    @property
    def body(self) -> list[ChatCompletionMessageParam]:
        """Return the messages in the SDK's types."""
        return [_as_parameter(message, with_images=self.sends_images) for message in self.messages]

    def without(self, refused: Refused) -> Request:
        """Return the request without the refused part, and with a profile that remembers the refusal."""
        profile = self.profile
        if refused.part == IMAGES:
            profile = replace(profile, images=False) if refused.for_ever else profile
        elif refused.accepted:
            profile = replace(profile, longest_answer=refused.accepted)
        elif refused.part == profile.length_parameter:
            other = refused.part == "max_completion_tokens" and refused.why != "value"
            profile = replace(profile, length_parameter="max_tokens" if other else "")
        else:
            profile = replace(profile, dropped=profile.dropped | {refused.part})
        return replace(self, profile=profile, refused=(*self.refused, refused))

    def part_refused(self, fault: Fault) -> Refused | None:
        """Return the part of this request that the server refused, None if the fault names none."""
        complaint = f"{fault.param} {fault.text}"
        if self.sends_schema and fault.status in _MAY_REFUSE_SCHEMA and _ABOUT_SCHEMA.search(complaint):
            return self.schema_refused(fault)
        if STREAM in self.parameters and fault.status in _MAY_REFUSE_STREAM and _ABOUT_STREAM.search(complaint):
            return Refused(STREAM, fault.code or "refused")
        if fault.status not in _MAY_REFUSE:
            return None
        if self.sends_images and _IMAGE.search(complaint):
            return Refused(IMAGES, fault.code or "refused", for_ever=_BLIND.search(fault.text) is not None)
        if fault.status not in {400, 422}:
            return None
        named = (name for name in self.parameters if name == fault.param or re.search(rf"\b{name}\b", fault.text))
        name = next(named, None)
        if name == self.profile.length_parameter or (name is None and self._is_too_large(fault)):
            return self._about_tokens(fault)
        return Refused(name, fault.code or "refused") if name else None

    def stream_unreadable(self) -> Refused | None:
        """Return the stream as the refused part, None if the request asks for none."""
        return Refused(STREAM, "unreadable") if STREAM in self.parameters else None

    def schema_refused(self, fault: Fault) -> Refused | None:
        """Return the schema as the refused part, None if the request has none."""
        return Refused(SCHEMA, fault.code or "refused") if self.sends_schema else None

    def _is_too_large(self, fault: Fault) -> bool:
        """Some servers count the longest answer into the context: https://github.com/vllm-project/vllm/issues/20409."""
        return bool(self.profile.length_parameter) and _CONTEXT.search(fault.text) is not None

    def _about_tokens(self, fault: Fault) -> Refused | None:
        part = self.profile.length_parameter
        if not part:
            return None
        if fault.code == "unsupported_parameter" or _NOT_TAKEN.search(fault.text):
            return Refused(part, fault.code or "unsupported_parameter")
        limit = _AT_MOST.search(fault.text)
        accepted = int(limit[1]) if limit else 0
        return Refused(part, "value", accepted if 0 < accepted < self.tokens else None)


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
