"""What goes wrong on demand: rules that change, lose or hold back single answers, before or after the act.

A rule names the exchanges that it is for by `kind` (see KINDS), or by `method` and `path` (a regular expression).
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field, fields
from typing import Any

from tests.doubles.github.wire import Answer, Silence

KINDS = (
    "user",
    "owner",
    "rate",
    "create",
    "repository",
    "list",
    "search",
    "delete",
    "edit",
    "commits",
    "compare",
    "contents",
    "objects",
    "refs",
    "pages",
    "pages-read",
    "builds",
    "rebuild",  # REST
    "push-refs",
    "push",
    "fetch-refs",
    "fetch",  # git: what a push or fetch asks first, and itself
    # not an exchange: a build that begins (outcome, message)
    "build",
    "actions",
    "runs",
    "logs",
    "annotations",
    "deployments",
    # not an exchange: a workflow's run that begins (outcome, message: the log, job, step, lacking)
    "run",
    # not an exchange: a build that gets live (seconds: plain addresses lag)
    "cdn",
    "site",  # a page's file
)


@dataclass
class Fault:
    """One rule. All that is not said does not matter or does not happen.

    `times`: how often, None always; `skip`: let so many pass first. `when` "after": the act is done first. `status`
    with `headers` and `body` (in which {seconds} and {reset}, the Unix time in `seconds` from now, are filled in) is
    the answer, `end` "hang" or "reset" is none. `outcome`: of a build "errored", "never" or "superseded"; of a push
    "secret", or "rule" (`message` is what is told); of a run "failure" (at `step` of `job`, `message` is the log),
    "cancelled", "startup_failure" or "never". `lacking`: files that a run does not publish. `stranger`: a stranger
    commits right then.
    """

    kind: str = ""
    method: str = ""
    path: str = ""
    times: int | None = 1
    skip: int = 0
    when: str = "before"
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    end: str = ""
    outcome: str = ""
    message: str = ""
    seconds: float = 0
    stranger: bool = False
    job: str = ""
    step: str = ""
    lacking: tuple[str, ...] = ()

    def answer(self, now: float) -> Answer | Silence | None:
        """Return what is said instead of the right answer, None where nothing is changed."""
        if self.end:
            return Silence(self.end)
        if not self.status:
            return None
        filled = {"{seconds}": f"{self.seconds:g}", "{reset}": str(int(now + self.seconds))}
        headers = {"Content-Type": "application/json; charset=utf-8"}
        headers |= {name: filled.get(value, value) for name, value in self.headers.items()}
        return Answer(self.status, self.body.encode(), headers)


def _said(message: str, status: int) -> str:
    return json.dumps({"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)})


_HTML = {"Content-Type": "text/html; charset=utf-8"}
_UNICORN = (
    "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body><h1>This page is taking too long "
    "to load.</h1><p>Sorry about that. Please try refreshing and contact us if the problem "
    "persists.</p></body></html>\n"
)
_SECONDARY = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later. If you reach out to GitHub Support for help, please include the request ID."
)

_RULE = (
    "error: GH013: Repository rule violations found for refs/heads/main.\nReview all repository rules at "
    "https://github.com/acme/x/rules?ref=refs%2Fheads%2Fmain\n\n- Changes must be made through a pull request.\n"
)

#: The usual ones by name: `double.fault("secondary", "create", seconds=2)`.
PRESETS: dict[str, dict[str, Any]] = {
    "bad_gateway": {"status": 502, "headers": _HTML, "body": _UNICORN},
    "unavailable": {"status": 503, "headers": _HTML, "body": _UNICORN},
    "server_error": {"status": 500, "body": _said("Server Error", 500)},
    "secondary": {
        "status": 403,
        "headers": {"Retry-After": "{seconds}"},
        "seconds": 2,
        "body": _said(_SECONDARY, 403),
    },
    "secondary_without_time": {"status": 403, "body": _said(_SECONDARY, 403)},
    "primary": {
        "status": 403,
        "seconds": 3600,
        "body": _said("API rate limit exceeded for user ID 1001.", 403),
        "headers": {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "{reset}"},
    },
    "too_many": {"status": 429, "headers": {"Retry-After": "{seconds}"}, "seconds": 2, "body": _said(_SECONDARY, 429)},
    "bad_credentials": {"status": 401, "body": _said("Bad credentials", 401)},
    "permission": {"status": 403, "body": _said("Resource not accessible by personal access token", 403)},
    "not_found": {"status": 404, "body": _said("Not Found", 404)},
    "conflict": {"status": 409, "body": _said("GitHub Pages is already enabled.", 409)},
    "branch_missing": {
        "status": 422,
        "body": _said("The main branch must exist before GitHub Pages can be built.", 422),
    },
    "hang": {"end": "hang"},
    "reset": {"end": "reset"},
    "answer_lost": {"end": "reset", "when": "after"},
    "lost_and_stranger": {"end": "reset", "when": "after", "stranger": True},
    "head_moved": {"stranger": True},
    "secret": {"outcome": "secret"},
    "rule": {"outcome": "rule", "message": _RULE},
    "errored": {"outcome": "errored", "message": "Page build failed."},
    "never": {"outcome": "never"},
    "superseded": {"outcome": "superseded"},
    "run_failed": {
        "outcome": "failure",
        "message": "KeyError: 'revenew'\n##[error]Process completed with exit code 1.\nCleaning up orphan processes",
    },
    "stale": {"seconds": 5},
}


def fault(name: str, kind: str = "", **changes: Any) -> Fault:
    """Return one of PRESETS for a kind of exchange, changed. Raises KeyError, TypeError."""
    return Fault(**{**PRESETS[name], "kind": kind, **changes})


def fault_from(data: dict[str, Any]) -> Fault:
    """Return a rule from JSON: a preset's `name`, or `Fault`'s own fields. Raises ValueError."""
    named = dict(data)
    name = named.pop("name", None)
    unknown = named.keys() - {each.name for each in fields(Fault)}
    if unknown or (name is not None and name not in PRESETS):
        raise ValueError(f"unknown: {', '.join(sorted(unknown)) or name}")
    return fault(name, **named) if name else Fault(**named)


class Faults:
    """The rules in force, thread-safe; the first that fits is used."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, rule: Fault) -> None:
        if rule.kind and rule.kind not in KINDS:
            raise ValueError(f"{rule.kind!r} is none of {', '.join(KINDS)}")
        with self._lock:
            self.rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self.rules.clear()

    def take(self, kind: str, method: str = "", path: str = "") -> Fault | None:
        """Return the rule for an exchange and count it."""
        with self._lock:
            for rule in self.rules:
                if not _fits(rule, kind, method, path):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    return None
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self.rules.remove(rule)
                return rule
        return None


def _fits(rule: Fault, kind: str, method: str, path: str) -> bool:
    if kind in ("build", "cdn", "run") and rule.kind != kind:
        return False
    return (
        rule.kind in ("", kind)
        and rule.method in ("", method)
        and (not rule.path or re.search(rule.path, path) is not None)
    )
