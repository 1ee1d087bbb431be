"""Reads the response of a data address: whether it is data, its published name, and its description in a prompt."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from engine.domain.addresses import is_private_host
from engine.domain.brief import AttachedFile, Source
from engine.domain.http import cors_problem
from engine.domain.paths import attachment_name
from engine.formats.json_outline import json_outline
from engine.formats.markup import begins_as_page
from engine.formats.text_encoding import decode, with_charset
from engine.inputs.workbooks import is_workbook

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from engine.domain.http import Answer

LARGEST_DATA = 20_000_000
DATA_SUFFIXES = ("json", "geojson", "jsonl", "ndjson", "csv", "tsv", "txt", "xml", "yaml", "yml", "md", "xlsx")

_TYPES = {
    "application/json": "json",
    "application/geo+json": "geojson",
    "application/x-ndjson": "ndjson",
    "text/json": "json",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/markdown": "md",
    "application/yaml": "yaml",
}
_IS_PAGE = "it answered with a page (HTML) in place of data"
_DATA_NAME = re.compile(rf"\.(?:{'|'.join(DATA_SUFFIXES)})$", re.IGNORECASE)

#: What a data file's note says where a page of another site gets no answer.
CORS_REFUSED = "No page of another site gets this address's answer in a browser"

#: Names of the page's own files. A fetched file never gets one of them.
PAGE_FILES = (
    "index.html",
    "README.md",
    "LICENSE",
    ".nojekyll",
    "style.css",
    "styles.css",
    "script.js",
    "app.js",
    "main.js",
)


class NoDataError(ValueError):
    """A response is not data; the message completes a sentence. `is_page`: it is a page for people."""

    def __init__(self, why: str, *, is_page: bool = False) -> None:
        super().__init__(why)
        self.is_page = is_page


def is_data_name(name: str) -> bool:
    return _DATA_NAME.search(name) is not None


def read_answer(answer: Answer) -> str:
    """Return the suffix that fits the response (json, csv, txt, …). Raises NoDataError."""
    if answer.status != 200:
        raise NoDataError(f"it answered HTTP {answer.status}")
    if answer.truncated:
        raise NoDataError(f"it is larger than {LARGEST_DATA:,} bytes")
    if not answer.body.strip():
        raise NoDataError("the answer was empty")
    media_type = media_type_of(answer)
    if media_type in {"text/html", "application/xhtml+xml"}:
        raise NoDataError(_IS_PAGE, is_page=True)
    if is_workbook(AttachedFile("", "", answer.body)):
        return "xlsx"
    return _text_suffix(answer, media_type)


def media_type_of(answer: Answer) -> str:
    """Return a response's media type in lower case, without parameters."""
    return answer.headers.get("content-type", "").split(";")[0].strip().lower() or "application/octet-stream"


def full_media_type_of(answer: Answer) -> str:
    """Return a response's media type, with its charset unless that is UTF-8."""
    return with_charset(media_type_of(answer), answer.headers.get("content-type", ""))


def file_name(url: str, planned: str, suffix: str, taken: Collection[str]) -> str:
    """Return the name for a fetched file: `planned` if it fits, else from the URL's path; never one of `taken`."""
    if planned and _suits(planned, suffix):
        wanted = planned
    else:
        parts = urlsplit(url)
        last = unquote(posixpath.basename(parts.path.rstrip("/"))) or (parts.hostname or "data")
        wanted = last if _suits(last, suffix) else f"{_worded(last)}.{suffix}"
    name, _ = attachment_name(wanted, 1, taken)
    return name


def browser_problem(answer: Answer, url: str, origin: str) -> str:
    """Return why a page of `origin` does not get this answer in a browser, as a clause; "" if it gets it."""
    asked = urlsplit(url)
    if asked.scheme == "http" and origin.startswith("https:") and not is_private_host(asked.hostname or ""):
        return "a page on https may not ask an address on http"
    return cors_problem(answer.headers, origin)


def as_file(
    answer: Answer, url: str, planned: str, taken: Collection[str], *, now: datetime, live: bool, cors: str = ""
) -> AttachedFile:
    """Return a response as a file of the round. Raises NoDataError.

    `live`: the page also requests the address itself. `cors` is the result of `browser_problem`.
    """
    name = file_name(url, planned, read_answer(answer), taken)
    note = (
        f"Fetched by the service from {url} on {now:%Y-%m-%d} at {now:%H:%M} UTC, as the brief names it; published "
        f"as {name}. "
    )
    note += f"{_refusal(cors)} " if cors else ""
    return AttachedFile(name, full_media_type_of(answer), answer.body, Source.ADDRESS, url, note + _use(live=live))


def _refusal(cors: str) -> str:
    return (
        f"{CORS_REFUSED}: {cors}. A page that asks it goes by the proxy that the brief names, or says in its message "
        "that this address answers no page of another site."
    )


def _use(*, live: bool) -> str:
    if live:
        return (
            "It is an example of what the address answers. The page asks the address itself at run time, when and as "
            "the brief says, and says so where it gets no answer. Never invent figures."
        )
    return (
        "The page reads this file at run time and does not ask the address; never type, recall or invent its figures. "
        "Where a check wants the address itself asked, ask it, and read this file where that fails."
    )


def _text_suffix(answer: Answer, media_type: str) -> str:
    decoded = decode(answer.body, answer.headers.get("content-type", ""))
    if decoded is None:
        raise NoDataError(f"it answered with something that is no text ({media_type})")
    text = decoded.text
    if begins_as_page(text):
        raise NoDataError(_IS_PAGE, is_page=True)
    suffix = _TYPES.get(media_type, "json" if media_type.endswith("+json") else "")
    path = urlsplit(answer.url).path
    if not suffix and (found := _DATA_NAME.search(path)):
        suffix = found[0][1:].lower()
    if suffix in {"json", "geojson"} or (not suffix and text.lstrip()[:1] in {"{", "["}):
        return _json_suffix(text, suffix)
    if not suffix and not media_type.startswith("text/plain") and media_type != "application/octet-stream":
        raise NoDataError(f"it answered with {media_type}, which is no data")
    return suffix or "txt"


def _json_suffix(text: str, suffix: str) -> str:
    """Return the suffix of JSON, also of JSON that a page reads with code of ours: JSON Lines, comments, NaN."""
    if json_outline(text).shape:
        return suffix or "json"
    if suffix:
        raise NoDataError("it answered with JSON that does not parse")
    return "txt"


def _suits(name: str, suffix: str) -> bool:
    """Say whether a file's name fits data of this type."""
    own = name.rpartition(".")[2].lower()
    return own == suffix or (suffix in {"json", "txt"} and is_data_name(name) and own not in {"csv", "xlsx"})


def _worded(text: str) -> str:
    return re.sub(r"[^\w-]+", "-", text).strip("-") or "data"
