"""Translates a model server's errors into engine errors. No message quotes the server, because it may echo the key.

| error | becomes |
| --- | --- |
| 408, 409, 429, 5xx, no connection, a timeout, or one of these in a 200 | Transient: wait or try the next model |
| 402, a spent quota (also 429 of OpenAI, AI Pipe's "Usage $1 / $1") | OutOfService model_quota_spent: the next model |
| 401, 403 | OutOfService model_key_refused: stop, since every model has the same key |
| 404, an unknown model | Permanent model_unknown: the next model |
| 413, a prompt beyond the context | Permanent model_prompt_too_long: the next model |
| a content filter | Permanent model_filtered: the next model |
| HTML, no choices, anything else | Permanent: the next model |
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import openai

from engine.adapters.openai.fault import Fault
from engine.domain.http import retry_after
from engine.errors import EngineError, OutOfService, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A longer Retry-After is a mistake, and adding it to a date could overflow.
LONGEST_RETRY_AFTER = 7 * 86_400.0

_QUOTA = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "payment_required",
        "insufficient_credits",
    }
)
_QUOTA_WORDS = re.compile(r"insufficient (?:credits?|balance|funds|quota)|^usage \$", re.IGNORECASE)
_KEY = frozenset({"invalid_api_key", "invalid_authentication", "authentication_error", "permission_denied"})
_KEY_WORDS = re.compile(r"api key not valid|(?:invalid|incorrect) api[ _]key", re.IGNORECASE)
_LONG = frozenset(
    {"context_length_exceeded", "string_above_max_length", "exceed_context_size_error", "request_too_large"}
)
_LONG_WORDS = re.compile(
    r"(?:maximum|exceeds? the|exceeds the available|available) context|context[ _](?:length|window|size)|"
    r"prompt is too long|request too large|too many (?:input )?tokens",
    re.IGNORECASE,
)
_FILTERED = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})
_FILTERED_WORDS = re.compile(r"content (?:management )?policy|moderation|was flagged|safety system", re.IGNORECASE)
_UNKNOWN = frozenset({"model_not_found", "invalid_model", "model_not_available"})
_UNKNOWN_WORDS = re.compile(
    r"is not a valid model|model .{0,200}(?:does not exist|not found)|no such model", re.IGNORECASE
)
_BUSY = frozenset(
    {
        "rate_limit_exceeded",
        "overloaded",
        "overloaded_error",
        "engine_overloaded",
        "server_error",
        "service_unavailable",
        "insufficient_system_resource",
        "timeout",
    }
)
_BUSY_WORDS = re.compile(r"overloaded|rate.?limit|try again|temporarily|at capacity|timed? ?out", re.IGNORECASE)
_RETRYABLE = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


def bad_answer(model: str, what: str) -> Permanent:
    """Return the error for an answer that is no chat completion but `what`."""
    return Permanent("model_bad_answer", f"The server of the model {model} answered with {what}.")


def classified(error: object, model: str) -> EngineError:
    """Return the engine error for an exception of the SDK, or for the error object in an answer with status 200."""
    match error:
        case openai.APITimeoutError():
            return Transient("model_timeout", f"The model {model} did not answer in time.")
        case openai.APIStatusError():
            return _by_fault(Fault.of(error), model, error.response.headers)
        case openai.APIConnectionError():
            return Transient("model_unreachable", f"The server of the model {model} could not be reached, or hung up.")
        case openai.OpenAIError() | ValueError() | TypeError():
            return bad_answer(model, "something that is no chat completion")
        case _:
            return _by_fault(Fault.in_answer(error), model, {})


def _by_fault(fault: Fault, model: str, headers: Mapping[str, str]) -> EngineError:
    for kind in (_spent, _refused_key, _about_the_prompt, _unknown, _busy):
        if found := kind(fault, model, headers):
            return found
    if fault.status >= HTTPStatus.BAD_REQUEST:
        status_text = f"{fault.status}{_code_in_brackets(fault.code)}"
        return Permanent(
            "model_refused_request", f"The server of the model {model} refused the request: {status_text}."
        )
    return bad_answer(model, f"an error in place of an answer{_code_in_brackets(fault.code)}")


def _spent(fault: Fault, model: str, _headers: Mapping[str, str]) -> EngineError | None:
    if fault.status != HTTPStatus.PAYMENT_REQUIRED and not fault.says(_QUOTA, _QUOTA_WORDS):
        return None
    sentence = f"The quota for the model {model} is spent: top it up or set another key."
    return OutOfService("model_quota_spent", sentence, kind="model")


def _refused_key(fault: Fault, model: str, _headers: Mapping[str, str]) -> EngineError | None:
    refused = fault.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if not refused and not (fault.is_client_error and fault.says(_KEY, _KEY_WORDS)):
        return None
    # OpenRouter also answers 403 for a moderated prompt, and OpenAI for a model outside of the project.
    if fault.status == HTTPStatus.FORBIDDEN and (found := _about_the_prompt(fault, model) or _by_name(fault, model)):
        return found
    sentence = (
        f"The server of the model {model} refused the key: {fault.status or 'an error in a 200'}. Set LLM_API_KEY."
    )
    return OutOfService("model_key_refused", sentence, kind="model")


def _about_the_prompt(fault: Fault, model: str, _headers: Mapping[str, str] | None = None) -> EngineError | None:
    if fault.says(_FILTERED, _FILTERED_WORDS):
        return Permanent("model_filtered", f"A content filter in front of the model {model} refused the prompt.")
    too_large = fault.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if too_large or fault.says(_LONG, _LONG_WORDS):
        return Permanent("model_prompt_too_long", f"The prompt is too long for the model {model}.")
    return None


def _by_name(fault: Fault, model: str) -> EngineError | None:
    if not fault.says(_UNKNOWN, _UNKNOWN_WORDS):
        return None
    return Permanent(
        "model_unknown", f"The server does not know the model {model}, or the key may not use it: {fault.status}."
    )


def _unknown(fault: Fault, model: str, _headers: Mapping[str, str]) -> EngineError | None:
    if fault.status == HTTPStatus.NOT_FOUND:
        return Permanent("model_unknown", f"The server does not know the model {model}, or LLM_BASE_URL is wrong: 404.")
    return _by_name(fault, model) if fault.is_client_error else None


def _busy(fault: Fault, model: str, headers: Mapping[str, str]) -> EngineError | None:
    by_status = fault.status in _RETRYABLE or fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if not by_status and (fault.status or not fault.says(_BUSY, _BUSY_WORDS)):
        return None
    when = f": {fault.status}" if fault.status else _code_in_brackets(fault.code)
    seconds = retry_after(headers, datetime.now(UTC))
    if seconds is not None:
        seconds = min(seconds, LONGEST_RETRY_AFTER)
    return Transient("model_overloaded", f"The server of the model {model} asks to try later{when}.", seconds)


def _code_in_brackets(code: str) -> str:
    """Return a server's error code in brackets if it is a plain word, else ""."""
    return f" ({code})" if code.isidentifier() and len(code) <= 60 else ""
