"""Detects what a file is. Its bytes decide, then its name, then its media type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.formats.json_outline import json_lines_outline, json_outline
from engine.formats.markup import begins_as_page
from engine.formats.pictures import media_type_of
from engine.formats.tables import is_regular, read_table
from engine.formats.text_encoding import binary_type, decode
from engine.inputs.workbooks import is_workbook

if TYPE_CHECKING:
    from engine.domain.brief import AttachedFile
    from engine.formats.json_outline import JsonOutline
    from engine.formats.tables import Table
    from engine.formats.text_encoding import DecodedText

_TABLE = re.compile(r"\.(?:csv|tsv|tab|xls)$", re.IGNORECASE)
_TABLE_TYPES = ("text/csv", "application/csv", "text/tab-separated-values", "application/vnd.ms-excel")
_JSON = re.compile(r"\.(?:json|geojson|webmanifest|ipynb)$", re.IGNORECASE)
_JSON_LINES = re.compile(r"\.(?:jsonl|ndjson)$", re.IGNORECASE)
_UNSPECIFIC_NAME = re.compile(r"\.(?:txt|dat|data|bin)$|^[^.]*$", re.IGNORECASE)

_PAGE, _TEXT, _WORKBOOK, _JSON_TYPE = "an HTML page", "text", "a workbook", "JSON"

#: Names' suffixes by the type that they promise. A text type is promised to programs that read text.
_PROMISED = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "gz": "application/gzip",
    **dict.fromkeys(("xlsx", "xlsm", "xls", "xlsb", "ods"), _WORKBOOK),
    **dict.fromkeys(("csv", "tsv", "tab", "json", "geojson", "jsonl", "ndjson", "yaml", "yml", "xml"), "data"),
    **dict.fromkeys(("txt", "md", "svg", "html", "htm", "js", "css"), _TEXT),
}

#: Other names of pictures' types, by the name that `pictures` and `binary_type` give.
_SAME_TYPES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/x-icon": "image/vnd.microsoft.icon",
    "image/ico": "image/vnd.microsoft.icon",
    "image/icon": "image/vnd.microsoft.icon",
    "image/x-ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "image/tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "image/heif": "image/heic",
    "image/heif-sequence": "image/heic",
    "image/heic-sequence": "image/heic",
}
#: The types of pictures that have a signature. Bytes of others, such as image/x-portable-pixmap, may be text.
_WITH_SIGNATURE = {*_SAME_TYPES.values(), "image/gif", "image/webp", "image/avif"}
_SVG = "image/svg+xml"
_PDF = b"%PDF-"  # such a file may be ASCII from end to end


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A text's format, if it is one: a table or JSON. `fault` is a clause on why it could not be read as one."""

    table: Table | None = None
    outline: JsonOutline | None = None
    fault: str = ""


def text_of(file: AttachedFile) -> DecodedText | None:
    """Return a file's text; None for a picture, a workbook or another binary file."""
    return None if is_workbook(file) or media_type_of(file.content) else decode(file.content, file.media_type)


def misnamed(file: AttachedFile, text: DecodedText | None) -> str:
    """Return a clause on a name or media type that promises another type than the bytes have; "" if they agree."""
    suffix = file.name.rpartition(".")[2].lower() if "." in file.name else ""
    media_type = file.media_type.partition(";")[0].strip().lower()
    promised = _PROMISED.get(suffix, media_type if media_type.startswith("image/") else "")
    is_now = _type_of(file, text)
    if not promised or not file.content or _same(promised) == _same(is_now) or (promised == _TEXT and text):
        return ""
    called = f".{suffix}" if suffix in _PROMISED else promised
    if promised == "data":
        is_other = is_now not in {_TEXT, _JSON_TYPE, ""} or (is_now == _JSON_TYPE and _TABLE.search(file.name))
        return f"is called {called}, but it is {is_now}" if is_other else ""
    is_picture = promised.startswith("image/")
    if is_picture and _same(promised) not in _WITH_SIGNATURE and (is_now == _TEXT or (not is_now and promised != _SVG)):
        return ""
    if is_now:
        return f"is called {called}, but it is {is_now}"
    return f"is called {called}, but its bytes are nothing of that kind" if is_picture else ""


def _same(media_type: str) -> str:
    return _SAME_TYPES.get(media_type, media_type)


def format_of(file: AttachedFile, text: str) -> TextFormat:
    """Detect a text's format by its name and media type, or by its content if these are unspecific."""
    media_type = file.media_type.partition(";")[0]
    is_table = _TABLE.search(file.name) is not None
    if _JSON_LINES.search(file.name) or media_type in {"application/x-ndjson", "application/jsonl"}:
        return TextFormat(outline=json_lines_outline(text))
    if _JSON.search(file.name) or (media_type.endswith(("/json", "+json")) and not is_table):
        return TextFormat(outline=json_outline(text))
    is_unspecific = _UNSPECIFIC_NAME.search(file.name) is not None
    if (is_table or is_unspecific) and _begins_as_json(text):
        found = json_outline(text, is_called_json=False)
        if found.shape:
            return TextFormat(outline=found)
    if is_table or media_type in _TABLE_TYPES or (is_unspecific and is_regular(text)):
        return _table(text)
    return TextFormat()


def _table(text: str) -> TextFormat:
    try:
        table = read_table(text)
    except ValueError as error:
        return TextFormat(fault=str(error))
    return TextFormat(table, fault="" if table else "is a table without a header and rows")


def _type_of(file: AttachedFile, text: DecodedText | None) -> str:
    """Return a file's type by its bytes: a phrase, or the media type of a picture or a binary file; "" if unknown."""
    if text is None:
        return media_type_of(file.content) or (_WORKBOOK if is_workbook(file) else binary_type(file.content))
    if file.content.startswith(_PDF):
        return "application/pdf"
    if begins_as_page(text.text):
        return _PAGE
    return _JSON_TYPE if _begins_as_json(text.text) and json_outline(text.text).shape else _TEXT


def _begins_as_json(text: str) -> bool:
    return text.lstrip()[:1] in {"[", "{"}
