"""Checks what a plan asks for: it must not widen what the service would do anyway, since strangers write requests.

Workflow files are the one exception. Only a plan can ask for them, and only if the request itself names their folder
or the repository holds the file already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.domain.addresses import is_private_host, parse_url, port_problem
from engine.domain.paths import WORKFLOWS, UnsafePath, clashes, is_workflow, safe_path
from engine.plan.schema import DataAddress, FileSource, PlannedFile
from engine.site.computed import BUILD_SCRIPT
from engine.site.repository_files import OF_THE_SERVICE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.domain.checks import Check

#: Every repository holds these files.
ALWAYS = ("index.html", "README.md", "LICENSE")
#: The sources that a page, a README and a build script cannot have.
_NOT_WRITTEN = frozenset({FileSource.CONVERTED, FileSource.COMPUTED, FileSource.WORKFLOW_OUTPUT})
#: Files that configure the forge, in lower case: a custom domain would change the page's address.
_FORGE_SETTINGS = frozenset({"cname"})
_PLACEHOLDER = re.compile(r"[{}<>$*\[\]…]|\.\.\.|%7[bd]", re.IGNORECASE)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """The request that a plan is checked against. `words` are the brief and the checks, `attachments` file names.

    `missing` are attachments that could not be fetched, `present` the paths of the repository that a later round
    changes. `allow_private` allows addresses on private networks.
    """

    words: str
    checks: tuple[Check, ...]
    attachments: frozenset[str] = frozenset()
    workbooks: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Permitted(Generic[Value]):
    """An item that may be used, or None. `reason` says how it was changed or why it is refused, else it is ""."""

    value: Value | None
    reason: str = ""


def file(planned: PlannedFile, request: PlanRequest, files: Mapping[str, PlannedFile]) -> Permitted[PlannedFile]:
    """Check a planned file against the request and the files before it in the plan."""
    try:
        path = _path(planned.path, request)
    except UnsafePath as error:
        return Permitted(None, f"the path {error.reason}")
    if path in files:
        return Permitted(None, "it is planned twice; the first counts")
    if clashes(path, files):
        return Permitted(None, "it differs from a file before it only in case, or one is the folder of the other")
    if {path, planned.origin} & (request.missing - request.present):
        return Permitted(None, "it is made of an attachment that could not be had")
    planned = planned.model_copy(update={"path": path})
    if path in OF_THE_SERVICE:
        return Permitted(planned.model_copy(update={"source": FileSource.SERVICE}))
    return _sourced(planned, request)


def always(request: PlanRequest, files: Collection[str]) -> Iterator[PlannedFile]:
    """Yield the files of ALWAYS that a plan lacks."""
    for path in ALWAYS:
        if path not in files:
            written = FileSource.CHANGED if path in request.attachments else FileSource.WRITE
            yield PlannedFile(path=path, source=FileSource.SERVICE if path in OF_THE_SERVICE else written)


def absent(path: str, files: Sequence[PlannedFile]) -> Permitted[str]:
    """Check a path that must not be committed."""
    path = path.removeprefix("./")
    planned = [file for file in files if file.path == path or (path.endswith("/") and file.path.startswith(path))]
    if path in ALWAYS:
        return Permitted(None, "every repository holds this file")
    if any(file.source is not FileSource.WORKFLOW_OUTPUT for file in planned):
        return Permitted(None, "the plan lists it among the files too")
    if not path.strip() or len(path) > 240:
        return Permitted(None, "it is no path")
    return Permitted(path)


def address(planned: DataAddress, request: PlanRequest) -> Permitted[DataAddress]:
    """Check an address of data. The request must contain its host, since a model may remember another address."""
    if _PLACEHOLDER.search(planned.url):
        return Permitted(None, "it is a pattern and not an address")
    try:
        target = parse_url(planned.url.strip())
    except ValueError as error:
        return Permitted(None, str(error))
    if not request.allow_private and is_private_host(target.host):
        return Permitted(None, "its host is on a private network")
    if problem := port_problem(target):
        return Permitted(None, problem)
    if target.host not in request.words.lower():
        return Permitted(None, "the request does not name its host")
    try:
        name = safe_path(planned.name) if planned.name else ""
    except UnsafePath:
        name = ""
    return Permitted(planned.model_copy(update={"url": planned.url.strip(), "name": name}))


def _path(raw: str, request: PlanRequest) -> str:
    """Return a safe path. Raises UnsafePath."""
    path = raw.removeprefix("./")
    if is_workflow(path):
        if WORKFLOWS not in request.words and path not in request.present:
            raise UnsafePath("is a workflow's, and the request does not name that folder")
        return path
    if path.lower() in _FORGE_SETTINGS:
        raise UnsafePath("is one that the forge itself reads")
    return safe_path(path)


def _sourced(planned: PlannedFile, request: PlanRequest) -> Permitted[PlannedFile]:
    """Correct a file's source by the attachments, the present files and the workbooks of the request."""
    always = planned.path in {*ALWAYS, BUILD_SCRIPT}
    if planned.source is FileSource.SERVICE or (always and planned.source in _NOT_WRITTEN):
        planned = planned.model_copy(update={"source": FileSource.WRITE})
    match planned.source:
        case FileSource.ATTACHMENT | FileSource.CHANGED:
            return _from_attachment(planned, request)
        case FileSource.CONVERTED:
            return _converted(planned, request)
        case _ if planned.path in request.attachments:
            own = FileSource.CHANGED if planned.path == "index.html" else FileSource.ATTACHMENT
            note = "" if own is FileSource.CHANGED else "it is an attachment, which stays as it came"
            return Permitted(planned.model_copy(update={"source": own, "origin": planned.path}), note)
        case _:
            return Permitted(planned)


def _from_attachment(planned: PlannedFile, request: PlanRequest) -> Permitted[PlannedFile]:
    names = request.attachments | (request.present if planned.source is FileSource.CHANGED else frozenset())
    origin = next((name for name in (planned.origin, planned.path) if name in names), "")
    if origin:
        return Permitted(planned.model_copy(update={"origin": origin}))
    written = planned.model_copy(update={"source": FileSource.WRITE, "origin": ""})
    return Permitted(written, "there is no such attachment: the file is written")


def _converted(planned: PlannedFile, request: PlanRequest) -> Permitted[PlannedFile]:
    books = sorted(request.workbooks)
    origin = planned.origin if planned.origin in request.workbooks else books[0] if len(books) == 1 else ""
    if origin:
        return Permitted(planned.model_copy(update={"origin": origin}))
    written = planned.model_copy(update={"source": FileSource.WRITE, "origin": "", "sheet": ""})
    return Permitted(written, "there is no such workbook: the file is written")
