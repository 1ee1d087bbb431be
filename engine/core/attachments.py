"""Files that came with a request: reading their data URIs, and telling a model about them without pasting them whole."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from engine.core.pictures import picture_line
from engine.core.tables import table_shape
from engine.core.workbooks import is_workbook

if TYPE_CHECKING:
    from engine.core.brief import AttachedFile

HEAD_LINES = 40
HEAD_CHARACTERS = 3_000
LINE_CHARACTERS = 300
_HEADINGS = 40
_SHAPE_DEPTH = 4
_SHAPE_KEYS = 25

_SPACE = re.compile(rb"\s+")
_TABLE = re.compile(r"\.(?:csv|tsv)$", re.IGNORECASE)
_MARKDOWN = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(\S.{0,120})")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")


def parse_data_uri(url: str) -> tuple[str, bytes]:
    """Return the media type (lower case, `text/plain` where none is named) and the bytes of a `data:` URI.

    Lenient with base64: white space, missing padding and the URL-safe alphabet are fine (https://www.rfc-editor.org/rfc/rfc2397).
    Raises ValueError with a sentence.
    """
    scheme, colon, rest = url.strip().partition(":")
    header, comma, payload = rest.partition(",")
    if scheme.lower() != "data" or not colon or not comma:
        raise ValueError("This is not a data URI: it must look like data:<media type>;base64,<data>.")
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    try:
        content = unquote_to_bytes(payload)
    except UnicodeEncodeError:
        raise ValueError("The data URI holds characters that are no text.") from None
    if "base64" in (media_type, *parameters):
        content = _decoded_base64(content)
    return (media_type if "/" in media_type else "text/plain"), content


def describe(file: AttachedFile) -> str:
    """Return what a prompt says about a file: a line of name, media type and size; for text its shape and its head; never base64."""
    first = f"{file.name} ({file.media_type}, {len(file.content):,} bytes)"
    if file.note:
        first = f"{first}\n{file.note}"
    if is_workbook(file):
        return first if file.note else f"{first}\nA binary file."
    text = _text_of(file)
    if text is None:
        picture = picture_line(file.content)
        told = (
            [picture, f'Show it so: <img src="{quote(file.name)}" alt="what it shows">']
            if picture
            else ["A binary file."]
        )
        return "\n".join([first, *told])
    return "\n".join([first, *_shape_of(file, text), "Its head:", *_head(text)])


def _decoded_base64(payload: bytes) -> bytes:
    digits = _SPACE.sub(b"", payload).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        raise ValueError("The data URI says base64, but what follows is not base64.") from None


def _text_of(file: AttachedFile) -> str | None:
    """Return the content as text, None for a binary file. Old spreadsheets write Windows' code page."""
    if b"\0" in file.content:
        return None
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return file.content.decode("cp1252", errors="replace") if file.media_type.startswith("text/") else None


def _shape_of(file: AttachedFile, text: str) -> list[str]:
    if _TABLE.search(file.name) or file.media_type in {"text/csv", "text/tab-separated-values"}:
        return table_shape(text)
    if file.name.lower().endswith(".json") or file.media_type.endswith(("/json", "+json")):
        try:
            shape = _json_shape(json.loads(text), _SHAPE_DEPTH)
            read = f"fetch({json.dumps(file.name)}).then((response) => response.json()).then((data) => {{ … }});"
            return [f"JSON: {shape}", f"Read it so: {read}"]
        except (ValueError, RecursionError):
            return ["It is called JSON but does not parse."]
    if _MARKDOWN.search(file.name) or file.media_type == "text/markdown":
        return _headings(text)
    return []


def _headings(text: str) -> list[str]:
    """Return the outline of a Markdown text; what stands between fences is code."""
    found: list[str] = []
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (heading := _HEADING.match(line)):
            found.append(f"{'  ' * (len(heading[1]) - 1)}{heading[2].rstrip('# ')}")
    more = [f"and {len(found) - _HEADINGS} more"] if len(found) > _HEADINGS else []
    return ["Its headings:", *found[:_HEADINGS], *more] if found else []


def _json_shape(value: object, depth: int) -> str:
    match value:
        case dict() if depth:
            inner = [
                f"{str(key)[:60]}: {_json_shape(item, depth - 1)}" for key, item in list(value.items())[:_SHAPE_KEYS]
            ]
            return "{" + ", ".join(inner) + (", …" if len(value) > _SHAPE_KEYS else "") + "}"
        case list() if depth and value:
            return f"[{len(value)} of {_json_shape(value[0], depth - 1)}]"
        case dict() | list():
            return f"{'object' if isinstance(value, dict) else 'array'} of {len(value)}"
        case None | bool():
            return "null" if value is None else "true/false"
        case str():
            return "text"
        case _:
            return "number"


def _head(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    kept: list[str] = []
    left = HEAD_CHARACTERS
    for line in lines[:HEAD_LINES]:
        shown = line.rstrip("\r")
        if len(shown) > LINE_CHARACTERS:
            shown = f"{shown[:LINE_CHARACTERS]} … [line cut here]"
        left -= len(shown) + 1
        if left < 0:
            break
        kept.append(shown)
    cut = len(lines) - len(kept)
    return [*kept, f"[cut here: {cut} more lines]"] if cut else kept
