"""What the SDK's errors mean for a round: wait, close the model off, or give up. No sentence here quotes a server: it may echo the key."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import openai

from engine.errors import EngineError, OutOfService, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "402"})
_RETRYABLE = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})


def bad_answer(model: str, what: str) -> Permanent:
    """Return the error for an answer that is none; `what` came instead."""
    return Permanent("model_bad_answer", f"The server of the model {model} answered with {what}.")


def classified(error: object, model: str) -> EngineError:
    """Return the engine's error for an exception of the SDK, or for the error object of an answer with status 200."""
    match error:
        case openai.APITimeoutError():
            return Transient("model_timeout", f"The model {model} did not answer in time.")
        case openai.APIStatusError():
            return _by_status(error.status_code, str(error.code or ""), model, error.response.headers)
        case openai.APIConnectionError():
            return Transient("model_unreachable", f"The server of the model {model} could not be reached, or hung up.")
        case {"code": code, **_rest}:
            return _by_reported(str(code), model)
        case openai.OpenAIError() | ValueError() | TypeError():
            return bad_answer(model, "something that is no chat completion")
        case _:
            return bad_answer(model, "an error in place of an answer")


def _by_reported(code: str, model: str) -> EngineError:
    """Read an error in a 200: OpenRouter puts a status there (https://openrouter.ai/docs/api-reference/errors), others a word."""
    return _by_status(int(code) if code.isdecimal() else 0, code, model, {})


def _by_status(status: int, code: str, model: str, headers: Mapping[str, str]) -> EngineError:
    if status == HTTPStatus.PAYMENT_REQUIRED or code in _QUOTA_CODES:
        return OutOfService(
            "model_quota_spent",
            f"The quota for the model {model} is spent: top it up or set another key.",
            kind="model",
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return OutOfService(
            "model_key_refused",
            f"The server of the model {model} refused the key: {status}. Set LLM_API_KEY.",
            kind="model",
        )
    if status == HTTPStatus.NOT_FOUND:
        return Permanent("model_unknown", f"The server does not know the model {model}, or LLM_BASE_URL is wrong: 404.")
    if status in _RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient(
            "model_overloaded", f"The server of the model {model} asks to try later: {status}.", _retry_after(headers)
        )
    if status >= HTTPStatus.BAD_REQUEST:
        return Permanent(
            "model_refused_request", f"The server of the model {model} refused the request: {status}{_named(code)}."
        )
    return bad_answer(model, f"an error in place of an answer{_named(code)}")


def _named(code: str) -> str:
    """Return a server's own error code for the operator, only where it is a plain word."""
    return f" ({code})" if code.isidentifier() and len(code) <= 60 else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds: a number or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after), else None."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
