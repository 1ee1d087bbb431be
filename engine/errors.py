"""The engine's errors, by what the caller does about them.

    EngineError           code and message; the message is a sentence for an operator and never holds a secret
      Transient           try again later, after `retry_after` seconds if the other side named a time
        RateLimited       a rate limit allows the request at a known time; this is not a failure
        OutOfService      a kind of service ("model", "forge") is unavailable; its breaker opens
      Permanent           another try cannot help
        BadReply          the model's reply holds no usable page
      LeaseLost           another worker holds the round's lease; stop and change nothing

Adapters translate a library's exceptions into these errors. No code above an adapter catches a library's exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from engine.domain.model_call import Reply


class EngineError(Exception):
    """An expected failure. `code` is short and stable (`model_timeout`), `message` a sentence for the operator.

    `reply` is what the model's server sent in spite of the failure: used tokens, parameters, the request's id.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.reply: Reply | None = None


class Transient(EngineError):
    """Another try may succeed. `retry_after` is in seconds; None if nobody named a time."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """A rate limit allows the request in `retry_after` seconds, not before. Waiting for it needs no operator."""


class OutOfService(Transient):
    """Calls of `kind` ("model" or "forge") are blocked: a refused credential, a spent budget, an exhausted limit.

    They are blocked until `until`, or, if it is None, until an operator or a new start closes the breaker.
    """

    def __init__(self, code: str, message: str, *, kind: str, until: datetime | None = None) -> None:
        super().__init__(code, message)
        self.kind = kind
        self.until = until


class Permanent(EngineError):
    """Another try cannot help."""


class BadReply(Permanent):
    """The model replied without a usable page."""


class LeaseLost(EngineError):
    """Another worker holds the round's lease. The code that catches this stops and changes nothing."""

    def __init__(self) -> None:
        super().__init__("lease_lost", "another process drives this round by now")
