"""Parses a model server's error, in OpenAI's format or another."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Collection

    import openai

#: Characters of a server's text that are searched. Some servers echo the whole prompt.
_MOST_READ = 2_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A server's error: `status` is 0 and `code` and `param` are "" if unknown. `text` must not be shown to anybody."""

    status: int
    code: str
    param: str
    text: str

    @classmethod
    def of(cls, error: openai.APIStatusError) -> Fault:
        fault = _fault_in(error.body)
        return cls(error.status_code, fault.code or error.code or "", fault.param or error.param or "", fault.text)

    @classmethod
    def in_answer(cls, error: object) -> Fault:
        """Read the error in an answer with status 200.

        OpenRouter puts an HTTP status into `code` (https://openrouter.ai/docs/api-reference/errors). Other servers put
        a word there, or send a sentence only.
        """
        return _fault_in(error)

    @property
    def is_client_error(self) -> bool:
        """Say whether the status is below 500, or unknown."""
        return self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    def says(self, codes: Collection[str], words: re.Pattern[str]) -> bool:
        """Say whether the code is one of `codes`, or the text holds the `words`."""
        return self.code in codes or words.search(self.text) is not None


def _fault_in(body: object) -> Fault:
    match body:
        case {"error": dict() as inner} | [dict() as inner, *_]:  # Gemini answers with a list of one
            return _fault_in(inner)
        case {"error": str(text)} | {"detail": str(text)} | str(text):
            return Fault(0, "", "", text[:_MOST_READ])
        case {"detail": [*complaints]}:
            return Fault(0, "", "", " ".join(map(_complaint, complaints[:20]))[:_MOST_READ])
        case dict():
            code, message = str(body.get("code") or ""), body.get("message")
            kind = body.get("type")
            status = int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 0
            word = code if code and not status else str(kind or "")
            text = message if isinstance(message, str) else ""
            return Fault(status, word, str(body.get("param") or ""), f"{text[:_MOST_READ]}{_reasons(body)}")
        case _:
            return Fault(0, "", "", "")


def _complaint(complaint: object) -> str:
    """Return the place and message of a pydantic error, without the echoed value.

    https://docs.pydantic.dev/latest/errors/errors/
    """
    match complaint:
        case {"loc": [*place], "msg": str(text)}:
            return f"{'.'.join(str(part) for part in place)}: {text}"
        case _:
            return ""


def _reasons(body: dict[object, object]) -> str:
    """Return a phrase for the words of `errors` if OpenRouter's metadata reports a moderation, else ""."""
    match body.get("metadata"):
        case {"reasons": [_, *_]} | {"flagged_input": str()}:
            return " (was flagged)"
        case _:
            return ""
