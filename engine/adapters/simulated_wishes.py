"""What the simulated model understands of a request, found by plain patterns; whatever they do not cover is left to be named as not done."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core.missing import SHOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.core.prompt_sections import Section

_QUOTED = r"(?:'([^'\n]+)'|\"([^\"\n]+)\"|`([^`\n]+)`|\u201c([^\u201d\n]+)\u201d|\u2018([^\u2019\n]+)\u2019)"
_TITLE = re.compile(rf"(?:\btitled|\btitle(?:\s+(?:is|of|to|must be|should be))?)\s*[:=]*\s*{_QUOTED}", re.IGNORECASE)
_TAGS = "form|table|heading|h[1-6]|div|span|p|ul|ol|button|input|textarea|select|img|image|section|canvas|output|pre"
_ID = re.compile(
    rf"(?:\b({_TAGS})(?:\s+element)?\s*(?:with\s+)?(?:an?\s+|the\s+)?)?"
    r"(?:(?<![\w&/])#|\bgetElementById\(\s*['\"]|\bid\s*(?:=|:|is|of)?\s*['\"`\u201c\u2018]|\bid\s*=\s*)([A-Za-z][\w-]*)",
    re.IGNORECASE,
)
_SAYS = re.compile(
    rf"\s*['\"`]?\s+(?:that\s+|which\s+)?(?:says|saying|reads|reading|with\s+the\s+text)\s+(?:{_QUOTED}|([^.,;\n]+))",
    re.IGNORECASE,
)
_OPERATIONS = {
    "sum": r"sums?\b|total",
    "average": r"average|mean\b",
    "count": r"count|number of rows",
    "max": r"maximum|highest|largest",
    "min": r"minimum|lowest|smallest",
}
_COLUMN = re.compile(r"^- ([^:\n]+): (integer|number|date|text)", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z#'\"`])|\n+")
_HELD = frozenset({"table", "form", "h2", "img"})

TABLE, IMAGE, JSON, TEXT, OTHER = "table", "image", "json", "text", "other"


@dataclass(frozen=True, slots=True)
class Element:
    """An element that the request names by id; `text` is what it says, "" where the request does not tell."""

    id: str
    tag: str = "div"
    text: str = ""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """An attachment as the prompt describes it: `columns` with their types for a table."""

    name: str
    kind: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to be computed at run time: `operation` over `column` of `file`, shown in the element `id`."""

    id: str
    file: str
    column: str
    operation: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """A request as far as it was understood; `tree` is the present app, empty in a first round."""

    brief: str
    checks: tuple[str, ...]
    title: str
    elements: tuple[Element, ...]
    files: tuple[SeenFile, ...]
    figures: tuple[Figure, ...]
    sentences: tuple[str, ...]
    lacks: tuple[str, ...] = ()  # what the page must say of data that is missing, word for word


def read_wishes(sections: Sequence[Section]) -> Wishes:
    """Return what the sections of a prompt ask for, as far as it can be read."""
    brief = "\n".join(block.body.strip() for block in sections if block.name == "brief")
    checks = tuple(item for block in sections if block.name == "checks" for item in _items(block.body))
    files = tuple(_seen(block) for block in sections if block.name == "attachment" and block.argument)
    sentences = tuple(part.strip() for part in _SENTENCE_END.split(brief) if part.strip())
    elements = _elements([brief, *checks])
    title = _first_quoted(_TITLE.search(brief) or _TITLE.search("\n".join(checks)))
    figures = _figures([*sentences, *checks], elements, files)
    notes = "\n".join(block.body for block in sections if block.name == "note")
    lacks = tuple(re.findall(rf'{SHOW} "([^"\n]+)"', notes))
    return Wishes(brief, checks, title, elements, files, figures, sentences, lacks)


def _items(body: str) -> list[str]:
    return [item.replace("\n  ", "\n").strip() for item in re.split(r"^- ", body, flags=re.MULTILINE) if item.strip()]


def _seen(block: Section) -> SeenFile:
    first, _, rest = block.body.partition("\n")
    media_type = first.removeprefix(block.argument).strip(" (").partition(",")[0]
    shape = re.search(r"^Columns[^\n:]*:\n((?:- [^\n]*\n)+)", rest, re.MULTILINE)
    columns = dict(_COLUMN.findall(shape[1])) if shape else {}
    return SeenFile(block.argument, _kind(block.argument, media_type, binary="A binary file." in rest), columns)


def _kind(name: str, media_type: str, *, binary: bool) -> str:
    suffix = name.lower().rpartition(".")[2]
    if media_type.startswith("image/") or suffix in {"png", "jpg", "jpeg", "gif", "webp", "svg", "avif"}:
        return IMAGE
    if binary or suffix in {"html", "htm"}:
        return OTHER
    if suffix in {"csv", "tsv"} or media_type in {"text/csv", "text/tab-separated-values"}:
        return TABLE
    return JSON if suffix == "json" or media_type.endswith("json") else TEXT


def _elements(texts: Iterable[str]) -> tuple[Element, ...]:
    """Return the elements that are named by id, each once, with the most telling tag and text found for it."""
    found: dict[str, Element] = {}
    for text in texts:
        for match in _ID.finditer(text):
            known = found.get(match[2], Element(match[2]))
            tag = _tag(match[1], match[2]) if known.tag == "div" else known.tag
            found[match[2]] = Element(
                match[2], tag, known.text or _first_quoted(_SAYS.match(text, match.end())).strip(" '\"")
            )
    return tuple(found.values())


def _tag(word: str | None, identifier: str) -> str:
    named = (word or "").lower()
    if named:
        return {"heading": "h2", "image": "img", "h1": "h2"}.get(named, named)
    last = re.split(r"[-_]", identifier.lower())[-1]
    return last if last in {"form", "table", "input", "button"} else "div"


def _figures(texts: Sequence[str], elements: Sequence[Element], files: Sequence[SeenFile]) -> tuple[Figure, ...]:
    holders = [element.id for element in elements if element.tag not in _HELD and not element.text]
    found: dict[str, Figure] = {}
    for text in texts:
        for operation, words in _OPERATIONS.items():
            asked = re.search(rf"\b(?:{words})", text, re.IGNORECASE)
            if not asked:
                continue
            identifier = next((match[2] for match in _ID.finditer(text, asked.start()) if match[2] in holders), "")
            source = _column(text, operation, files)
            if identifier and source:
                found.setdefault(identifier, Figure(identifier, *source, operation))
    return tuple(found.values())


def _column(text: str, operation: str, files: Sequence[SeenFile]) -> tuple[str, str] | None:
    """Return the file and the column that a sentence means: one that it names, or the only one with numbers."""
    tables = [file for file in files if file.kind == TABLE and file.columns]
    numeric = [
        (file.name, name) for file in tables for name, kind in file.columns.items() if kind in {"integer", "number"}
    ]
    named = [pair for pair in numeric if re.search(rf"(?<![\w#-]){re.escape(pair[1])}(?![\w-])", text, re.IGNORECASE)]
    if named:
        return named[0]
    if operation == "count" and tables:
        return tables[0].name, ""
    return numeric[0] if len(numeric) == 1 else None


def _first_quoted(match: re.Match[str] | None) -> str:
    return next((group for group in match.groups() if group), "") if match else ""
