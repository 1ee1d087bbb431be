"""The plan of a round for which a model gave none: what can be said of a request without understanding it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from engine.plan import allowed
from engine.plan.schema import MOST_DATA, DataAddress, FileSource, PlannedFile, RequestPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.plan.allowed import PlanRequest

#: Attachments of these types are code, which a brief that names them may want changed.
_CODE = frozenset(
    {
        ".py",
        ".js",
        ".mjs",
        ".ts",
        ".html",
        ".css",
        ".sql",
        ".sh",
        ".r",
        ".java",
        ".c",
        ".cpp",
        ".go",
        ".rs",
        ".rb",
        ".php",
        ".ipynb",
    }
)
_DATA = re.compile(
    r"https?://[^\s\"'`<>()\[\]{}]+\.(?:json|geojson|jsonl|ndjson|csv|tsv|txt|xml|xlsx)(?=[\s\"'`<>()\[\]{},;:!?]|\.?(?:\s|$))",
    re.IGNORECASE,
)


def fallback_plan(request: PlanRequest) -> RequestPlan:
    """Return a plan with the usual files, the attachments, and the addresses that end in a data suffix. It decides no sentence."""
    files: dict[str, PlannedFile] = {name: _attached(name, request) for name in sorted(request.attachments)}
    return RequestPlan(files=(*files.values(), *allowed.always(request, files)), data=tuple(_addresses(request)))


def _attached(name: str, request: PlanRequest) -> PlannedFile:
    """Plan an attachment as it came; code that the request names may be rewritten, and the round shows the difference."""
    code = posixpath.splitext(name)[1].lower() in _CODE and name in request.words
    changed = code or name == "index.html"
    return PlannedFile(path=name, source=FileSource.CHANGED if changed else FileSource.ATTACHMENT, origin=name)


def _addresses(request: PlanRequest) -> Iterator[DataAddress]:
    found = dict.fromkeys(match[0].rstrip(".") for match in _DATA.finditer(request.words))
    for url in list(found)[:MOST_DATA]:
        permitted = allowed.address(DataAddress(url=url), request)
        if permitted.value is not None:
            yield permitted.value
