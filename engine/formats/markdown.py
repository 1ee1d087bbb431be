"""The headings and sections of a Markdown text, as CommonMark reads them."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

#: Quotations are read as paragraphs: their headings do not count, and nested quotations would take quadratic time.
_READER = MarkdownIt("commonmark").disable(["inline", "blockquote"])


@dataclass(frozen=True, slots=True)
class MarkdownBlock:
    """An outermost block from `line` (from 0) to before `end`. A heading has a level from 1 and a title."""

    line: int
    level: int = 0
    title: str = ""
    end: int = 0


def blocks(text: str) -> list[MarkdownBlock]:
    tokens = _READER.parse(text)
    found: list[MarkdownBlock] = []
    for at, token in enumerate(tokens):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        if token.type == "heading_open":
            found.append(MarkdownBlock(token.map[0], int(token.tag[1:]), tokens[at + 1].content.strip(), token.map[1]))
        else:
            found.append(MarkdownBlock(token.map[0], end=token.map[1]))
    return found


def headings(text: str) -> list[MarkdownBlock]:
    """Return a text's headings. A `#` in code, in a list or in a quotation does not begin a heading."""
    return [block for block in blocks(text) if block.level]


def lines_of(text: str) -> list[str]:
    """Split a text into lines as the Markdown parser does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading and the lines up to the next heading. The text before the first heading has level 0."""

    level: int
    title: str
    lines: tuple[str, ...]


def sections(text: str) -> list[MarkdownSection]:
    lines, found = lines_of(text), headings(text)
    starts = [block.line for block in found]
    first = MarkdownSection(0, "", tuple(lines[: starts[0]] if starts else lines))
    ends = [*starts[1:], len(lines)][: len(found)]
    return [
        first,
        *(
            MarkdownSection(one.level, one.title, tuple(lines[one.end : end]))
            for one, end in zip(found, ends, strict=True)
        ),
    ]
