"""GitHub's own OpenAPI description, pruned to the calls that the double serves, and the check of each exchange against
it.

The data beside this file comes from the npm package @octokit/openapi (MIT), whose source is
https://github.com/github/rest-api-description; its `info` says which version. To prune another version (of `npm pack
@octokit/openapi`):

    python -m tests.doubles.github.description package/generated/api.github.com.json 23.0.2

The data stays as GitHub wrote it. Where this check is stricter or knows more, it says so here: `_nullables`,
`_closed_bodies`, `UNDOCUMENTED_CODES`.
"""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

try:
    from openapi_core import OpenAPI
    from openapi_core.configurations import Config
    from openapi_core.testing import MockRequest, MockResponse
except ImportError as missing:
    raise SystemExit(
        "The GitHub double checks every exchange with openapi-core, which is not installed: it is a development "
        "dependency (requirements-dev.txt; `make test` installs it)."
    ) from missing

DATA = Path(__file__).with_name("description.json")

REPO = "/repos/{owner}/{repo}"
PATHS: Mapping[str, tuple[str, ...]] = {
    "/user": ("get",),
    "/rate_limit": ("get",),
    "/users/{username}": ("get",),
    "/users/{username}/repos": ("get",),
    "/user/repos": ("get", "post"),
    "/orgs/{org}": ("get",),
    "/orgs/{org}/repos": ("get", "post"),
    "/search/repositories": ("get",),
    REPO: ("get", "patch", "delete"),
    f"{REPO}/commits": ("get",),
    f"{REPO}/commits/{{ref}}": ("get",),
    f"{REPO}/compare/{{basehead}}": ("get",),
    f"{REPO}/contents/{{path}}": ("get", "put"),
    f"{REPO}/git/blobs": ("post",),
    f"{REPO}/git/trees": ("post",),
    f"{REPO}/git/trees/{{tree_sha}}": ("get",),
    f"{REPO}/git/commits": ("post",),
    f"{REPO}/git/commits/{{commit_sha}}": ("get",),
    f"{REPO}/git/ref/{{ref}}": ("get",),
    f"{REPO}/git/refs": ("post",),
    f"{REPO}/git/refs/{{ref}}": ("patch",),
    f"{REPO}/pages": ("get", "post", "put", "delete"),
    f"{REPO}/pages/builds": ("get", "post"),
    f"{REPO}/pages/builds/latest": ("get",),
    f"{REPO}/pages/builds/{{build_id}}": ("get",),
    f"{REPO}/deployments": ("get",),
    f"{REPO}/deployments/{{deployment_id}}/statuses": ("get",),
    f"{REPO}/actions/permissions": ("get",),
    f"{REPO}/actions/runs": ("get",),
    f"{REPO}/actions/runs/{{run_id}}/jobs": ("get",),
    f"{REPO}/actions/jobs/{{job_id}}/logs": ("get",),
    f"{REPO}/check-runs/{{check_run_id}}/annotations": ("get",),
}

