"""Parses the data URIs of attachments, and describes files for a prompt."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from engine.formats.json_outline import json_lines_outline, json_outline
from engine.formats.markdown import headings
from engine.formats.pictures import picture_line
from engine.formats.tables import is_regular, read_table
from engine.formats.text_encoding import decode, with_charset
from engine.inputs.excerpts import excerpt, excerpt_of_entries, is_shown_whole
from engine.inputs.workbooks import is_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.domain.brief import AttachedFile
    from engine.formats.json_lists import Entries
    from engine.formats.json_outline import JsonOutline
    from engine.formats.text_encoding import DecodedText

#: The longest description of a file, in characters.
ROOM = 9_000

#: A page that reads a larger file, in bytes, loads slowly; in the check browser 5 MB take 2 s and 20 MB half a minute.
LARGE_FOR_PAGES = 2_000_000
_TOO_LARGE = "It is large for a page to read: where it can, the page reads a smaller file that is computed from it."

_EXCERPT_LABELS = 400  # characters that an excerpt adds to the file's
_HEADINGS = 40
_HEADINGS_CHARACTERS = 1_500
_LONGEST_HEADING = 120

_SPACE = re.compile(rb"\s+")
_LINE_ENDS = re.compile(rb"[\r\n]+")
_TABLE = re.compile(r"\.(?:csv|tsv|tab|xls)$", re.IGNORECASE)
_TABLE_TYPES = ("text/csv", "application/csv", "text/tab-separated-values", "application/vnd.ms-excel")
_JSON = re.compile(r"\.(?:json|geojson|webmanifest|ipynb)$", re.IGNORECASE)
_JSON_LINES = re.compile(r"\.(?:jsonl|ndjson)$", re.IGNORECASE)
_MARKDOWN = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)
_UNSPECIFIC_NAME = re.compile(r"\.(?:txt|dat|data|bin)$|^[^.]*$", re.IGNORECASE)

#: Types of binary files by their first bytes (https://en.wikipedia.org/wiki/List_of_file_signatures).
_SIGNATURES = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3\0", "SQLite"),
    (b"\0asm", "WebAssembly"),
    (b"wOFF", "WOFF"),
    (b"wOF2", "WOFF2"),
    (b"ID3", "MP3"),
    (b"OggS", "Ogg"),
    (b"PAR1", "Parquet"),
)


@dataclass(slots=True)
class _Content:
    """A text's format: `summary` in a line or two, all `facts` in lines, and its `fault` as a clause about the file.

    `entries` are those of a list that is not shown whole.
    """

    summary: Sequence[str] = ()
    facts: list[str] = field(default_factory=list)
    fault: str = ""
    entries: Entries | None = None


_LARGE = 200_000  # bytes
_MOST_KNOWN = 20
_KNOWN: dict[tuple[str, str, bytes], _Content] = {}


def parse_data_uri(url: str) -> tuple[str, bytes]:
    """Parse a `data:` URI into its media type (lower case, by default `text/plain`) and its bytes.

    A `charset` other than UTF-8 stays in the media type. Base64 (https://www.rfc-editor.org/rfc/rfc2397) may hold white
    space, lack padding, use the URL-safe alphabet, or have blanks for plus signs, which form decoding makes.
    Raises ValueError with a sentence.
    """
    scheme, colon, rest = url.lstrip().partition(":")
    header, comma, payload = rest.partition(",")
    if scheme.lower() != "data" or not colon or not comma:
        raise ValueError("This is not a data URI: it must look like data:<media type>;base64,<data>.")
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    is_base64 = "base64" in (media_type, *parameters)
    try:
        content = unquote_to_bytes(payload if is_base64 else payload.rstrip())
    except UnicodeEncodeError:
        raise ValueError("The data URI holds characters that are no text.") from None
    if is_base64:
        content = _decoded_base64(content)
    return with_charset(media_type if "/" in media_type else "text/plain", header), content


def describe(file: AttachedFile, *, shown_before: bool = False, room: int = ROOM) -> str:
    """Describe a file for a prompt, in at most `room` characters after the first line; never as base64.

    The first line has name, media type and size. Of a text follow the facts for a program that reads it, then the whole
    text or its first and last lines. `shown_before`: the model has seen the content, so the text itself is left out.
    """
    size = f"{len(file.content):,} bytes"
    first = f"{file.name} ({f'{file.media_type}, ' if file.media_type else ''}{size})"
    note = file.note.partition("\n")[0] if shown_before else file.note
    lines = [first, *([note] if note else [])]
    if quote(file.name) != file.name:
        lines.append(f"Its address, relative to the page: {quote(file.name)}")
    text = _text_of(file)
    if text is None:
        return _within([*lines, *_binary(file)], room)
    content = _content(file, text.text)
    if len(file.content) > LARGE_FOR_PAGES:
        lines.append(_TOO_LARGE)
    if shown_before:
        return _within([*lines, *text.facts(), *content.summary], room)
    lines += [*text.facts(), *content.facts]
    left = room - len("\n".join(lines)) - _EXCERPT_LABELS
    if _is_markdown(file) and not is_shown_whole(text.text, left):
        outline = _within(_headings(text.text), _HEADINGS_CHARACTERS)
        lines.append(outline)
        left -= len(outline)
    if content.entries and not is_shown_whole(text.text, left):
        return _within([*lines, *excerpt_of_entries(content.entries, left)], room)
    return _within([*lines, *excerpt(text.text, left)], room)


def fault(file: AttachedFile) -> str:
    """Return a sentence on a defect for the file's sender, such as an empty file or invalid JSON; else ""."""
    if not file.content:
        return f"{file.name} is empty."
    text = _text_of(file)
    found = _content(file, text.text).fault if text else ""
    return f"{file.name} {found}." if found else ""


def _decoded_base64(payload: bytes) -> bytes:
    digits = _with_plus_signs(payload).replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        raise ValueError("The data URI says base64, but what follows is not base64.") from None


def _with_plus_signs(payload: bytes) -> bytes:
    """Return base64 without white space. Blanks become plus signs if only then the length is valid for base64."""
    first, *lines = _LINE_ENDS.split(payload)
    joined = b"".join([first.rstrip(), *(line.strip() for line in lines[:-1]), lines[-1].lstrip()]) if lines else first
    without = _SPACE.sub(b"", joined)
    blanks_count = len(joined) % 4 == 0 and (len(without) % 4 != 0 or not without)
    return joined.replace(b" ", b"+") if blanks_count else without


def _text_of(file: AttachedFile) -> DecodedText | None:
    """Return a file's text; None for a picture, a workbook or another binary file."""
    return None if is_workbook(file) or picture_line(file.content) else decode(file.content, file.media_type)


def _within(lines: Iterable[str], room: int) -> str:
    """Return the first line, and as many of the other lines as there is room for."""
    first, *rest = "\n".join(lines).split("\n")
    shown = [first]
    room -= len(first)
    for number, line in enumerate(rest):
        room -= len(line) + 1
        if room < 0:
            shown.append(f"[cut here: {len(rest) - number:,} more lines]")
            break
        shown.append(line)
    return "\n".join(shown)


def _binary(file: AttachedFile) -> list[str]:
    if picture := picture_line(file.content):
        return [picture]
    if is_workbook(file):
        return [] if file.note else ["A workbook."]
    name = next((name for signature, name in _SIGNATURES if file.content.startswith(signature)), "")
    return [f"A binary file: {name}." if name else "A binary file."]


def _is_markdown(file: AttachedFile) -> bool:
    return _MARKDOWN.search(file.name) is not None or file.media_type.startswith("text/markdown")


def _content(file: AttachedFile, text: str) -> _Content:
    """Return a text's format. That of a large file is remembered: it takes seconds, and several prompts need it."""
    if len(file.content) < _LARGE:
        return _format_of(file, text)
    key = (file.name, file.media_type, hashlib.sha256(file.content).digest())
    if key not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = _format_of(file, text)
    return _KNOWN[key]


def _format_of(file: AttachedFile, text: str) -> _Content:
    """Detect a text's format by its name and media type, or by its content if these are unspecific."""
    media_type = file.media_type.partition(";")[0]
    if _JSON_LINES.search(file.name) or media_type in {"application/x-ndjson", "application/jsonl"}:
        return _json_content(json_lines_outline(text))
    if _JSON.search(file.name) or (media_type.endswith(("/json", "+json")) and not _TABLE.search(file.name)):
        return _json_content(json_outline(text))
    is_unspecific = _UNSPECIFIC_NAME.search(file.name) is not None
    if (
        (_TABLE.search(file.name) or is_unspecific)
        and text.lstrip()[:1] in {"[", "{"}
        and (found := json_outline(text)).shape
    ):
        return _json_content(found)
    if _TABLE.search(file.name) or media_type in _TABLE_TYPES or (is_unspecific and is_regular(text)):
        return _table_content(text)
    return _Content()


def _json_content(outline: JsonOutline) -> _Content:
    fault = [f"It {outline.fault}."] if outline.fault else []
    shape = [outline.shape] if outline.shape else []
    return _Content([*fault, *shape], [*fault, *shape, *outline.fields], outline.fault, outline.entries)


def _table_content(text: str) -> _Content:
    try:
        table = read_table(text)
    except ValueError as error:
        return _Content([f"It {error}."], [f"It {error}."], str(error))
    if table is None:
        return _Content(fault="is a table without a header and rows")
    return _Content([table.summary(), table.names_line()], table.facts(), table.fault())


def _headings(text: str) -> list[str]:
    """Return the headings of a Markdown text as an indented list."""
    found = [f"{'  ' * (one.level - 1)}{one.title[:_LONGEST_HEADING]}" for one in headings(text)]
    more = [f"and {len(found) - _HEADINGS:,} more"] if len(found) > _HEADINGS else []
    return ["Its headings:", *found[:_HEADINGS], *more] if found else []
