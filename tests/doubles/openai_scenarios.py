"""What a server that speaks Chat Completions may answer, well or badly, by name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def completion(text: object, *, finish_reason: str | None = "stop", **message: object) -> dict[str, Any]:
    """Return the body of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "double-1",
        "choices": [
            {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 3},
            "cost": 0.0125,
        },
    }


@dataclass(frozen=True)
class Scenario:
    """One scripted answer.

    `hang`: nothing ever comes; `drip`: the body comes a byte at a time, or an event where it is a stream, so many
    seconds apart; `cut`: the connection is lost halfway, in a stream when all text has come and not the end; `stalls`:
    there nothing more comes; `lingers`: when all has come the connection stays open, without the line that ends a
    stream. `pieces`: what a request for a stream is answered with, as it goes over the line, one after the other.
    """

    body: object = None
    pieces: tuple[bytes, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: float = 0
    cut: bool = False
    stalls: bool = False
    lingers: bool = False

    def payload(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def _error(code: str | int | None, message: str = "no", **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": "error", "param": None, "code": code, **more}}


def models(*names: str) -> dict[str, Any]:
    """Return the body of a list of models."""
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


SCENARIOS: dict[str, Scenario] = {
    "ok": Scenario(completion("hello")),
    "no usage": Scenario({**completion("hello"), "usage": None}),
    "truncated": Scenario(completion("=== b file index.html\n<html>", finish_reason="length")),
    "refusal": Scenario(completion(None, refusal="I will not.")),
    "null content": Scenario(completion(None)),
    "html": Scenario("<!doctype html><title>Gateway</title>", headers={"Content-Type": "text/html"}),
    "not json": Scenario('{"id": "chatcmpl', headers={"Content-Type": "application/json"}),
    "null choices": Scenario({**completion(""), "choices": None}),
    "no choices": Scenario({**completion(""), "choices": []}),
    "null message": Scenario({**completion(""), "choices": [{"index": 0, "finish_reason": "stop", "message": None}]}),
    "error in 200": Scenario(_error("odd_thing")),
    "overload in 200": Scenario(_error(502)),
    "quota in 200": Scenario(_error("insufficient_quota")),
    "bad request": Scenario(_error("odd_request"), status=400),
    "sentence in 200": Scenario({"error": "the model is overloaded, try again"}),
    "error in a choice": Scenario(
        {
            **completion(None),
            "choices": [
                {"index": 0, "finish_reason": "error", "message": {"role": "assistant", "content": ""}, **_error(502)}
            ],
        }
    ),
    "text in parts": Scenario(completion([{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}])),
    "filtered": Scenario(completion("half a pa", finish_reason="content_filter")),
    "no finish reason": Scenario(completion("hello", finish_reason=None)),
    "filtered prompt": Scenario(_error("content_filter", "The response was filtered."), status=400),
    "flagged prompt": Scenario(_error(403, "Your input was flagged", metadata={"reasons": ["violence"]}), status=403),
    "forbidden model": Scenario(_error("model_not_found", "Project has no access to model"), status=403),
    "no model by sentence": Scenario(_error(400, "double-9 is not a valid model ID"), status=400),
    "long prompt": Scenario(
        _error("context_length_exceeded", "This model's maximum context length is 8 tokens."), status=400
    ),
    "long prompt, llama.cpp": Scenario(
        _error(400, "the request exceeds the available context size", type="exceed_context_size_error"), status=400
    ),
    "too large": Scenario("too large", status=413),
    "too large for a minute": Scenario(
        _error("rate_limit_exceeded", "Request too large for double-1: Limit 30000"), status=429
    ),
    "AI Pipe's budget": Scenario({"message": "Usage $0.2 / $0.2 in 7 days"}, status=429),
    "Gemini's key": Scenario(_error("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), status=400),
    "Gemini's key, in a list": Scenario([_error(400, "API key not valid. Please pass a valid API key.")], status=400),
    "overloaded": Scenario(_error("overloaded_error"), status=529),
    "rate limit of an hour": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "3600"}),
    "rate limit of ages": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "1e300"}),
    "rate limit of nonsense": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "nan"}),
    "refused key": Scenario(_error("invalid_api_key", "Incorrect API key provided: sk-double-secret"), status=401),
    "forbidden": Scenario(_error("forbidden"), status=403),
    "unpaid": Scenario(_error("payment_required"), status=402),
    "unknown model": Scenario(_error("model_not_found"), status=404),
    "conflict": Scenario(_error("conflict"), status=409),
    "rate limit": Scenario(_error("rate_limit_exceeded"), status=429, headers={"Retry-After": "7"}),
    "rate limit without time": Scenario(_error("rate_limit_exceeded"), status=429),
    "quota": Scenario(_error("insufficient_quota"), status=429, headers={"Retry-After": "7"}),
    "server error": Scenario(_error("server_error"), status=500),
    "hang": Scenario(hang=True),
    "slow drip": Scenario(completion("hello " * 99), drip=0.05),
    "open end": Scenario(completion("hello"), lingers=True),
    "hang-up": Scenario(completion(None), cut=True),
    "hang-up on the way": Scenario(completion("hello to"), cut=True),
    "error on the way": Scenario([completion("hello to"), _error(502)]),
}


