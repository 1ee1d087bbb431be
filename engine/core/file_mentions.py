"""File names in prose: where they stand, and the units (sentences, lines, entries of a list) that they stand in."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.filenames import UnsafePath, safe_path

if TYPE_CHECKING:
    from collections.abc import Iterator

#: So much of a brief is read for file names, in characters.
MOST_CHARACTERS = 40_000
#: And so many names of one sentence.
MOST_MENTIONS = 100

#: Types that a brief may ask for by name. `map` and `log` are no types here: `array.map` and `console.log` are no files.
_TEXTS = (
    "txt md markdown json jsonl geojson svg xml rss atom csv tsv html htm css js mjs yml yaml toml ini ics vcf vtt srt py sql tex rst "
    "webmanifest "
)
TEXT_TYPES = frozenset(_TEXTS.split())
_BINARIES = "png jpg jpeg gif webp ico pdf mp3 mp4 wav zip woff2 "
BINARY_TYPES = frozenset(_BINARIES.split())

_NAME = re.compile(
    r"(?<![\w./@#:$%&=+\\-])(?:\./)?((?:[A-Za-z0-9_][\w-]{0,60}/){0,4}[A-Za-z0-9_][\w-]{0,80}(?:\.[\w-]{1,40}){0,3}\.("
    + "|".join(sorted(TEXT_TYPES | BINARY_TYPES, key=len, reverse=True))
    + r")|LICEN[SC]E)(?![\w/@(]|-\w|\.\w)"
)
_URL = re.compile(
    r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s<>\"'`)\]}]{1,2000}|\bwww\.[^\s<>\"'`)]{1,500}|\bdata:[^\s]{1,4000}"
)
_LIBRARY_NAMES = (
    "alpine ammo angular anime axios babel backbone bootstrap brain bulma chart charts d3 datatables dayjs echarts ejs ember express "
    "fabric fuse gsap handlebars highlight hljs hls htmx jquery jszip katex konva leaflet lodash lunr marked markdown-it math mathjax "
    "matter mermaid moment mustache next node normalize nunjucks nuxt p5 papaparse paper phaser pixi plotly popper preact prism react "
    "react-dom sanitize select2 showdown slick socket.io sql sql-wasm svelte swiper tailwind tensorflow tf three tone turf typed "
    "underscore video vue xlsx "
)
_LIBRARIES = frozenset(_LIBRARY_NAMES.split())
_OPENERS, _CLOSERS = "([{", {")": "(", "]": "[", "}": "{"}
_MOST_INSIDE = 4_000
_SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.!?]+[\"'`”\u2019)]?(?=\s|$)|;(?=\s)|\n")


@dataclass(frozen=True, slots=True)
class Mention:
    """A file's safe path, and where its name stands in its unit; what surrounds it (quotes, asterisks) is inside `start` and `end`."""

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a line or an entry of a list. Names inside of brackets are no mentions."""

    text: str
    mentions: tuple[Mention, ...]


def units(text: str) -> list[Unit]:
    """Return the text's units in order. What stands in brackets, over several lines too, belongs to the unit that it stands in."""
    clean = _URL.sub(lambda found: " " * len(found[0]), text[:MOST_CHARACTERS])
    depths = _depths(clean)
    cuts = [
        found.end()
        for found in _SENTENCE_END.finditer(clean)
        if not depths[found.end() - 1] and not _goes_on(clean, found)
    ]
    edges = [0, *cuts, len(clean)]
    pieces = [(a, b) for a, b in itertools.pairwise(edges) if clean[a:b].strip()]
    return [
        Unit(clean[a:b], tuple(itertools.islice(_mentions(clean[a:b], depths[a:b]), MOST_MENTIONS))) for a, b in pieces
    ]


def suffix(path: str) -> str:
    """Return a path's type, in lower case and without the dot."""
    return path.rpartition(".")[2].lower() if "." in path else ""


def _goes_on(text: str, found: re.Match[str]) -> bool:
    """Say whether a line ends only to show a form below it: after a colon, before a bracket or a fence."""
    if found[0] != "\n":
        return False
    return text[max(0, found.start() - 80) : found.start()].rstrip()[-1:] in {":", "`"} and text[
        found.end() : found.end() + 200
    ].lstrip()[:1] in {"{", "[", "`"}


def _depths(text: str) -> list[int]:
    """Return for each character in how many brackets it stands; a bracket that is not closed soon is none."""
    depths, open_ones = [0] * (len(text) + 1), list[int]()
    pairs: list[tuple[int, int]] = []
    for at, sign in enumerate(text):
        if sign in _OPENERS:
            open_ones.append(at)
        elif sign in _CLOSERS and open_ones and text[open_ones[-1]] == _CLOSERS[sign]:
            start = open_ones.pop()
            if at - start <= _MOST_INSIDE:
                pairs.append((start, at))
    for start, end in pairs:
        depths[start] += 1
        depths[end + 1] -= 1
    for at in range(1, len(depths)):
        depths[at] += depths[at - 1]
    return depths


def _mentions(text: str, depths: list[int]) -> Iterator[Mention]:
    for found in _NAME.finditer(text):
        name = found[1]
        if depths[found.start()] or is_library(name):
            continue
        try:
            path = safe_path(name)
        except UnsafePath:
            continue
        start, end = found.span()
        while start and end < len(text) and text[start - 1] in "`\"'*_“\u2018" and text[end] in "`\"'*_”\u2019":
            start, end = start - 1, end + 1
        yield Mention(path, start, end)


def is_library(name: str) -> bool:
    """Say whether a name is that of a well-known library, which is loaded and not written."""
    stem, dot, kind = name.lower().rpartition(".")
    if not dot or kind not in {"js", "mjs", "css"}:
        return False
    return stem.endswith(".min") or stem in _LIBRARIES
