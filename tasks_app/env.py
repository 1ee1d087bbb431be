"""Reads the environment and `.env` with environs, and parses the kinds of values that only this project has.

Errors are collected: `seal` raises them all, by variable. No message contains a value that may be a secret.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import environs
from dotenv import dotenv_values
from environs import ValidationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: The largest bound on a day's money: a larger number was probably meant as tokens.
MOST_MONEY = 100_000

#: Bytes of a key that signs webhooks.
#: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
SIGNING_KEY_BYTES = range(24, 65)

_SPENDING = re.compile(r"\$?\s*(?P<amount>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>tokens?|usd|\$)?", re.IGNORECASE)


class Env(environs.Env):
    """Variables by name. An empty value counts as unset; the file named by NAME_FILE may hold NAME's value."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        super().__init__(eager=False)
        self._given = {name: value.strip() for name, value in values.items() if value and value.strip()}
        for parser in (one_of, names, origin, address, networks, spending, sentry_dsn, signing_key, webhook):
            self.add_parser(parser.__name__, parser)

    @classmethod
    def load(cls, base: Path) -> Self:
        """Read `.env` in `base` (or the file that ENV_FILE names); environment variables override it."""
        file = Path(os.environ.get("ENV_FILE") or base / ".env")
        return cls({**dotenv_values(file, interpolate=False), **{k: v for k, v in os.environ.items() if v.strip()}})

    def first(self, *names: str) -> str:
        """Return the first name that is set, or the first name if none is: the others are its aliases."""
        return next((name for name in names if self._get_value(name, "")), names[0])

    def wrong(self, name: str, why: str) -> None:
        """Record an error that the parsing of a single value cannot find; `seal` raises it."""
        self._errors[name].append(why)

    def _get_value(self, env_key: str, default: Any) -> Any:
        if env_key in self._given or f"{env_key}_FILE" not in self._given:
            return self._given.get(env_key, default)
        try:
            return Path(self._given[f"{env_key}_FILE"]).read_text().strip() or default
        except (OSError, UnicodeError):
            self._errors[f"{env_key}_FILE"][:] = ["Names no file that can be read."]
            return default


def one_of(value: str, *, allowed: Collection[str]) -> str:
    """Return the value in lower case if it is allowed, "" if it is empty."""
    if value and value.lower() not in allowed:
        raise ValidationError(f"Is none of {', '.join(allowed)}.")
    return value.lower()


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


def signing_key(value: str) -> bytes:
    """Return the key of Standard Webhooks that base64 holds, with or without `whsec_` and padding; b"" for ""."""
    text = value.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if value and len(key) not in SIGNING_KEY_BYTES:
        raise ValidationError(
            "Is not 24 to 64 bytes in base64, with or without whsec_ before them: openssl rand -base64 32 makes one."
        )
    return key
