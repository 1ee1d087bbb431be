"""Validates and cleans the fields of a request. An error is added to `errors` under the field's name."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from engine.domain import addresses

if TYPE_CHECKING:
    from collections.abc import Collection

#: Further warnings are dropped, so that they do not fill rows and responses.
MOST_WARNINGS = 100

#: A shorter secret would be found by chance in a brief, a name or a script, and is not looked for.
SHORTEST_SECRET = 5

REMOVED = "[removed: the shared secret]"
_WHOLE = re.compile(r"[0-9]{1,12}(?:\.0+)?", re.ASCII)


class Cleaner:
    """Removes from text the shared secrets and what a database cannot store, with a warning for each."""

    def __init__(self, secrets: Collection[str], warnings: list[str]) -> None:
        # Of two secrets that begin alike, the longer one goes first: nothing of it may stay.
        self._secrets = sorted((one for one in secrets if len(one) >= SHORTEST_SECRET), key=len, reverse=True)
        self.warnings = warnings

    def text(self, value: str, where: str) -> str:
        """Return `value` without NUL, lone surrogates and the secrets."""
        clean = value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
        if clean != value:
            self.warn(f"{where[:80]}: characters that are no text were replaced")
        if self.holds_secret(clean):
            self.warn(f"{where[:80]}: the shared secret was removed from it")
            clean = re.sub("|".join(map(re.escape, self._secrets)), REMOVED, clean)
        return clean

    def holds_secret(self, value: str | bytes) -> bool:
        """Say whether a shared secret is in the text or in the file."""
        if isinstance(value, bytes):
            return any(secret.encode() in value for secret in self._secrets)
        return any(secret in value for secret in self._secrets)

    def value(self, value: object, where: str) -> object:
        """Return a JSON value with every text in it cleaned."""
        match value:
            case str():
                return self.text(value, where)
            case list():
                return [self.value(item, where) for item in value]
            case dict():
                return {self.text(key, where): self.value(item, where) for key, item in value.items()}
            case float() if not math.isfinite(value):  # 1e400 is valid JSON, but no database can store it
                self.warn(f"{where[:80]}: a number beyond any range is kept as text")
                return str(value)
            case _:
                return value

    def warn(self, text: str) -> None:
        """Add a warning, unless there are too many."""
        if len(self.warnings) <= MOST_WARNINGS:
            self.warnings.append(text)


def storable(value: object, *, secrets: Collection[str]) -> object:
    """Return a JSON value without the shared secrets and without characters that a database cannot store."""
    return Cleaner(secrets, []).value(value, "")


def identity(value: object, name: str, clean: Cleaner, errors: dict[str, list[str]]) -> str:
    """Return an unchanged text, because the callback repeats it; with an error if it is blank or cannot be stored."""
    given = required_text(value, name, errors)
    if any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in given):
        errors.setdefault(name, []).append("holds characters that are no text.")
    if clean.holds_secret(given):
        errors.setdefault(name, []).append("holds the shared secret, which is never stored or sent on.")
    return given


def text(value: object, name: str, errors: dict[str, list[str]]) -> str:
    """Return a text, which may be empty; "" with an error if it is missing or not text."""
    if value is None:
        errors.setdefault(name, []).append("is missing.")
    elif not isinstance(value, str):
        errors.setdefault(name, []).append("must be text.")
    else:
        return value
    return ""


def required_text(value: object, name: str, errors: dict[str, list[str]]) -> str:
    """Return a text; with an error if it is missing, not text or blank."""
    given = text(value, name, errors)
    if name not in errors and not given.strip():
        errors[name] = ["is blank."]
    return given


def round_number(value: object, errors: dict[str, list[str]]) -> int:
    """Return a whole number from 1 to 1000, also from a numeric string; 0 with an error for another value."""
    number = None
    match value:
        case None:
            errors["round"] = ["is missing."]
            return 0
        case bool():
            pass
        case int():
            number = value
        case float() if value.is_integer():
            number = int(value)
        case str() if _WHOLE.fullmatch(value.strip()):
            number = int(float(value))
    if number is None or not 1 <= number <= 1000:
        errors["round"] = ["must be a whole number from 1 to 1000."]
        return 0
    return number


def evaluation_url(
    value: object,
    clean: Cleaner,
    allow_private: bool,
    own_origins: tuple[str, ...],
    errors: dict[str, list[str]],
) -> str:
    """Return an http(s) URL that may be called back; otherwise add an error. This makes no DNS look-up.

    White space around it is removed with a warning. A fragment is never sent to a server, which is a warning too.
    """
    given = text(value, "evaluation_url", errors)
    if "evaluation_url" in errors:
        return ""
    url = given.strip()
    if url != given:
        clean.warn("evaluation_url: the white space around it was removed")
    try:
        target = addresses.parse_url(url)
    except ValueError as problem:
        errors["evaluation_url"] = [str(problem)]
        return ""
    if "#" in url:
        clean.warn("evaluation_url: what stands after # is not sent, because HTTP sends no fragment")
    if clean.holds_secret(url):
        errors["evaluation_url"] = ["holds the shared secret, which is never stored or sent on."]
    if not allow_private and target.origin not in own_origins and addresses.is_private_host(target.host):
        errors["evaluation_url"] = [
            "names a private or loopback address, which ALLOW_PRIVATE_URLS does not allow here."
        ]
    elif target.origin not in own_origins and (bad_port := addresses.port_problem(target)):
        # The contract refuses no other address. The page is made; the callback fails, with attention.
        clean.warn(f"evaluation_url: no callback can be sent to it. {bad_port}")
    return url
