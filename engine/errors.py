"""What can go wrong, sorted by what to do about it.

    EngineError                 code, message: a sentence that an operator can act on, never a secret
      Transient                 try again later; retry_after in seconds where the other side named it
        RateLimited                   not now but at a known time: the pace of a service's limits, and no failure of anybody
        OutOfService            nothing of this kind ("model", "forge") will work for now: opens that kind's breaker
      Permanent                 trying the same again cannot help
        BadReply                the model's answer holds no usable page
      LeaseLost                    someone else drives this round by now: stop, touch nothing

Adapters translate foreign exceptions into these at their edge; nothing above an adapter catches a library's exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from engine.domain.model_call import Reply


class EngineError(Exception):
    """An expected failure. `code` is stable and short (`model_timeout`), `message` a sentence for the operator.

    `reply` is what a model's server sent all the same, for the record: tokens that were spent, parameters, the request's id.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.reply: Reply | None = None


class Transient(EngineError):
    """May work later. `retry_after` is in seconds, None where nobody named a time."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """Allowed in `retry_after` seconds, for sure not before: waiting for it is no failure and no reason to call anyone."""


class OutOfService(Transient):
    """A refused credential, a spent budget, an exhausted limit: calls of `kind` ("model" or "forge") are blocked.

    They are until `until`; where that is None, until a person or a new start closes the breaker.
    """

    def __init__(self, code: str, message: str, *, kind: str, until: datetime | None = None) -> None:
        super().__init__(code, message)
        self.kind = kind
        self.until = until


class Permanent(EngineError):
    """Trying the same again cannot help."""


class BadReply(Permanent):
    """The model answered, but its answer holds no usable page."""


class LeaseLost(EngineError):
    """The lease of this round is someone else's by now. Whoever sees this stops at once and changes nothing."""

    def __init__(self) -> None:
        super().__init__("fenced", "another process drives this round by now")
