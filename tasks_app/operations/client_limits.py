"""The client's address, and how often wrong secrets and passwords may come.

Wrong secrets are bounded by client network. Each attempt to log in counts for its network, for its network with its
name, and for its name alone. Past a bound one attempt in LOGIN_PAUSE seconds is looked at for each network, so nobody
can lock out an operator in another network. Whoever guesses in the operator's own network (behind the same router, or
behind a proxy that TRUSTED_PROXIES does not name) can take all of its turns. A browser that logged in before is not
held up even then: it has a cookie and a count of its own.
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import json
import logging
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.cache import cache
from django.db import Error
from django.utils import timezone
from redis.exceptions import RedisError

from tasks_app.operations.events import event_record
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest

logger = logging.getLogger(__name__)

_WINDOW = 60  # seconds, of wrong secrets
_HOUR = 3600

#: Attempts to log in within LOGIN_WINDOW seconds before they are slowed down: from one network with one name, from one
#: network with any names (each costs a password hash and entries of the cache), and with one name from everywhere.
#: Then one attempt in LOGIN_PAUSE seconds is looked at for each network.
LOGIN_WINDOW = 600
LOGINS = 10
LOGINS_OF_NETWORK = 100
LOGINS_OF_NAME = 100
LOGIN_PAUSE = 10

#: The cookie of a browser that logged in before, and the seconds for which it counts.
DEVICE_COOKIE = "device"
DEVICE_SECONDS = 365 * 24 * _HOUR
_DEVICE_SALT = "tasks_app.operations.client_limits.device"

#: The 1st, 10th, 100th … refusal of a client in a window is logged and leaves an event. At most this many are logged a
#: minute.
MOST_EVENTS = 20

WRONG_SECRET = "wrong secret"  # noqa: S105 -- the name of an event
FAILED_LOGIN = "failed login"


def client_address(request: HttpRequest) -> str:
    """Return the client's address; behind trusted proxies, the last `X-Forwarded-For` entry that is not one of them."""
    address: str = request.META.get("REMOTE_ADDR", "")
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _is_trusted(address) or not hop.strip():
            break
        address = hop.strip()
    return address[:64]


def comes_from_proxy(request: HttpRequest) -> bool:
    """Say whether a trusted proxy sent the request."""
    return _is_trusted(request.META.get("REMOTE_ADDR", ""))


