"""JavaScript as it is written: parsed by tree-sitter, in linear time and whatever it holds (docs/decisions/0010-static-review.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A script with more characters than this, or with a longer line, is somebody's library or a build's output: it is not read.
MOST_CHARACTERS = 200_000
LONGEST_LINE = 2_000

_LANGUAGE = Language(tree_sitter_javascript.language())


def is_handwritten(source: str) -> bool:
    """Say whether a script may have been written by hand: not minified, not large."""
    return len(source) <= MOST_CHARACTERS and max(map(len, source.split("\n"))) <= LONGEST_LINE


def parse_script(source: str) -> Node:
    """Return the root of a script's tree; what does not parse is among its nodes (`has_error`)."""
    return Parser(_LANGUAGE).parse(source.encode()).root_node


def every_node(root: Node) -> Iterator[Node]:
    """Yield a tree's nodes in the order of the source, without recursion."""
    cursor = root.walk()
    while True:
        if cursor.node:
            yield cursor.node
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return


def text_of(node: Node | None) -> str:
    """Return a node's source text, "" of none."""
    return (node.text or b"").decode("utf-8", "replace") if node else ""


def line_of(node: Node) -> int:
    """Return the line (from 1, of the script) on which a node begins."""
    return int(node.start_point[0]) + 1
