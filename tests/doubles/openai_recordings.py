"""Streams in the manner of the servers that speak Chat Completions, each written after the source that it names.

Nothing is copied: ids, texts and figures are ours. `SAID` is the text of each, `THOUGHT` what it thinks before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.doubles.openai_scenarios import Scenario

SAID = "<h1>Wörld 🌍</h1>\nready\n"
THOUGHT = "A heading, then a word."
_PIECES = ("<h1>Wör", "ld 🌍</h1>", "\nready\n")
_THOUGHTS = ("A heading, ", "then a word.")


@dataclass(frozen=True)
class Recording:
    """A stream and what it says: tokens are those of prompt, cache, answer and thoughts."""

    source: str
    pieces: tuple[bytes, ...]
    model: str
    tokens: tuple[int | None, int | None, int | None, int | None]
    finish_reason: str = "stop"
    reasoning: str = ""
    text: str = SAID
    media_type: str = "text/event-stream"

    @property
    def scenario(self) -> Scenario:
        return Scenario(pieces=self.pieces, headers={"Content-Type": self.media_type})


def data(value: object, *, ascii_only: bool = False) -> bytes:
    """Return an event as most servers write it."""
    return f"data: {json.dumps(value, ensure_ascii=ascii_only)}\n\n".encode()


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **head: object) -> dict[str, Any]:
    """Return a chunk with one choice; what `head` names is added, or replaced."""
    choice = {"index": 0, **({} if delta is None else {"delta": delta}), "logprobs": None, "finish_reason": finish}
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **head}


DONE = b"data: [DONE]\n\n"
COUNTED = {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52}
#: An ordinary stream, without tokens.
TEXT = tuple(data(chunk({"content": piece})) for piece in _PIECES)
PLAIN = (data(chunk({"role": "assistant", "content": ""})), *TEXT, data(chunk({}, "stop")), DONE)


def _openai() -> tuple[bytes, ...]:
    head = {"model": "gpt-9-mini-2026-01-01", "service_tier": "default", "system_fingerprint": "fp_1", "usage": None}
    deltas = ({"role": "assistant", "content": "", "refusal": None}, *({"content": piece} for piece in _PIECES))
    details = {"prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 5}}
    return (
        *(data(chunk(delta, **head, obfuscation="x7")) for delta in deltas),
        data(chunk({}, "stop", **head)),
        data({**chunk({}), **head, "choices": [], "usage": COUNTED | details}),
        DONE,
    )


def _azure() -> tuple[bytes, ...]:
    safe = {"hate": {"filtered": False, "severity": "safe"}}
    filtered = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
    offsets = {"index": 0, "finish_reason": None, "content_filter_results": safe, "content_filter_offsets": {"end": 9}}
    texts = (chunk({"content": piece}, model="gpt-9") for piece in _PIECES)
    return (
        data({**filtered, "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": safe}]}),
        data(chunk({"role": "assistant", "content": ""}, model="gpt-9")),
        *map(data, texts),
        data({**filtered, "choices": [offsets]}),
        data(chunk({}, "stop", model="gpt-9")),
        data({**filtered, "choices": [{**offsets, "content_filter_offsets": {"end": 24}}]}),
        data({**chunk({}, model="gpt-9"), "choices": [], "usage": COUNTED}),
        DONE,
    )


def _openrouter() -> tuple[bytes, ...]:
    wait = b": OPENROUTER PROCESSING\n\n"
    head = {"provider": "Somebody", "model": "somebody/large"}
    thoughts = (
        {"role": "assistant", "content": "", "reasoning": one, "reasoning_details": [{"text": one}]}
        for one in _THOUGHTS
    )
    texts = ({"role": "assistant", "content": piece} for piece in _PIECES)
    return (
        wait,
        wait,
        *(data(chunk(delta, **head)) for delta in thoughts),
        wait,
        *(data(chunk(delta, **head)) for delta in texts),
        data(chunk({"role": "assistant", "content": ""}, "stop", **head)),
        data({**chunk({"role": "assistant", "content": ""}, **head), "usage": {**COUNTED, "cost": 0.002}}),
        DONE,
    )


def _groq() -> tuple[bytes, ...]:
    return (
        data(chunk({"role": "assistant", "content": ""}, x_groq={"id": "req_1"})),
        *(data(chunk({"reasoning": one, "channel": "analysis"})) for one in _THOUGHTS),
        *TEXT,
        data(chunk({}, "stop", x_groq={"id": "req_1", "usage": {**COUNTED, "queue_time": 0.01, "total_time": 0.02}})),
        DONE,
    )


def _mistral() -> tuple[bytes, ...]:
    *first, last = _PIECES
    thoughts = ([{"type": "thinking", "thinking": [{"type": "text", "text": one}]}] for one in _THOUGHTS)
    return (
        data(chunk({"role": "assistant", "content": ""})),
        *(data(chunk({"content": parts})) for parts in thoughts),
        *(data(chunk({"content": [{"type": "text", "text": piece}]})) for piece in first),
        data(chunk({"content": last}, "stop", usage=COUNTED)),
        DONE,
    )


def _gemini() -> tuple[bytes, ...]:
    *first, last = _PIECES
    return (
        *(data(chunk({"role": "assistant", "content": piece}, usage=COUNTED | {"completion_tokens": 3}),
               ascii_only=True) for piece in first),
        data(chunk({"role": "assistant", "content": last}, "stop", usage=COUNTED), ascii_only=True),
        DONE,
    )  # fmt: skip


def _anthropic() -> tuple[bytes, ...]:
    head = {"id": "msg_1", "model": "claude-9", "system_fingerprint": None, "service_tier": None}
    return (
        data(chunk({"role": "assistant", "content": ""}, **head)),
        b'event: ping\ndata: {"type": "ping"}\n\n',
        *(data(chunk({"content": piece}, **head)) for piece in _PIECES),
        b"event: ping\n\n",
        data(chunk({}, "stop", **head)),
        data({**chunk({}, **head), "choices": [], "usage": {**COUNTED, "completion_tokens_details": None}}),
        DONE,
    )


def _ollama() -> tuple[bytes, ...]:
    head = {"model": "small:latest", "system_fingerprint": "fp_ollama"}
    thoughts = ({"role": "assistant", "content": "", "reasoning": one} for one in _THOUGHTS)
    texts = ({"role": "assistant", "content": piece} for piece in _PIECES)
    return (
        *(data(chunk(delta, "", **head)) for delta in (*thoughts, *texts)),
        data(chunk({"role": "assistant", "content": ""}, "stop", **head)),
        data({**chunk({}, **head), "choices": [], "usage": COUNTED}),
        DONE,
    )


def _vllm(*, said: str = "content") -> tuple[bytes, ...]:
    """`said` is the field with the answer: a parser of thoughts may take all of it for one."""
    *first, last = _PIECES
    thoughts = [{"reasoning": one} for one in _THOUGHTS] if said == "content" else []
    deltas = ({"role": "assistant", "content": ""}, *thoughts, *({said: piece} for piece in first))
    sums = (COUNTED | {"completion_tokens": number} for number in range(9))  # continuous_usage_stats
    return (
        *(data(chunk(delta, usage=usage)) for delta, usage in zip(deltas, sums, strict=False)),
        data(chunk({said: last}, "stop", usage=COUNTED)),
        data({**chunk({}), "choices": [], "usage": COUNTED}),
        DONE,
    )


def _llama_cpp() -> tuple[bytes, ...]:
    timings = {"prompt_n": 40, "predicted_n": 12, "predicted_per_second": 61.5}
    thoughts = ({"reasoning_content": one} for one in _THOUGHTS)
    return (
        data(chunk({"role": "assistant", "content": None})),
        *(data(chunk(delta, timings=timings)) for delta in thoughts),
        *TEXT,
        data(chunk({}, "stop", timings=timings)),
        data({**chunk({}), "choices": [], "usage": COUNTED, "timings": timings}),
        b"data: [DONE]",  # without its end
    )


def _lm_studio(*, said: str = "content") -> tuple[bytes, ...]:
    head = {"model": "local-9b", "system_fingerprint": "local-9b"}
    return (
        *(data(chunk({"role": "assistant", said: piece}, **head)) for piece in _PIECES),
        data(chunk({}, "stop", **head)),
        data({**chunk({}, **head), "choices": [], "usage": COUNTED}),
        DONE,
    )


def _deepseek() -> tuple[bytes, ...]:
    *thoughts, last = (*_THOUGHTS, "")
    deltas = (
        *({"content": None, "reasoning_content": one} for one in thoughts),
        *({"content": piece, "reasoning_content": None} for piece in _PIECES),
    )
    return (
        b": keep-alive\n\n: keep-alive\n\n",
        *(data(chunk(delta)) for delta in deltas),
        data(chunk({"content": last, "reasoning_content": None}, "stop", usage=COUNTED)),
        DONE,
    )


def _ends_everywhere() -> tuple[bytes, ...]:
    deltas = (*({"reasoning_content": one} for one in _THOUGHTS), *({"content": piece} for piece in _PIECES))
    return (*(data(chunk(delta, "stop")) for delta in deltas), DONE)


def _indented() -> tuple[bytes, ...]:
    """Write each chunk in several lines, only the first of them after `data:`."""
    values = (*(chunk({"content": piece}) for piece in _PIECES), chunk({}, "stop", usage=COUNTED))
    return (*(f"data: {json.dumps(value, indent=4)}\n\n".encode() for value in values), DONE)


_TOKENS = (40, None, 12, None)
_NOT_COUNTED = (None, None, None, None)

RECORDINGS: dict[str, Recording] = {
    "OpenAI": Recording(
        "https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events",
        _openai(),
        "gpt-9-mini-2026-01-01",
        (40, 8, 12, 5),
    ),
    "Azure OpenAI": Recording(
        "https://learn.microsoft.com/en-gb/azure/foundry/openai/concepts/content-streaming", _azure(), "gpt-9", _TOKENS
    ),
    "OpenRouter": Recording(
        "https://openrouter.ai/docs/api-reference/streaming, https://github.com/huggingface/responses.js/pull/19",
        _openrouter(),
        "somebody/large",
        _TOKENS,
        reasoning=THOUGHT,
    ),
    "Groq": Recording("https://github.com/vercel/ai/issues/1651", _groq(), "m", _TOKENS, reasoning=THOUGHT),
    "Mistral": Recording(
        "https://github.com/jeremychone/rust-genai/pull/164, "
        "https://github.com/braintrustdata/braintrust-sdk-javascript/issues/1857",
        _mistral(),
        "m",
        _TOKENS,
        reasoning=THOUGHT,
    ),
    "Gemini's compatible endpoint": Recording(
        "https://github.com/envoyproxy/ai-gateway/pull/2107, https://github.com/jakobdylanc/llmcord/issues/84",
        _gemini(),
        "m",
        _TOKENS,
    ),
    "Anthropic's compatible endpoint": Recording(
        "https://platform.claude.com/docs/en/api/openai-sdk, https://github.com/mlflow/mlflow/pull/11195",
        _anthropic(),
        "claude-9",
        _TOKENS,
    ),
    "Ollama": Recording(
        "https://github.com/ollama/ollama/issues/4357, https://github.com/QwenLM/Qwen-Agent/pull/843",
        _ollama(),
        "small:latest",
        _TOKENS,
        reasoning=THOUGHT,
    ),
    "vLLM": Recording(
        "https://github.com/BerriAI/litellm/issues/20246, https://github.com/vllm-project/vllm/pull/36944",
        _vllm(),
        "m",
        _TOKENS,
        reasoning=THOUGHT,
    ),
    "vLLM, the answer among the thoughts": Recording(
        "https://github.com/vllm-project/vllm/issues/40816", _vllm(said="reasoning"), "m", _TOKENS
    ),
    "llama.cpp": Recording(
        "https://github.com/ggml-org/llama.cpp/pull/15444, https://github.com/openai-php/client/issues/780, "
        "https://github.com/darshi1337/apogee/pull/139",
        _llama_cpp(),
        "m",
        _TOKENS,
        reasoning=THOUGHT,
    ),
    "LM Studio": Recording(
        "https://github.com/lmstudio-ai/lmstudio-js/issues/320", _lm_studio(), "local-9b", _TOKENS
    ),
    "LM Studio, the answer among the thoughts": Recording(
        "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/378",
        _lm_studio(said="reasoning_content"),
        "local-9b",
        _TOKENS,
    ),
    "DeepSeek": Recording(
        "https://share.apidog.com/apidoc/docs-site/747793/rate-limit-835830m0",
        _deepseek(),
        "m",
        _TOKENS,
        reasoning=THOUGHT,
    ),
    "a gateway that ends every chunk": Recording(
        "https://github.com/su-kaka/gcli2api/issues/403, https://github.com/BerriAI/litellm/issues/2195",
        _ends_everywhere(),
        "m",
        _NOT_COUNTED,
        reasoning=THOUGHT,
    ),
    "a gateway that indents": Recording(
        "https://github.com/QuantumNous/new-api/issues/378", _indented(), "m", _TOKENS
    ),
}  # fmt: skip
