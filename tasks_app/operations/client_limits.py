"""The client's address, and limits on how often an address may send a wrong secret or password."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

_WINDOW = 60  # seconds

#: Failed logins a minute from one address with one name.
LOGINS_PER_MINUTE = 10


def client_address(request: HttpRequest) -> str:
    """Return the client's address; behind trusted proxies, the last `X-Forwarded-For` entry that is not one of them."""
    address: str = request.META.get("REMOTE_ADDR", "")
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _is_trusted(address) or not hop.strip():
            break
        address = hop.strip()
    return address[:64]


def _is_trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
        return any(parsed in ipaddress.ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
    except ValueError:
        return False


def wrong_secret_wait(address: str) -> int:
    """Count a wrong secret from an address; return the seconds to wait if this minute had too many, else 0."""
    if not settings.THROTTLE_PER_MINUTE:
        return 0
    return _count_attempt(f"wrong-secret:{quote(address or 'unknown')}", most=settings.THROTTLE_PER_MINUTE)


def login_wait(address: str, name: str) -> int:
    """Count an attempt to log in; return the seconds to wait if this minute had too many, else 0."""
    return _count_attempt(_login_key(address, name), most=LOGINS_PER_MINUTE)


def login_succeeded(address: str, name: str) -> None:
    """Reset the count: a user who logs in at last is no attacker."""
    with suppress(OSError, RedisError):
        cache.delete(_in_this_minute(_login_key(address, name)))


def _login_key(address: str, name: str) -> str:
    return f"login:{hashlib.sha256(json.dumps([address, name.lower()]).encode()).hexdigest()}"


def _in_this_minute(key: str) -> str:
    return f"{key}:{int(timezone.now().timestamp()) // _WINDOW}"


def _count_attempt(key: str, *, most: int) -> int:
    remaining = _WINDOW - int(timezone.now().timestamp()) % _WINDOW
    key = _in_this_minute(key)
    try:
        cache.add(key, 0, timeout=2 * _WINDOW)
        count = cache.incr(key)
    except ValueError:  # the cache dropped the entry in the meantime
        return 0
    except (OSError, RedisError) as error:  # without a count nobody is held up: the operator must get in
        logger.warning("wrong secrets and logins are not counted: %s", error)
        return 0
    return remaining if count > most else 0
