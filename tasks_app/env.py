"""Reads the environment and `.env` with environs, and parses the kinds of values that only this project has.

Errors are collected: `seal` raises them all, by variable. No message contains a value that may be a secret. What is
read by `Env.secret` is hidden in texts, and may stand in a file.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import environs
import marshmallow as ma
from dotenv import dotenv_values
from environs import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

#: Bytes of a file that holds a secret; a larger one is another file.
LONGEST_SECRET = 100_000

#: The largest bound on a day's money: a larger number was probably meant as tokens.
MOST_MONEY = 100_000

#: The default of MAX_REQUEST_BYTES, for Django's settings and for gunicorn's.
LARGEST_REQUEST = "16MB"

#: Bytes of a key that signs webhooks.
#: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
SIGNING_KEY_BYTES = range(24, 65)

_SPENDING = re.compile(r"\$?\s*(?P<amount>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>tokens?|usd|\$)?", re.IGNORECASE)

_SIZE = re.compile(r"(?P<number>\d{1,12})\s*(?P<unit>[kmg]i?b?|b)?", re.IGNORECASE)
_UNITS = {"": 1, "b": 1} | {
    f"{letter}{form}": base**power
    for power, letter in enumerate("kmg", 1)
    for form, base in (("", 1_000), ("b", 1_000), ("i", 1_024), ("ib", 1_024))
}


class Env(environs.Env):
    """Variables by name. An empty value counts as unset. Paths of files are relative to `base`."""

    def __init__(self, values: Mapping[str, str | None], base: Path = Path()) -> None:
        super().__init__(eager=False)
        self._given = {name: value.strip() for name, value in values.items() if value and value.strip()}
        self._base = base
        #: What `secret` has returned, by the first name.
        self.secrets: dict[str, str] = {}
        for parser in (one_of, switch, size, names, origin, address, networks, spending):
            self.add_parser(parser.__name__, parser)

    @classmethod
    def load(cls, base: Path) -> Self:
        """Read `.env` in `base` (or the file that ENV_FILE names); environment variables override it."""
        file = Path(os.environ.get("ENV_FILE") or base / ".env")
        variables = {name: value for name, value in os.environ.items() if value.strip()}
        try:
            if file.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            return cls({**dotenv_values(file, interpolate=False), **variables}, base)
        except (OSError, UnicodeError) as error:
            env = cls(variables, base)
            env.wrong("ENV_FILE", f"{file} cannot be read: {_reason(error)}.")
            return env

    def secret(self, name: str, *aliases: str, parse: Callable[[str], str] = str) -> str:
        """Return the first of these variables that is set, "" if none is.

        The value may stand in the file that NAME_FILE names instead. `parse` may raise ValidationError.
        """
        value = ""
        for one in (name, *aliases):
            try:
                value = parse(self._value_of_secret(one))
            except ValidationError as error:
                self._errors[one].extend(error.messages)
            if value:
                break
        self.secrets[name] = value
        return value

    def first(self, *names: str) -> str:
        """Return the first name that is set, or the first name if none is: the others are its aliases."""
        return next((name for name in names if self._get_value(name, "")), names[0])

    def wrong(self, name: str, why: str) -> None:
        """Record an error that the parsing of a single value cannot find; `seal` raises it."""
        self._errors[name].append(why)

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._given.get(env_key, default)

    def _value_of_secret(self, name: str) -> str:
        pointer = f"{name}_FILE"
        value, file = self._given.get(name, ""), self._given.get(pointer, "")
        if not file:
            return value
        if value:
            self.wrong(pointer, f"Is set beside {name}: only one of them can count.")
            return value
        try:
            return content(self._base / file)
        except ValidationError as error:
            self._errors[pointer].extend(error.messages)
            return ""


def content(file: Path) -> str:
    """Return the only line of a file, without its line end."""
    try:
        if file.exists() and not file.is_file():
            raise ValidationError("Names no regular file.")
        with file.open("rb") as stream:
            read = stream.read(LONGEST_SECRET + 1)
        text = read.decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ValidationError(f"Names a file that cannot be read: {_reason(error)}.") from error
    line = re.sub(r"\r?\n\Z", "", text)
    if not line.strip():
        raise ValidationError("Names an empty file.")
    if len(read) > LONGEST_SECRET or any(ord(character) < 0x20 for character in line):
        raise ValidationError("Names a file with more than one line of text.")
    return line


def _reason(error: OSError | UnicodeError) -> str:
    return (error.strerror or "it is not there") if isinstance(error, OSError) else "it is not UTF-8"


def one_of(value: str, *, allowed: Collection[str]) -> str:
    """Return the value in lower case if it is allowed, "" if it is empty."""
    if value and value.lower() not in allowed:
        raise ValidationError(f"Is none of {', '.join(allowed)}.")
    return value.lower()


def switch(value: str) -> str:
    """Return "on" or "off" for a truth value in any of the usual words, and "auto" as it is."""
    word = value.lower()
    if word == "auto":
        return word
    if word not in ma.fields.Boolean.truthy | ma.fields.Boolean.falsy:
        raise ValidationError("Is neither on nor off nor auto.")
    return "on" if word in ma.fields.Boolean.truthy else "off"


def size(value: str, *, least: int, most: int) -> int:
    """Return a number of bytes, such as `16000000`, `16 MB` or `16MiB`."""
    match = _SIZE.fullmatch(value)
    if not match:
        raise ValidationError("Is no size like 16000000 or 16MB.")
    number: int = int(match["number"]) * _UNITS[(match["unit"] or "").lower()]
    if not least <= number <= most:
        raise ValidationError(f"Must be from {least:,} to {most:,} bytes.")
    return number


def names(value: str) -> list[str]:
    """Return the parts of a comma-separated list."""
    return [part.strip() for part in value.split(",") if part.strip()]


def origin(value: str) -> str:
    """Return an http(s) origin, without a path or a final slash."""
    try:
        parts = urlsplit(value.rstrip("/"))
        more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
        good = parts.scheme in {"http", "https"} and parts.hostname and not more and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValidationError("Is no origin like https://host or http://host:port.")
    return value.rstrip("/")


def address(value: str, *, schemes: Collection[str] = ("http", "https")) -> str:
    """Return a URL without a final slash, or ""."""
    try:
        good = not value or urlsplit(value).scheme in schemes
    except ValueError:
        good = False
    if not good:
        raise ValidationError(f"Is no URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    return value.rstrip("/")


def webhook(value: str) -> str:
    """Return an http(s) URL as it is, or "". Its path may be a secret, so no message has it."""
    try:
        parts = urlsplit(value)
        good = not value or (parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0)
        good = good and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or any(sign.isspace() for sign in value):
        raise ValidationError("Is no URL that begins with http:// or https://, without a user name.")
    return value


def sentry_dsn(value: str) -> str:
    """Return the address of a Sentry project, which has a public key and a number, or "".

    https://docs.sentry.io/concepts/key-terms/dsn-explainer/
    """
    try:
        parts = urlsplit(value)
        project = parts.path.rpartition("/")[2]
        good = parts.scheme in {"http", "https"} and bool(parts.hostname and parts.username) and parts.port != 0
        good = good and project.isascii() and project.isdigit()
    except ValueError:
        good = False
    if value and not good:
        raise ValidationError("Is no address like https://key@host/number.")
    return value


def networks(value: str) -> list[str]:
    """Return a comma-separated list of IP addresses and networks."""
    for network in names(value):
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise ValidationError(f"Holds {network[:80]!r}, which is no IP address or network.") from error
    return names(value)


def spending(value: str) -> tuple[Decimal, str] | None:
    """Return a bound on spending and its unit, "tokens" or "dollars", or None.

    `2.50` is money, `500000 tokens` are tokens.
    """
    if not value:
        return None
    match = _SPENDING.fullmatch(value)
    if not match:
        raise ValidationError("Is neither money like 2.50 nor tokens like '500000 tokens'.")
    amount, of_tokens = Decimal(match["amount"]), (match["unit"] or "").lower().startswith("token")
    if amount <= 0 or (of_tokens and amount != int(amount)):
        raise ValidationError("Must be more than 0, and tokens are counted whole.")
    if not of_tokens and amount > MOST_MONEY:
        raise ValidationError(f"Is more than {MOST_MONEY:,} dollars a day: tokens are written '{amount:f} tokens'.")
    return amount, "tokens" if of_tokens else "dollars"


def signing_secret(value: str) -> str:
    """Return the base64 of a Standard Webhooks key, without `whsec_` and padding; "" for ""."""
    text = value.removeprefix("whsec_").rstrip("=")
    try:
        key = signing_key(text)
    except ValueError:
        key = b""
    if value and len(key) not in SIGNING_KEY_BYTES:
        raise ValidationError(
            "Is not 24 to 64 bytes in base64, with or without whsec_ before them: openssl rand -base64 32 makes one."
        )
    return text


def signing_key(secret: str) -> bytes:
    """Return the bytes of what `signing_secret` returned. Raises ValueError for any other text."""
    return base64.b64decode(secret + "=" * (-len(secret) % 4), validate=True)
