"""The headings and sections of a Markdown text, as CommonMark reads them."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

#: A quotation is read as a paragraph: no heading in it counts, and quotations inside quotations would take quadratic time.
_READER = MarkdownIt("commonmark").disable(["inline", "blockquote"])


@dataclass(frozen=True, slots=True)
class MarkdownBlock:
    """A block that is inside no other, its first line, from 0, and the line behind it. A heading has a level, from 1, and a title."""

    line: int
    level: int = 0
    title: str = ""
    end: int = 0


def blocks(text: str) -> list[MarkdownBlock]:
    """Return a text's outermost blocks in their order."""
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
    """Return those blocks of a text that are headings. A `#` in code, in a list or in a quotation begins none."""
    return [block for block in blocks(text) if block.level]


def lines_of(text: str) -> list[str]:
    """Return a text's lines as the reader counts them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@dataclass(frozen=True, slots=True)
class MarkdownSection:
    """A heading with its level, and the lines up to the next heading; what stands before the first one has level 0."""

    level: int
    title: str
    lines: tuple[str, ...]


def sections(text: str) -> list[MarkdownSection]:
    """Return a text's sections in their order."""
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
