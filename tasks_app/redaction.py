"""Removes our own secrets from text before it is stored or logged."""

from __future__ import annotations

import base64
import logging
import math
from collections.abc import Mapping
from urllib.parse import quote

from django.conf import settings

#: A shorter secret would match by chance and is not redacted; the start warns of it.
SHORTEST = 12

#: Control characters but the tab, and the line separators of Unicode, as Python writes them.
_ESCAPES = {
    code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029) if chr(code) != "\t"
}


#: In a traceback the line ends are its own.
_TRACEBACK_ESCAPES = {code: text for code, text in _ESCAPES.items() if chr(code) != "\n"}


def _forms() -> list[tuple[str, str]]:
    """Return each secret in all forms in which it may be written, with its name, longest form first."""
    forms = []
    for name, value in settings.SECRETS.items():
        if len(value) >= SHORTEST:
            encoded = base64.b64encode(value.encode()).decode().rstrip("=")
            forms += [(form, name) for form in {value, quote(value, safe=""), encoded}]
    return sorted(forms, key=lambda pair: -len(pair[0]))


def shared_secrets() -> list[str]:
    """Return what the field `secret` of a request may hold: SECRET, and SECRET_PREVIOUS while it is being changed."""
    return [secret for secret in (settings.SECRET, settings.SECRET_PREVIOUS) if secret]


def redact(text: str) -> str:
    """Return `text` with every secret of ours (raw, URL-encoded or base64) replaced by its name."""
    for form, name in _forms():
        if form in text:
            text = text.replace(form, f"[{name}]")
    return text


def clean(text: str) -> str:
    """Return `text` for a log line: without our secrets, control characters escaped."""
    return redact(text).translate(_ESCAPES)


def keepable(text: str) -> str:
    """Return `text` for a row: without our secrets, NUL (an error in PostgreSQL) and lone surrogates."""
    return redact(text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8"))


def keepable_json(value: object) -> object:
    """Return a JSON value whose texts are all `keepable`."""
    match value:
        case str():
            return keepable(value)
        case Mapping():
            return {keepable(str(key)): keepable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [keepable_json(item) for item in value]
        case float() if not math.isfinite(value):  # 1e400 is valid JSON, and too large for any database
            return str(value)
    return value


def found_in(content: bytes) -> str | None:
    """Return the name of the secret that `content` holds, None if it holds none."""
    return next((name for form, name in _forms() if form.encode() in content), None)


class RedactingFilter(logging.Filter):
    """Removes secrets from log lines of all libraries, and escapes the control characters of strangers' texts.

    A line end could forge a line, an escape sequence could rewrite the operator's terminal.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record's message and traceback; never drop the record."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text).translate(_TRACEBACK_ESCAPES)
        message = record.getMessage()
        if (cleaned := clean(message)) != message:
            record.msg, record.args = cleaned, ()
        return True