def _is_trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
        return any(parsed in ipaddress.ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
    except ValueError:
        return False


def client_network(address: str) -> str:
    """Return what an address counts as: an IPv4 address, the /64 of an IPv6 address, "unknown" for what is neither.

    Some proxies write a port behind the address.
    """
    text = address.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def wrong_secret_wait(address: str) -> int:
    """Count a wrong secret from an address; return the seconds to wait if this minute had too many, else 0."""
    client, now = client_network(address), _now()
    count = _counted(f"{WRONG_SECRET}:{client}", _WINDOW, now)
    _note(WRONG_SECRET, lambda: f"from {client}", count, now)
    most = settings.THROTTLE_PER_MINUTE
    return _WINDOW - now % _WINDOW if most and count > most else 0


def login_wait(address: str, name: str, device: str = "") -> int:
    """Count an attempt to log in; return the seconds until the next one is looked at if there were too many, else 0.

    `device` is the value of the browser's DEVICE_COOKIE.
    """
    client, now = client_network(address), _now()
    if known := _known_device(device, name):
        return _slowed(f"device:{known}", LOGINS, now)
    return (
        # First of all, so that a network that tries many names fills the cache no further.
        _slowed(f"network:{client}", LOGINS_OF_NETWORK, now)
        or _slowed(_login_key(address, name), LOGINS, now)
        or _slowed(f"name:{_digest(name)}", LOGINS_OF_NAME, now, client)
    )


def login_failed(address: str, name: str) -> None:
    """Count, log and record a failed login, or one that was not looked at."""
    client, now = client_network(address), _now()
    count = _counted(f"{FAILED_LOGIN}:{client}", LOGIN_WINDOW, now)
    _note(FAILED_LOGIN, lambda: f"as {_shown_name(name)} from {client}", count, now)


def login_succeeded(address: str, name: str, device: str = "") -> None:
    """Forget the failed attempts of this address or device with this name."""
    known = _known_device(device, name)
    key = f"device:{known}" if known else _login_key(address, name)
    with suppress(OSError, RedisError):
        cache.delete(_in_window(key, LOGIN_WINDOW, _now()))


def device_cookie(name: str, device: str = "") -> str:
    """Return the cookie for a browser that has logged in; one that it has already stays the same device."""
    return signing.dumps([_known_device(device, name) or secrets.token_hex(16), _digest(name)], salt=_DEVICE_SALT)


def refusals_counted(kind: str) -> int:
    """Return how many refusals of a kind this machine (with REDIS_URL: the service) saw in the last 24 hours."""
    now = _now()
    keys = [_in_window(f"all:{kind}", _HOUR, now - hours * _HOUR) for hours in range(24)]
    try:
        return sum(cache.get_many(keys).values())
    except (OSError, RedisError):
        return 0


def _known_device(cookie: str, name: str) -> str:
    """Return the identity of the device that a cookie names, "" unless it is ours and `name` logged in there."""
    try:
        identity, digest = signing.loads(cookie, salt=_DEVICE_SALT, max_age=DEVICE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(identity) if digest == _digest(name) else ""


def _shown_name(name: str) -> str:
    """Return a user's name. Any other text is not shown: it may be a password in the wrong field."""
    with suppress(Error):  # the answer is the same if the database is away
        if get_user_model().objects.filter(username=name).exists():
            return repr(name[:80])
    return "an unknown name"


def _slowed(key: str, most: int, now: int, turns_of: str = "") -> int:
    """Count an attempt; return 0 if it may be looked at, else the seconds until the next one may.

    Past the bound each client network that `turns_of` names has turns of its own.
    """
    if _counted(key, LOGIN_WINDOW, now) <= most:
        return 0
    try:
        with _alone():
            if cache.add(f"{_key(key)}:turn:{turns_of}:{now // LOGIN_PAUSE}", 1, timeout=2 * LOGIN_PAUSE):
                return 0
    except (OSError, RedisError):
        return 0
    return LOGIN_PAUSE - now % LOGIN_PAUSE


def _note(what: str, who: Callable[[], str], count: int, now: int) -> None:
    """Log and record the 1st, 10th, 100th … refusal of a client, as long as there are not too many in this minute."""
    _counted(f"all:{what}", _HOUR, now, keep=25 * _HOUR)
    if str(count).strip("0") != "1" or _counted(f"noted:{what}", 60, now) > MOST_EVENTS:
        return
    text = f"{who()}: {count} lately"
    logger.warning("%s %s", what, text)
    with suppress(Error):  # the answer is the same if the database is away
        event_record(what=what, text=keepable(text))


def _login_key(address: str, name: str) -> str:
    return f"login:{_digest(json.dumps([client_network(address), name.lower()]))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.lower().encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> int:
    return int(timezone.now().timestamp())


def _key(key: str) -> str:
    return key.replace(" ", "-")


def _in_window(key: str, window: int, now: int) -> str:
    return f"{_key(key)}:{now // window}"


def _counted(key: str, window: int, now: int, *, keep: int = 0) -> int:
    """Count one more in the present window; return the count, 0 if there is no cache: nobody is held up without one."""
    try:
        with _alone():
            place, seconds = _in_window(key, window, now), keep or 2 * window
            if _redis_counts():
                cache.add(place, 0, timeout=seconds)
                return int(cache.incr(place))
            count = int(cache.get(place, 0)) + 1
            cache.set(place, count, timeout=seconds)  # the file cache's incr would let it expire after 300 s
            return count
    except ValueError:  # the cache dropped the entry in the meantime
        return 0
    except (OSError, RedisError) as error:
        logger.warning("wrong secrets and logins are not counted: %s", error)
        return 0


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other process of this machine count meanwhile: the cache in files reads, then writes. Redis counts itself.

    Raises OSError.
    """
    if _redis_counts():
        yield
        return
    with (settings.DATA_DIR / "counts.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _redis_counts() -> bool:
    return str(settings.CACHES["default"]["BACKEND"]).endswith("RedisCache")
