"""Reads the environment and `.env`, typed and loud: every wrong value is collected and named at once."""

from __future__ import annotations

import ipaddress
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: The most that a bound on a day's money may be: more than this was meant as tokens.
MOST_MONEY = 100_000

_SPENDING = re.compile(r"\$?\s*(?P<amount>\d{1,15}(?:\.\d{1,6})?)\s*(?P<unit>tokens?|usd|\$)?", re.IGNORECASE)
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


class Env:
    """Typed access to variables by name. An empty value counts as unset; `problems` names every wrong one."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._values = {name: value.strip() for name, value in values.items() if value and value.strip()}
        self.problems: list[str] = []

    @classmethod
    def load(cls, base: Path) -> Env:
        """Read `.env` under `base` (or the file that ENV_FILE names) and put the environment over it; empty ones there count as unset too."""
        file = Path(os.environ.get("ENV_FILE") or base / ".env")
        return cls({**dotenv_values(file, interpolate=False), **{k: v for k, v in os.environ.items() if v.strip()}})

    def text(self, *names: str, default: str = "") -> str:
        """Return the first of `names` that is set."""
        return next((self._values[name] for name in names if name in self._values), default)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no: 1/0, true/false, yes/no, on/off."""
        value = self.text(name).lower()
        if value and value not in _YES | _NO:
            self._wrong(name, "is neither on nor off (use 1 or 0)")
        return value in _YES if value else default

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """Return a number from `least` to `most`."""
        value = self.text(name)
        try:
            number = float(value) if value else float(default)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            self._wrong(name, f"is no number from {least:g} to {most:g}")
            return float(default)
        return number

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        number = self.number(name, default, least=least, most=most)
        if not number.is_integer():
            self._wrong(name, "is no whole number")
        return int(number)

    def spending(self, name: str) -> tuple[Decimal, str] | None:
        """Return a bound on spending and its unit, "tokens" or "dollars"; None where it is unset. `2.50` is money, `500000 tokens` are tokens."""
        value = self.text(name)
        if not value:
            return None
        found = _SPENDING.fullmatch(value)
        if not found:
            self._wrong(name, "is neither money like 2.50 nor tokens like '500000 tokens'")
            return None
        amount, of_tokens = Decimal(found["amount"]), (found["unit"] or "").lower().startswith("token")
        if amount <= 0 or (of_tokens and amount != int(amount)):
            self._wrong(name, "must be more than 0, and tokens are counted whole")
            return None
        if not of_tokens and amount > MOST_MONEY:
            self._wrong(name, f"is more than {MOST_MONEY:,} dollars a day: tokens are written '{amount:f} tokens'")
            return None
        return amount, "tokens" if of_tokens else "dollars"

    def one_of(self, name: str, *allowed: str) -> str:
        """Return one of the `allowed` words, "" where it is unset."""
        value = self.text(name).lower()
        if value and value not in allowed:
            self._wrong(name, f"is none of {', '.join(allowed)}")
            return ""
        return value

    def names(self, name: str) -> list[str]:
        """Return a comma list."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def origin(self, name: str, default: str) -> str:
        """Return an http(s) origin without a path and without a slash at its end."""
        value = self.text(name, default=default).rstrip("/")
        try:
            parts = urlsplit(value)
            good = (
                parts.scheme in {"http", "https"}
                and bool(parts.hostname)
                and not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
            )
            _ = parts.port
        except ValueError:
            good = False
        if not good:
            self._wrong(name, "is no origin like https://host or http://host:port")
            return default
        return value

    def address(self, *names: str, default: str = "", schemes: Collection[str] = ("http", "https")) -> str:
        """Return the URL of the first of `names` that is set, without a slash at its end."""
        name = next((name for name in names if name in self._values), names[0])
        value = self.text(name, default=default)
        try:
            good = not value or urlsplit(value).scheme in schemes
        except ValueError:
            good = False
        if not good:
            self._wrong(name, f"is no URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
            return default
        return value.rstrip("/")

    def networks(self, name: str) -> list[str]:
        """Return a comma list of IP addresses and networks."""
        return [network for network in self.names(name) if self._is_network(name, network)]

    def _is_network(self, name: str, network: str) -> bool:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            self.problems.append(f"{name} holds {network[:80]!r}, which is no IP address or network")
            return False
        return True

    def _wrong(self, name: str, why: str) -> None:
        value = self._values.get(name, "")
        secret = "@" in value or any(word in name for word in ("SECRET", "TOKEN", "KEY", "PASSWORD"))
        shown = "" if secret else f" ({value[:80]!r})"
        self.problems.append(f"{name}{shown} {why}")