def _gemini(message: str) -> Scenario:
    return Scenario([{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}], status=400)


_VLLM = "The provided JSON schema contains features not supported by xgrammar."

#: How servers refuse a JSON Schema in `response_format`, in their own words: the parameter, this model's or this
#: schema's.
SCHEMA_REFUSALS: dict[str, Scenario] = {
    "OpenAI, the model": Scenario(
        _error(
            None,
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more "
            "about supported models at the Structured Outputs guide: "
            "https://platform.openai.com/docs/guides/structured-outputs",
        ),
        status=400,
    ),
    "OpenAI, the schema": Scenario(
        _error(
            None,
            "Invalid schema for response_format 'plan': In context=('properties', 'files', 'items'), 'required' is "
            "required to be supplied and to be an array including every key in properties. Missing 'path'.",
            param="response_format",
        ),
        status=400,
    ),
    "Anthropic": Scenario(
        _error(
            None,
            "The compiled grammar is too large, which would cause performance issues. Simplify your tool schemas or "
            "reduce the number of strict tools.",
        ),
        status=400,
    ),
    "DeepSeek": Scenario(_error("invalid_request_error", "This response_format type is unavailable now"), status=400),
    "DeepSeek, earlier": Scenario(
        _error(
            "invalid_request_error",
            "Failed to deserialize the JSON body into the target type: response_format: response_format.type "
            "`json_schema` is unavailable now at line 1 column 12440",
        ),
        status=422,
    ),
    "Groq, the model": Scenario(_error(None, "This model does not support response format `json_schema`."), status=400),
    "Groq, the parameter": Scenario(
        _error(None, "'response_format.type' : value is not one of the allowed values ['text','json_object']"),
        status=400,
    ),
    "Groq, the schema": Scenario(
        _error(
            None, "invalid schema for response format: response_format/json_schema/files: minItems is not supported"
        ),
        status=400,
    ),
    "Groq, with a stream": Scenario(_error(None, "response_format` does not support streaming"), status=400),
    "Groq, the answer": Scenario(
        _error("json_validate_failed", "Failed to generate JSON. Please adjust your prompt."), status=400
    ),
    "Gemini, a keyword": _gemini(
        "Invalid JSON payload received. Unknown name \"additionalProperties\" at 'generation_config.response_schema': "
        "Cannot find field."
    ),
    "Gemini, the size": _gemini("The specified schema produces a constraint that has too many states for serving."),
    "Gemini, without a reason": _gemini("Request contains an invalid argument."),
    "llama.cpp, the schema": Scenario(
        _error(400, 'JSON schema conversion failed:\nUnrecognized schema: {"type":"float"}'), status=400
    ),
    "llama.cpp, the grammar": Scenario(
        _error(400, "Failed to initialize samplers: failed to parse grammar"), status=400
    ),
    "ik_llama.cpp": Scenario(
        _error(500, 'response_format type must be one of "text" or "json_object", but got: json_schema'), status=500
    ),
    "Ollama": Scenario(_error(None, "invalid JSON schema in format", type="api_error"), status=500),
    "vLLM": Scenario(_error(400, _VLLM, type="BadRequestError"), status=400),
    "vLLM, in a stream": Scenario(_error(400, _VLLM, type="BadRequestError")),
    "OpenRouter, in a stream": Scenario(_error(502, f"Upstream error from Nvidia: ValueError: {_VLLM}")),
    "Azure": Scenario(_error(None, "structured_outputs not supported in your workspace"), status=400),
    "a validator": Scenario(
        {
            "detail": [
                {"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}
            ]
        },
        status=422,
    ),
}
