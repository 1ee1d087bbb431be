"""Whether the credentials work: tried in the background at a start, with the results in files of `DATA_DIR`.

    ok          the credential works; `detail` names its owner, `expires_at` its end if the other side gave one
    refused     the other side refuses it: tasks are answered 503, `detail` says what to do
    untested    the other side did not answer (yet): tasks are accepted

A file counts for one credential only: it holds a keyed fingerprint of the credential and its settings.
To try another kind, add a probe to `wiring.credential_probes` and its settings to `_SETTINGS`.
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
from tasks_app.operations.breakers import breaker_close, outages_open
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

#: Seconds between trials of a credential that did not work.
AGAIN = 60.0
#: The remaining time below which an expiry is a warning.
SOON = timedelta(days=7)

#: The settings in each kind's fingerprint: after a change of one of them, an earlier result no longer counts.
_SETTINGS = {
    "forge": ("FORGE", "GITHUB_TOKEN", "GITHUB_OWNER", "GITHUB_API_URL"),
    "model": ("LLM_PROVIDER", "LLM_API_KEY", "LLM_BASE_URL", "LLM_MODELS"),
}
#: OutOfService codes that mean a refused credential: a successful trial closes their breakers. A spent quota is none.
_REFUSALS = frozenset({"forge_token_refused", "model_key_refused"})

_read: dict[Path, tuple[tuple[int, int, int], dict[str, str]]] = {}


@dataclass(frozen=True, slots=True)
class CredentialTrial:
    """The result of a trial: `status` is ok, refused or untested, `detail` a sentence."""

    status: str
    detail: str
    at: datetime
    expires_at: datetime | None = None

    @property
    def expires_soon(self) -> bool:
        """Say whether the credential has expired or will within SOON."""
        return self.expires_at is not None and self.expires_at - timezone.now() < SOON


def known(kind: str) -> CredentialTrial | None:
    """Return the last result for the current credential, None before the first trial. It costs a `stat`."""
    fields = _stored(_file(kind))
    if not fields or fields["fingerprint"] != _fingerprint(kind):
        return None
    expires = datetime.fromisoformat(fields["expires_at"]) if fields["expires_at"] else None
    return CredentialTrial(fields["status"], fields["detail"], datetime.fromisoformat(fields["at"]), expires)


def refusals() -> list[str]:
    """Return a sentence for each refused credential: while there is one, tasks are answered 503."""
    trials = [known(kind) for kind in _SETTINGS]
    return [trial.detail for trial in trials if trial and trial.status == "refused"]


def forget() -> None:
    """Delete the results of an earlier start."""
    for kind in _SETTINGS:
        _file(kind).unlink(missing_ok=True)


def try_now(kind: str, *, who: str = "start") -> CredentialTrial:
    """Try a credential, store the result, and close a breaker that it disproves. Raises django.db.Error only.

    An `ok` is never replaced by a later refusal: that is the breaker's business, and no reason to refuse tasks.
    """
    trial = _probe_result(kind)
    before = known(kind)
    if not (before and before.status == "ok") or trial.status == "ok":
        _store(kind, trial)
    if trial.status == "refused":
        logger.warning("%s: %s", kind, trial.detail)
    breaker = outages_open().get(kind)
    if trial.status == "ok" and breaker and breaker.code in _REFUSALS:
        breaker_close(kind=kind, who=who)
    return trial


def keep_trying(stop: threading.Event) -> None:
    """Try every credential, then each minute those that do not work, until `stop` is set; one process at a time."""
    who = "start"
    while True:
        with suppress(BlockingIOError), _exclusive():
            for kind in wiring.credential_probes():
                if _is_trial_due(kind):
                    _try_safely(kind, who)
        who = "credential"
        if stop.wait(AGAIN):
            return


def _is_trial_due(kind: str) -> bool:
    trial = known(kind)
    if trial is None or trial.status != "ok":
        return trial is None or timezone.now() - trial.at > timedelta(seconds=AGAIN / 2)
    try:
        breaker = outages_open().get(kind)
    except Error:
        return False
    finally:
        connections.close_all()
    return breaker is not None and breaker.code in _REFUSALS


def _try_safely(kind: str, who: str) -> None:
    try:
        try_now(kind, who=who)
    except Exception:
        # This thread's process must not die: an error of our own is logged, and the next minute tries again.
        logger.exception("the credential of the %s could not be tried", kind)
    finally:
        connections.close_all()


def _probe_result(kind: str) -> CredentialTrial:
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


def _store(kind: str, trial: CredentialTrial) -> None:
    draft = _file(kind).with_suffix(".new")
    fields = {
        "fingerprint": _fingerprint(kind),
        "status": trial.status,
        "detail": trial.detail,
        "at": trial.at.isoformat(),
        "expires_at": trial.expires_at.isoformat() if trial.expires_at else "",
    }
    draft.write_text(json.dumps(fields))
    draft.replace(_file(kind))


def _stored(file: Path) -> dict[str, str] | None:
    """Return the file's content, read again only after a change; None if it is missing or unreadable."""
    try:
        stat = file.stat()
        version = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if file not in _read or _read[file][0] != version:
            _read[file] = version, json.loads(file.read_text())
        return _read[file][1]
    except (OSError, ValueError):
        return None


@contextmanager
def _exclusive() -> Iterator[None]:
    """Hold the lock of the trials. Raises BlockingIOError if another process holds it."""
    with (settings.DATA_DIR / "credentials.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
