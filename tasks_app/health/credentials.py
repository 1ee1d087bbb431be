"""Whether the credentials work: tried once at a start, in the background, and kept in a file of `DATA_DIR` for every process of the machine.

    ok          it works; `detail` says whose it is, `expires_at` until when where the other side told it
    refused     the other side will not have it: tasks are answered 503, `detail` says what to do
    untested    the other side could not be asked (yet): no reason to refuse tasks

A file counts for the credential that it was written for only: it holds a keyed fingerprint of it and of its settings, never itself.
To have another kind tried, give it a probe in `wiring.credential_probes` and its settings in `_SETTINGS`.
"""

from __future__ import annotations

import fcntl
import json
import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connections
from django.utils import timezone
from django.utils.crypto import salted_hmac

from engine.errors import EngineError, Permanent
from tasks_app import wiring
from tasks_app.operations.breakers import breaker_close, breakers_open
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

#: Seconds between tries of what did not work.
AGAIN = 60.0
#: An expiry that is nearer than this is worth a warning.
SOON = timedelta(days=7)

#: What makes a result another one's, by kind.
_SETTINGS = {
    "forge": ("FORGE", "GITHUB_TOKEN", "GITHUB_OWNER", "GITHUB_API_URL"),
    "model": ("LLM_PROVIDER", "LLM_API_KEY", "LLM_BASE_URL", "LLM_MODELS"),
}
#: Codes of OutOfService that mean a refused credential: a working one disproves their breakers. (A spent quota is none of them.)
_REFUSALS = frozenset({"forge_token_refused", "model_key_refused"})

_read: dict[Path, tuple[tuple[int, int, int], dict[str, str]]] = {}


@dataclass(frozen=True, slots=True)
class CredentialTrial:
    """How a try ended: `status` is ok, refused or untested, `detail` a sentence."""

    status: str
    detail: str
    at: datetime
    expires_at: datetime | None = None

    @property
    def expires_soon(self) -> bool:
        """Say whether it is over, or within days."""
        return self.expires_at is not None and self.expires_at - timezone.now() < SOON


def known(kind: str) -> CredentialTrial | None:
    """Return what the last try of the present credential found; None where it was not tried. Costs a `stat`."""
    kept = _kept(_file(kind))
    if not kept or kept["fingerprint"] != _fingerprint(kind):
        return None
    expires = datetime.fromisoformat(kept["expires_at"]) if kept["expires_at"] else None
    return CredentialTrial(kept["status"], kept["detail"], datetime.fromisoformat(kept["at"]), expires)


def refusals() -> list[str]:
    """Return a sentence for each credential that was refused: while there is one, tasks are answered 503."""
    found = [known(kind) for kind in _SETTINGS]
    return [tried.detail for tried in found if tried and tried.status == "refused"]


def forget() -> None:
    """A new start: what an earlier one was told counts no more."""
    for kind in _SETTINGS:
        _file(kind).unlink(missing_ok=True)


def try_now(kind: str, *, who: str = "start") -> CredentialTrial:
    """Ask the other side once, keep the answer and close a breaker that it disproves. Raises nothing but a database's errors.

    What worked at the start and is refused later is the breaker's business, not a reason to refuse tasks: the `ok` stays.
    """
    tried = _asked(kind)
    before = known(kind)
    if not (before and before.status == "ok") or tried.status == "ok":
        _keep(kind, tried)
    if tried.status == "refused":
        logger.warning("%s: %s", kind, tried.detail)
    breaker = breakers_open().get(kind)
    if tried.status == "ok" and breaker and breaker.code in _REFUSALS:
        breaker_close(kind=kind, who=who)
    return tried


def keep_trying(stop: threading.Event) -> None:
    """Try every credential, then each minute those that do not work, until `stop` is set. One process of a machine at a time does it."""
    who = "start"
    while True:
        with suppress(BlockingIOError), _alone():
            for kind in wiring.credential_probes():
                if _wants_trying(kind):
                    _try_safely(kind, who)
        who = "credential"
        if stop.wait(AGAIN):
            return


def _wants_trying(kind: str) -> bool:
    tried = known(kind)
    if tried is None or tried.status != "ok":
        return tried is None or timezone.now() - tried.at > timedelta(seconds=AGAIN / 2)
    try:
        breaker = breakers_open().get(kind)
    except Error:
        return False
    finally:
        connections.close_all()
    return breaker is not None and breaker.code in _REFUSALS


def _try_safely(kind: str, who: str) -> None:
    try:
        try_now(kind, who=who)
    except Exception:
        # In a thread of the process that everything hangs on: an error of our own is logged, and the next minute comes.
        logger.exception("the credential of the %s could not be tried", kind)
    finally:
        connections.close_all()


def _asked(kind: str) -> CredentialTrial:
    try:
        credential = wiring.credential_probes()[kind]()
    except EngineError as error:
        refused = isinstance(error, Permanent) or error.code in _REFUSALS
        return CredentialTrial("refused" if refused else "untested", keepable(error.message), timezone.now())
    return CredentialTrial("ok", keepable(credential.detail), timezone.now(), credential.expires_at)


def _fingerprint(kind: str) -> str:
    value = json.dumps([getattr(settings, name) for name in _SETTINGS[kind]])
    return salted_hmac("tasks_app.health.credentials", value, algorithm="sha256").hexdigest()


def _file(kind: str) -> Path:
    return settings.DATA_DIR / f"credential-{kind}.json"


def _keep(kind: str, tried: CredentialTrial) -> None:
    draft = _file(kind).with_suffix(".new")
    kept = {
        "fingerprint": _fingerprint(kind),
        "status": tried.status,
        "detail": tried.detail,
        "at": tried.at.isoformat(),
        "expires_at": tried.expires_at.isoformat() if tried.expires_at else "",
    }
    draft.write_text(json.dumps(kept))
    draft.replace(_file(kind))


def _kept(file: Path) -> dict[str, str] | None:
    """Return the file's content, read again only where it has changed; None where there is none that can be read."""
    try:
        stat = file.stat()
        version = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if file not in _read or _read[file][0] != version:
            _read[file] = version, json.loads(file.read_text())
        return _read[file][1]
    except (OSError, ValueError):
        return None


@contextmanager
def _alone() -> Iterator[None]:
    """Raises BlockingIOError where another process is at it."""
    with (settings.DATA_DIR / "credentials.lock").open("wb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
