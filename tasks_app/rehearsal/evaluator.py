"""The evaluator's side, for `send_task` and the demo: posts a task, receives the callback, judges a round's end."""

from __future__ import annotations

import hmac
import json
import queue
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from engine.domain.check_counts import count_checks
from engine.domain.checks import ADVICE, WRONG
from engine.steps.notify import signature_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from engine.domain.check_counts import CheckCounts

SAMPLES = Path(__file__).parent / "samples"
ECHOED = ("email", "task", "round", "nonce")
CALLBACK_KEYS = {*ECHOED, "repo_url", "commit_sha", "pages_url"}
#: How old a signature may be, so that a recorded callback cannot be sent again later.
TOLERANCE = timedelta(minutes=5)
ENDED = {"completed", "failed", "cancelled"}


class TaskError(Exception):
    """The service refused the task or cannot be reached; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A POST that the listener received."""

    body: bytes
    headers: Mapping[str, str]

    def fields(self) -> dict[str, Any]:
        """Return the body's JSON object, {} if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def problems(self, task: Mapping[str, Any], *, signing_key: bytes = b"") -> list[str]:
        """Return everything in which this differs from the callback that the contract promises for `task`.

        With a `signing_key` the callback must carry a right signature that is at most five minutes old.
        """
        fields, differences = self.fields(), []
        if set(fields) != CALLBACK_KEYS:
            differences.append(f"the keys are {sorted(fields)}, not {sorted(CALLBACK_KEYS)}")
        differences += [
            f"{key} is {fields.get(key)!r}, not {task[key]!r} as sent" for key in ECHOED if fields.get(key) != task[key]
        ]
        if not re.fullmatch("[0-9a-f]{40}", str(fields.get("commit_sha"))):
            differences.append(f"commit_sha {fields.get('commit_sha')!r} is no full SHA")
        differences += [f"{key} is empty" for key in ("repo_url", "pages_url") if not fields.get(key)]
        if not self.headers.get("content-type", "").startswith("application/json"):
            differences.append(f"Content-Type is {self.headers.get('content-type')!r}")
        if signing_key and not self._is_signed(signing_key):
            differences.append("the signature is missing, wrong or old")
        return differences

    def _is_signed(self, key: bytes) -> bool:
        stamp = self.headers.get("webhook-timestamp", "")
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > len("1799999999"):
            return False
        at = datetime.fromtimestamp(int(stamp), UTC)
        expected = signature_headers(self.headers.get("webhook-id", ""), self.body, key=key, at=at)["webhook-signature"]
        given = self.headers.get("webhook-signature", "").encode().split()
        is_right = any(hmac.compare_digest(expected.encode(), one) for one in given)
        return is_right and abs(datetime.now(UTC) - at) <= TOLERANCE


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.received.put(Callback(body, {name.lower(): value for name, value in self.headers.items()}))

    def log_message(self, *_arguments: object) -> None:
        """Log nothing: standard error belongs to the progress view."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: queue.Queue[Callback] = queue.Queue()


class Listener:
    """An HTTP server on loopback, for `evaluation_url`, that answers 200. Use it in a `with` statement."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notify"

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, nonce: object, seconds: float) -> Callback | None:
        """Return the first callback with `nonce`, None after `seconds`. Callbacks of other rounds are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                callback = self._server.received.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if callback.fields().get("nonce") == nonce:
                return callback


@dataclass(slots=True)
class Service:
    """A client of the service at `url` (an origin)."""

    url: str
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=30.0, trust_env=False))

    def post(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Post a task; return the answer's object: id, status_url, warnings. Raises TaskError, without the secret."""
        try:
            answer = self.client.post(f"{self.url}/handle_task", json=dict(task))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TaskError(
                f"{self.url} cannot be reached: {str(error) or type(error).__name__}. "
                "Is the service running (make run)?"
            ) from None
        answered = _json_object(answer)
        if answer.status_code != 200 or "id" not in answered:
            raise TaskError(f"{self.url} answered {answer.status_code}: {_reason(answer.status_code, answered)}")
        return answered

    def round(self, identity: str) -> dict[str, Any] | None:
        """Return a round's status, None if the service gives no usable answer (it may be restarting)."""
        try:
            answer = self.client.get(f"{self.url}/api/rounds/{identity}")
        except httpx2.HTTPError:
            return None
        return (_json_object(answer) or None) if answer.status_code == 200 else None


def sample_names() -> list[str]:
    return sorted(path.stem for path in SAMPLES.glob("*.json"))


def load_task(file: Path) -> dict[str, Any]:
    """Load a task from a JSON file. Raises TaskError."""
    try:
        task = json.loads(file.read_bytes())
    except OSError as error:
        raise TaskError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise TaskError(f"{file} is not JSON: {error}") from None
    if not isinstance(task, dict):
        raise TaskError(f"{file} holds no JSON object")
    return task


def fresh_nonce() -> str:
    return secrets.token_hex(4)


def check_counts(status: Mapping[str, Any] | None) -> CheckCounts:
    """Count the checks in a round's status as the service does."""
    return count_checks((str(check.get("kind")), str(check.get("verdict"))) for check in _checks(status))


def _checks(status: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return (status or {}).get("checks") or []


def shortcomings(status: Mapping[str, Any] | None) -> list[str]:
    """Return what an evaluator would mark down: not completed, not live, degraded, late, or a failing decided check."""
    if not status:
        return ["its status cannot be read"]
    error = status.get("error") or {}
    because = f" ({error.get('code')}: {error.get('message')})" if error else ""
    findings = (
        [] if status.get("state") == "completed" else [f"{status.get('state')} in step {status.get('step')}{because}"]
    )
    findings += [] if status.get("live") else ["not live"]
    findings += [flag for flag in ("degraded", "late") if status.get(flag)]
    failing = [one for one in _checks(status) if one.get("verdict") in WRONG and one.get("kind") not in ADVICE]
    return findings + [
        f"a check does not hold: {one.get('text')} ({one.get('detail') or one.get('verdict')})" for one in failing
    ]


def _json_object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _reason(status: int, problem: Mapping[str, Any]) -> str:
    hint = {401: "the secret is wrong: --secret, or SECRET in the environment or .env"}.get(status)
    parts = [str(problem[key]) for key in ("title", "detail") if problem.get(key)]
    parts += [part for key in ("errors", "missing") for part in _flat(problem.get(key))]
    return "; ".join([*([hint] if hint else []), *dict.fromkeys(parts)]) or "nothing that this command understands"


def _flat(value: object) -> Iterator[str]:
    """Yield the texts of a problem's `errors`, nested in any way, each with its field's name."""
    if isinstance(value, dict):
        yield from (f"{name}: {text}" for name, inner in value.items() for text in _flat(inner))
    elif isinstance(value, list):
        yield from (text for inner in value for text in _flat(inner))
    elif value is not None:
        yield str(value)
