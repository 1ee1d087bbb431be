"""The double's controls for other processes: /_double/…, described in the package."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.doubles.github.faults import fault_from
from tests.doubles.github.routes import Refused, said

if TYPE_CHECKING:
    from tests.doubles.github.double import GitHubDouble
    from tests.doubles.github.wire import Answer, Request


def control(double: GitHubDouble, request: Request) -> Answer:
    """Do what a control asks for; 400 with the reason where it makes no sense."""
    name = f"{request.method} {request.path.removeprefix('/_double/')}"
    act = _ACTS.get(name)
    if act is None:
        return said(404, {"message": f"{name} is none of {', '.join(sorted(_ACTS))}"})
    try:
        data = json.loads(request.body) if request.body else {}
        return said(200, act(double, data))
    except (KeyError, TypeError, ValueError, Refused) as error:
        return said(400, {"message": f"{type(error).__name__}: {error}"})


def _summary(double: GitHubDouble, data: dict[str, Any]) -> object:
    return double.log.summary() | {"exceeded": double.exceeded, "repositories": double.repositories()}


def _calls(double: GitHubDouble, data: dict[str, Any]) -> object:
    return [asdict(call) for call in double.calls]


def _fault(double: GitHubDouble, data: dict[str, Any]) -> object:
    rule = fault_from(data)
    double.add(rule)
    return asdict(rule)


def _calm(double: GitHubDouble, data: dict[str, Any]) -> object:
    double.state.faults.clear()
    return {}


def _stranger(double: GitHubDouble, data: dict[str, Any]) -> object:
    files = {path: text.encode() for path, text in data.get("files", {}).items()}
    return {"sha": double.stranger_commits(data["owner"], data["repo"], files)}


def _taken(double: GitHubDouble, data: dict[str, Any]) -> object:
    double.take_name(data["owner"], data["repo"])
    return {}


def _delete(double: GitHubDouble, data: dict[str, Any]) -> object:
    double.delete(data["owner"], data["repo"])
    return {}


def _rename(double: GitHubDouble, data: dict[str, Any]) -> object:
    double.rename(data["owner"], data["repo"], data["to"])
    return {}


def _token(double: GitHubDouble, data: dict[str, Any]) -> object:
    state = double.state
    state.revoked = bool(data.get("revoked", state.revoked))
    state.lacking = set(data.get("lacking", state.lacking))
    state.scopes = data.get("scopes", state.scopes)
    return {}


def _settings(double: GitHubDouble, data: dict[str, Any]) -> object:
    state = double.state
    for name in ("build_seconds", "call_seconds", "run_seconds"):
        value = data.get(name, getattr(state, name))
        setattr(state, name, None if value is None else float(value))
    for name in ("actions_enabled", "empty_pages"):
        setattr(state, name, bool(data.get(name, getattr(state, name))))
    if "outputs" in data:
        state.outputs = {path: text.encode() for path, text in data["outputs"].items()}
    for name in ("paced", "limit", "remaining"):
        setattr(state.limits, name, data.get(name, getattr(state.limits, name)))
    double.pass_time(float(data.get("pass_seconds", 0)))
    return {}


_ACTS = {
    "GET summary": _summary,
    "GET calls": _calls,
    "POST faults": _fault,
    "DELETE faults": _calm,
    "POST stranger": _stranger,
    "POST taken": _taken,
    "POST delete": _delete,
    "POST rename": _rename,
    "POST token": _token,
    "POST settings": _settings,
}
