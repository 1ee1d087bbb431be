"""Takes our own secrets out of text that is about to be stored or logged."""

from __future__ import annotations

import base64
import logging
import math
from collections.abc import Mapping
from urllib.parse import quote

from django.conf import settings

#: A shorter value would be found everywhere by chance; it is named in a warning at start.
SHORTEST = 12


def _forms() -> list[tuple[str, str]]:
    """Return each secret in the forms in which it could be written, with its name, longest first."""
    forms = []
    for name, value in settings.SECRETS.items():
        if len(value) >= SHORTEST:
            encoded = base64.b64encode(value.encode()).decode().rstrip("=")
            forms += [(form, name) for form in {value, quote(value, safe=""), encoded}]
    return sorted(forms, key=lambda pair: -len(pair[0]))


def redact(text: str) -> str:
    """Return `text` with every secret of ours (raw, URL and base64 form) replaced by its name."""
    for form, name in _forms():
        if form in text:
            text = text.replace(form, f"[{name}]")
    return text


def keepable(text: str) -> str:
    """Return `text` as a row may hold it: without our secrets, NUL (PostgreSQL) and half surrogate pairs (any database)."""
    return redact(text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8"))


def keepable_json(value: object) -> object:
    """Return a JSON value with every text in it as a row may hold it."""
    match value:
        case str():
            return keepable(value)
        case Mapping():
            return {keepable(str(key)): keepable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [keepable_json(item) for item in value]
        case float() if not math.isfinite(value):  # 1e400 is JSON, and beyond what any database keeps
            return str(value)
    return value


def found_in(content: bytes) -> str | None:
    """Return the name of the secret of ours that `content` holds, None where it holds none."""
    return next((name for form, name in _forms() if form.encode() in content), None)


class RedactingFilter(logging.Filter):
    """Takes secrets out of log lines, whoever wrote them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message and traceback where they hold a secret; never drop it."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
