"""Makes the plan of a round for which no model gave one, without an understanding of the request."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from engine.plan import allowed
from engine.plan.schema import MOST_DATA, DataAddress, FileSource, PlannedFile, RequestPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.plan.allowed import PlanRequest

#: Attachments of these types are code. A brief that names one may want a change of it.
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
    r"https?://[^\s\"'`<>()\[\]{}]+\.(?:json|geojson|jsonl|ndjson|csv|tsv|txt|xml|xlsx)"
    r"(?=[\s\"'`<>()\[\]{},;:!?]|\.?(?:\s|$))",
    re.IGNORECASE,
)


def fallback_plan(request: PlanRequest) -> RequestPlan:
    """Return a plan with the usual files, the attachments and the addresses with a data suffix, but without checks."""
    files: dict[str, PlannedFile] = {name: _attached(name, request) for name in sorted(request.attachments)}
    return RequestPlan(files=(*files.values(), *allowed.always(request, files)), data=tuple(_addresses(request)))


def _attached(name: str, request: PlanRequest) -> PlannedFile:
    """Plan an attachment unchanged. index.html, and code that the request names, may get a new version."""
    code = posixpath.splitext(name)[1].lower() in _CODE and name in request.words
    changed = code or name == "index.html"
    return PlannedFile(path=name, source=FileSource.CHANGED if changed else FileSource.ATTACHMENT, origin=name)


def _addresses(request: PlanRequest) -> Iterator[DataAddress]:
    found = dict.fromkeys(match[0].rstrip(".") for match in _DATA.finditer(request.words))
    for url in list(found)[:MOST_DATA]:
        permitted = allowed.address(DataAddress(url=url), request)
        if permitted.value is not None:
            yield permitted.value
