"""Describes files for a prompt, and names the defects of attachments for their sender."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from engine.formats.markdown import headings
from engine.formats.pictures import picture_line
from engine.formats.text_encoding import binary_type
from engine.inputs.excerpts import excerpt, excerpt_of_entries, is_shown_whole
from engine.inputs.file_formats import format_of, misnamed, text_of
from engine.inputs.workbooks import is_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.domain.brief import AttachedFile
    from engine.formats.json_lists import Entries
    from engine.formats.json_outline import JsonOutline
    from engine.formats.tables import Table

#: The longest description of a file, in characters.
ROOM = 9_000

#: A page that reads a larger file, in bytes, loads slowly; in the check browser 5 MB take 2 s and 20 MB half a minute.
LARGE_FOR_PAGES = 2_000_000
_TOO_LARGE = "It is large for a page to read: where it can, the page reads a smaller file that is computed from it."

_EXCERPT_LABELS = 400  # characters that an excerpt adds to the file's
_HEADINGS = 40
_HEADINGS_CHARACTERS = 1_500
_LONGEST_HEADING = 120

_MARKDOWN = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)


@dataclass(slots=True)
class _Content:
    """A text's format: `summary` in a line or two, all `facts` in lines, and its `fault` as a clause about the file.

    `entries` are those of a list that is not shown whole.
    """

    summary: Sequence[str] = ()
    facts: list[str] = field(default_factory=list)
    fault: str = ""
    entries: Entries | None = None

    def beside(self, other: str) -> _Content:
        """Return the format without its clause on the file's name if `other` says what the file is called."""
        if not other or not self.fault.startswith("is called"):
            return self
        said = f"It {self.fault}."
        facts = [fact for fact in self.facts if fact != said]
        return _Content([line for line in self.summary if line != said], facts, "", self.entries)


_LARGE = 200_000  # bytes
_MOST_KNOWN = 20
_KNOWN: dict[tuple[str, str, bytes], _Content] = {}


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
    text = text_of(file)
    if other := misnamed(file, text):
        lines.append(f"It {other}.")
    if text is None:
        return _within([*lines, *_binary(file)], room)
    content = _content(file, text.text).beside(other)
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
    text = text_of(file)
    found = [misnamed(file, text)]
    if text:
        found += [text.fault(), _content(file, text.text).beside(found[0]).fault]
    said = "; it ".join(dict.fromkeys(filter(None, found)))
    return f"{file.name} {said}." if said else ""


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
    kind = binary_type(file.content)
    return [f"A binary file: {kind}." if kind else "A binary file."]


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
    found = format_of(file, text)
    if found.outline:
        return _json_content(found.outline)
    if found.table:
        return _table_content(found.table)
    said = [f"It {found.fault}."] if found.fault else []
    return _Content(said, said, found.fault)


def _json_content(outline: JsonOutline) -> _Content:
    fault = [f"It {outline.fault}."] if outline.fault else []
    shape = [outline.shape] if outline.shape else []
    return _Content([*fault, *shape], [*fault, *shape, *outline.fields], outline.fault, outline.entries)


def _table_content(table: Table) -> _Content:
    return _Content([table.summary(), table.names_line()], table.facts(), table.fault())


def _headings(text: str) -> list[str]:
    """Return the headings of a Markdown text as an indented list."""
    found = [f"{'  ' * (one.level - 1)}{one.title[:_LONGEST_HEADING]}" for one in headings(text)]
    more = [f"and {len(found) - _HEADINGS:,} more"] if len(found) > _HEADINGS else []
    return ["Its headings:", *found[:_HEADINGS], *more] if found else []
