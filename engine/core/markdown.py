"""The headings of a Markdown text, as CommonMark reads them."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

#: A quotation is read as a paragraph: no heading in it counts, and quotations inside quotations would take quadratic time.
_READER = MarkdownIt("commonmark").disable(["inline", "blockquote"])


@dataclass(frozen=True, slots=True)
class Block:
    """A block that is inside no other, and its first line, from 0. A heading has a level, from 1, and a title."""

    line: int
    level: int = 0
    title: str = ""


def blocks(text: str) -> list[Block]:
    """Return a text's outermost blocks in their order."""
    tokens = _READER.parse(text)
    found: list[Block] = []
    for at, token in enumerate(tokens):
        if token.level or token.nesting < 0 or token.map is None:
            continue
        if token.type == "heading_open":
            found.append(Block(token.map[0], int(token.tag[1:]), tokens[at + 1].content.strip()))
        else:
            found.append(Block(token.map[0]))
    return found


def headings(text: str) -> list[Block]:
    """Return those blocks of a text that are headings. A `#` in code, in a list or in a quotation begins none."""
    return [block for block in blocks(text) if block.level]


def lines_of(text: str) -> list[str]:
    """Return a text's lines as the reader counts them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