#: Codes that GitHub answers with though the description of the call may not name them: accepted by us, not by the
#: description.
UNDOCUMENTED_CODES: Mapping[int, str] = {
    301: "a renamed repository",
    304: "nothing new since the ETag",
    307: "a renamed repository, for a write",
    401: "no token, or a revoked one",
    403: "a limit, or a permission that the token lacks",
    404: "not there, or not for this token",
    409: "an empty repository",
    422: "a state in which the call makes no sense",
    429: "a limit",
    500: "GitHub's own trouble",
    502: "GitHub's own trouble",
    503: "GitHub's own trouble",
    504: "GitHub's own trouble",
}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as they went over the wire; `template` is the description's path, `parameters` its
    values."""

    method: str
    template: str
    parameters: Mapping[str, str]
    query: str
    request_type: str
    request: bytes
    status: int
    answer_type: str
    answer: bytes
    genuine: bool = True  # False: a fault's answer, which is meant to be odd; only the request is checked


class Description:
    """Checks exchanges; thread-safe."""

    def __init__(self) -> None:
        self.data = _strict(json.loads(DATA.read_text()))
        self._app = OpenAPI.from_dict(self.data, config=Config(spec_validator_cls=None))

    def violations(self, exchange: Exchange) -> list[str]:
        """Return what is wrong with an exchange by the description, in sentences."""
        name = f"{exchange.method} {exchange.template}"
        operation = self.data["paths"].get(exchange.template, {}).get(exchange.method.lower())
        if operation is None:
            return [f"{name} is not in the description"]
        request = _request(exchange)
        found = [f"{name}: request: {_sentence(error)}" for error in self._app.iter_request_errors(request)]
        found += [f"{name}: request: unknown parameter {key!r}" for key in self._unknown(exchange, operation)]
        if "requestBody" not in operation and exchange.request.strip() not in (b"", b"{}"):
            found.append(f"{name}: request: it takes no body")
        return found + (self._wrong_answer(name, exchange, operation, request) if exchange.genuine else [])

    def _wrong_answer(
        self, name: str, exchange: Exchange, operation: Mapping[str, Any], request: MockRequest
    ) -> list[str]:
        if str(exchange.status) in operation["responses"]:
            answer = MockResponse(exchange.answer, exchange.status, content_type=exchange.answer_type)
            errors = self._app.iter_response_errors(request, answer) if exchange.answer else ()
            return [f"{name}: answer {exchange.status}: {_sentence(error)}" for error in errors]
        if exchange.status in UNDOCUMENTED_CODES:
            return []
        return [f"{name}: answer {exchange.status} is in neither the description nor our list"]

    def _unknown(self, exchange: Exchange, operation: Mapping[str, Any]) -> list[str]:
        known = {self._resolved(parameter)["name"] for parameter in operation.get("parameters", ())}
        return [key for key, _ in parse_qsl(exchange.query, keep_blank_values=True) if key not in known]

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        return _at(self.data, node["$ref"]) if "$ref" in node else node


@cache
def description() -> Description:
    """Return the description, loaded once a process."""
    return Description()


def _request(exchange: Exchange) -> MockRequest:
    # A slash in a value is encoded, or no template of the description would match.
    path = exchange.template
    for name, value in exchange.parameters.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return MockRequest(
        "https://api.github.com",
        exchange.method,
        path,
        args=dict(parse_qsl(exchange.query)),
        view_args=dict(exchange.parameters),
        data=exchange.request,
        content_type=exchange.request_type,
    )


def _sentence(error: BaseException) -> str:
    cause: BaseException | None = error
    said = [str(error)[:300]]
    while cause is not None:
        said += [
            f"{'/'.join(map(str, inner.absolute_path)) or 'the body'}: {inner.message[:300]}"
            for inner in getattr(cause, "schema_errors", ())
        ]
        cause = cause.__cause__
    return "; ".join(dict.fromkeys(said))


# --- Stricter than the data


def _strict(data: dict[str, Any]) -> dict[str, Any]:
    _nullables(data)
    for item in data["paths"].values():
        for operation in item.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                _closed_bodies(media["schema"])
    return data


def _nullables(node: object) -> None:
    """Let a nullable enumeration or choice be null: OpenAPI 3.0 wants null among its values, GitHub left it out."""
    if isinstance(node, dict):
        if node.get("nullable") is True:
            _with_null(node)
        for inner in node.values():
            _nullables(inner)
    elif isinstance(node, list):
        for inner in node:
            _nullables(inner)


def _with_null(schema: dict[str, Any]) -> None:
    if None not in schema.get("enum", [None]):
        schema["enum"].append(None)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            schema[choice].append({"nullable": True, "enum": [None]})


def _closed_bodies(schema: object) -> None:
    """Refuse fields of a request that the description does not name: as it stands, a typing error would pass."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in [*schema.get("properties", {}).values(), schema.get("items")]:
            _closed_bodies(inner)


# --- Pruning


def prune(whole: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the description of PATHS alone, with the components that they refer to and without prose and examples."""
    paths = {
        path: {method: _bare(whole["paths"][path][method]) for method in methods} for path, methods in PATHS.items()
    }
    info = {
        "title": whole["info"]["title"],
        "version": whole["info"]["version"],
        "license": whole["info"]["license"],
        "x-source": f"npm package @octokit/openapi {version}, MIT, pruned by tests/doubles/github/description.py",
    }
    pruned: dict[str, Any] = {"openapi": whole["openapi"], "info": info, "paths": paths, "components": {}}
    waiting = list(_references(paths))
    while waiting:
        reference = waiting.pop()
        _, _, kind, name = reference.split("/")
        kept = pruned["components"].setdefault(kind, {})
        if name not in kept:
            kept[name] = _bare(_at(whole, reference))
            waiting.extend(_references(kept[name]))
    return pruned


def _bare(node: Any, *, names: bool = False) -> Any:
    """Copy without prose and examples. `names`: the keys are names of fields, which may be called so too."""
    if isinstance(node, list):
        return [_bare(inner) for inner in node]
    if not isinstance(node, dict):
        return deepcopy(node)
    dropped = {"examples", "example", "summary", "externalDocs", "x-github", "tags", "title"}
    return {
        key: "" if key == "description" and isinstance(inner, str) else _bare(inner, names=key == "properties")
        for key, inner in node.items()
        if names or not (key in dropped or key.startswith("x-") or (key == "description" and "type" in node))
    }


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)


def _at(data: dict[str, Any], reference: str) -> dict[str, Any]:
    found: Any = data
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def main(arguments: list[str]) -> None:
    """Write the pruned description from GitHub's whole one."""
    source, version = arguments
    pruned = prune(json.loads(Path(source).read_text()), version)
    DATA.write_text(json.dumps(pruned, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{DATA.name}: {len(pruned['paths'])} paths, {DATA.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
