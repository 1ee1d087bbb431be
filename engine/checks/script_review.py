"""Review of JavaScript: what does not parse, is never used or never reached, and what its author left behind.

Names are compared over the whole site and not by scope: a name that stands anywhere a second time counts as used, so that a finding is true.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.domain.issue import Issue
from engine.formats.script import every_node, line_of, parse_script, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from tree_sitter import Node

_USES = frozenset({"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"})
_ENDS = frozenset({"return_statement", "throw_statement", "break_statement", "continue_statement"})
_HARMLESS = frozenset({"comment", "function_declaration", "empty_statement", "switch_case", "switch_default"})
_FORGOTTEN = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?=\s*(?:[:(]|\*/|$))")
_DIRECTIVE = re.compile(r"^\W*(?:@|eslint|prettier|global|jshint|#|https?:)", re.IGNORECASE)
_LONGEST_COMMENT = 2_000


@dataclass(frozen=True, slots=True)
class Script:
    """One script: the file that it is in, the line of that file on which it begins (from 1), and its text."""

    path: str
    line: int
    text: str


def script_issues(sources: Sequence[Script], used: Collection[str], *, parsed: bool = False) -> Iterator[Issue]:
    """Yield the flaws of a site's scripts. `used` are names that something outside of them uses: markup, the brief, the checks.

    `parsed`: they are known to parse, whatever our parser makes of them.
    """
    trees = [(source, list(every_node(parse_script(source.text)))) for source in sources]
    counted = Counter(text_of(node) for _, nodes in trees for node in nodes if node.type in _USES)
    for source, nodes in trees:
        if wrong := next((node for node in nodes if node.is_error or node.is_missing), None):
            if not parsed:
                yield _flaw(source, wrong, f"the script does not parse at {_shown(wrong)}", is_error=True)
            continue  # what else is read in it may be no more than a consequence
        yield from _unused(source, nodes, counted, used)
        for node in nodes:
            yield from _grave(source, node)
            yield from _unreached(source, node)
        yield from _left_behind(source, nodes)


def _flaw(source: Script, node: Node, what: str, *, is_error: bool = False) -> Issue:
    return Issue(source.path, source.line + line_of(node) - 1, what, is_error)


def _shown(node: Node) -> str:
    return repr(" ".join(text_of(node).split())[:40] or node.type)


def _unused(source: Script, nodes: Iterable[Node], counted: Counter[str], used: Collection[str]) -> Iterator[Issue]:
    for node in nodes:
        name = node.child_by_field_name("name")
        if name is None or name.type != "identifier" or _is_exported(node):
            continue
        if counted[text_of(name)] > 1 or text_of(name) in used:
            continue
        value = node.child_by_field_name("value")
        is_function = node.type in {"function_declaration", "generator_function_declaration", "class_declaration"} or (
            value is not None and value.type in {"arrow_function", "function_expression", "class"}
        )
        if is_function:
            yield _flaw(source, name, f"{text_of(name)} is never called: dead code", is_error=True)
        elif node.type == "variable_declarator":
            yield _flaw(source, name, f"{text_of(name)} is never used")


def _is_exported(node: Node) -> bool:
    parents = [node.parent, node.parent.parent if node.parent else None]
    return any(parent is not None and parent.type == "export_statement" for parent in parents)


def _grave(source: Script, node: Node) -> Iterator[Issue]:
    match node.type:
        case "call_expression" | "new_expression":
            called = text_of(node.child_by_field_name("function") or node.child_by_field_name("constructor"))
            if called in {"eval", "Function"}:
                yield _flaw(source, node, f"{called} runs text as code", is_error=True)
            elif called in {"document.write", "document.writeln"}:
                yield _flaw(source, node, f"{called} is obsolete and may wipe the page", is_error=True)
        case "debugger_statement":
            yield _flaw(source, node, "a debugger statement was left", is_error=True)
        case _:
            return


def _unreached(source: Script, node: Node) -> Iterator[Issue]:
    if node.type not in _ENDS:
        return
    after = node.next_named_sibling
    while after is not None and after.type == "comment":
        after = after.next_named_sibling
    if after is not None and after.type not in _HARMLESS and after.type.endswith(("statement", "declaration")):
        what = f"{_shown(after)} is never reached, behind {node.type.removesuffix('_statement')}"
        yield _flaw(source, after, what, is_error=True)


def _left_behind(source: Script, nodes: Iterable[Node]) -> Iterator[Issue]:
    """Matters of style, each told once for a script: where it is first, and how often."""
    found = defaultdict[str, list["Node"]](list)
    for node in nodes:
        if what := _style(node):
            found[what].append(node)
    for what, places in found.items():
        more = f" ({len(places)} times in this script)" if len(places) > 1 else ""
        yield _flaw(source, places[0], f"{what}{more}")


def _style(node: Node) -> str:
    match node.type:
        case "variable_declaration":
            return "var, where const or let would do"
        case "binary_expression" if _is_loose(node):
            return "== or !=, where === or !== would do"
        case "call_expression" if re.match(r"console\.(?:log|debug)$", text_of(node.child_by_field_name("function"))):
            return "console.log was left"
        case "catch_clause" if (body := node.child_by_field_name("body")) and not body.named_child_count:
            return "an empty catch hides errors"
        case "comment" if node.end_byte - node.start_byte <= _LONGEST_COMMENT:
            return _comment(text_of(node))
        case _:
            return ""


def _is_loose(node: Node) -> bool:
    sides = {side.type for name in ("left", "right") if (side := node.child_by_field_name(name))}
    return text_of(node.child_by_field_name("operator")) in {"==", "!="} and not sides & {"null", "undefined"}


def _comment(text: str) -> str:
    if _FORGOTTEN.search(text):
        return "a comment says that something is still to be done"
    if text.startswith("/**") or _DIRECTIVE.match(text):
        return ""
    inner = text.removeprefix("//").removeprefix("/*").removesuffix("*/").strip()
    if not re.search(r"[;}]$", inner) or not re.search(r"[=({]", inner):
        return ""
    root = parse_script(inner)
    return "" if root.has_error else "code stands in a comment"
