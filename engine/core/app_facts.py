"""What a site's own files say about it: what the page shows and takes, what its script does, what it loads. For the README; nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.core.markup import CONTROLS, attribute, inline_scripts, name_of, needs_label, read_page, words
from engine.core.script import is_handwritten, parse_script, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tree_sitter import Node
    from turbohtml import Document, Element

#: Entries of each list that a README tells.
MOST = 12

_PARAMETER = re.compile(r"""\.(?:get|has|getAll)\(\s{0,4}["'`]([\w-]{1,40})["'`]\s{0,4}\)""")
_EVENT = re.compile(r"""\baddEventListener\(\s{0,4}["'`]([\w-]{1,40})["'`]""")
_FETCHED = re.compile(r"""\bfetch\(\s{0,9}["'`](https?://[^"'`\s$]{1,200})""")
_LIBRARY = re.compile(r"/(?:npm/|gh/)?((?:@[\w.-]+/)?[\w.-]+)@(\d[\w.-]*)|/ajax/libs/([\w.-]+)/(\d[\w.-]*)/")
_KINDS = {
    "select": "choice",
    "textarea": "text area",
    "checkbox": "check box",
    "radio": "option",
    "file": "file",
    "number": "number",
    "range": "slider",
    "date": "date",
    "color": "colour",
    "email": "e-mail address",
    "password": "password",
    "search": "search text",
    "url": "address",
}


@dataclass(frozen=True, slots=True)
class Control:
    """An input or button: what people see it called, what kind it is, and its `#id` or ""."""

    name: str
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Function:
    """A named function of the script as it is called, `total(rows)`, with the first sentence of the comment above it or ""."""

    name: str
    about: str


@dataclass(frozen=True, slots=True)
class AppFacts:
    """What is known of a site. `libraries` are (name, version or "", host); `hosts` are asked for data when the page runs."""

    title: str = ""
    headings: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()
    data: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    starts: bool = False  # the script waits for DOMContentLoaded
    events: tuple[str, ...] = ()
    libraries: tuple[tuple[str, str, str], ...] = ()
    hosts: tuple[str, ...] = ()
    inline: tuple[str, ...] = field(default=())  # what index.html holds besides its markup: style, script


def app_facts(files: Mapping[str, bytes]) -> AppFacts:
    """Return what index.html and the scripts beside it say; nothing of a page that is too large to be read."""
    page = read_page(files.get("index.html", b"").decode("utf-8", "replace"))
    if page is None:
        return AppFacts()
    own = [script.text for script in inline_scripts(page)]
    scripts = own + [c.decode("utf-8", "replace") for p, c in files.items() if re.search(r"\.m?js$", p)]
    source = "\n".join(script for script in scripts if is_handwritten(script))
    title = page.select_one("title")
    return AppFacts(
        title=words(title.text) if title else "",
        headings=_few(words(one.text) for one in page.select("h1, h2, h3")),
        controls=tuple(islice(_controls(page), MOST)),
        data=_few(path for path in files if _is_read(path, source)),
        parameters=_few(_PARAMETER.findall(source)) if re.search("URLSearchParams|searchParams", source) else (),
        starts="DOMContentLoaded" in source,
        events=_few(event for event in _EVENT.findall(source) if event != "DOMContentLoaded"),
        functions=tuple(islice(_functions(source), MOST)),
        libraries=tuple(dict.fromkeys(_libraries(page)))[:MOST],
        hosts=_few(urlsplit(address).hostname or "" for address in _FETCHED.findall(source)),
        inline=tuple(name for name, there in (("style", bool(page.select("style"))), ("script", bool(own))) if there),
    )


def _few(texts: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))[:MOST]


def _is_read(path: str, source: str) -> bool:
    """Say whether a script names a data file, whole and in quotes."""
    if not re.search(r"\.(?:csv|tsv|json|txt|md|xml|geojson)$", path, re.IGNORECASE) or path == "README.md":
        return False
    return any(f"{quote}{dot}{path}{quote}" in source for quote in "\"'`" for dot in ("", "./"))


def _controls(page: Document) -> Iterator[Control]:
    for element in page.select(f"{CONTROLS}, button")[:200]:
        kind = (attribute(element, "type") or "").strip().lower()
        if element.tag == "button" or kind in {"submit", "button", "reset"}:
            name = name_of(element, page) or words(attribute(element, "value") or "")
            shown = "button"
        elif needs_label(element):
            name = name_of(element, page) or words(attribute(element, "placeholder") or "")
            shown = _KINDS.get(element.tag, _KINDS.get(kind, "text"))
        else:
            continue
        own = attribute(element, "id") or ""
        if name or own:
            yield Control(name, shown, own)


def _functions(source: str) -> Iterator[Function]:
    """Yield the named functions at the script's top or one block below it (an immediately called function, a listener)."""
    if not is_handwritten(source):
        return
    seen = set[str]()
    for node in _declared(parse_script(source)):
        name = text_of(node.child_by_field_name("name"))
        if name and name not in seen:
            seen.add(name)
            made = node.child_by_field_name("value") or node
            given = text_of(made.child_by_field_name("parameters") or made.child_by_field_name("parameter"))
            yield Function(f"{name}({' '.join(given.strip('()').split())})", _about(node))


def _declared(root: Node) -> Iterator[Node]:
    level = list(root.named_children)
    for _ in range(2):
        below: list[Node] = []
        for node in level:
            yield from (one for one in [node, *node.named_children] if _is_function(one))
            if node.type == "expression_statement":
                below += _bodies(node)
        level = below


def _is_function(node: Node) -> bool:
    if node.type in {"function_declaration", "generator_function_declaration"}:
        return True
    value = node.child_by_field_name("value") if node.type == "variable_declarator" else None
    return value is not None and value.type in {"arrow_function", "function_expression"}


def _bodies(statement: Node) -> list[Node]:
    """Return the statements of the functions that a statement calls or hands on."""
    found: list[Node] = []
    waiting = list(statement.named_children)
    for _ in range(200):
        if not waiting:
            break
        node = waiting.pop(0)
        if node.type in {"arrow_function", "function_expression"}:
            body = node.child_by_field_name("body")
            found += body.named_children if body and body.type == "statement_block" else []
        elif node.type in {"call_expression", "parenthesized_expression", "arguments", "member_expression"}:
            waiting += node.named_children
    return found


def _about(node: Node) -> str:
    """Return the first sentence of the comment right above a function."""
    at = node.parent if node.type == "variable_declarator" else node
    before = at.prev_named_sibling if at else None
    if before is None or before.type != "comment" or at is None or at.start_point[0] - before.end_point[0] > 1:
        return ""
    text = words(re.sub(r"^\s*(?://+|/\*+|\*+/?)|\*/\s*$", "", text_of(before)[:400], flags=re.MULTILINE))
    return re.split(r"(?<=[.!?])\s|\s@\w", text, maxsplit=1)[0][:160]


def _libraries(page: Document) -> Iterator[tuple[str, str, str]]:
    for element in page.select("script[src], link[rel~=stylesheet][href]"):
        yield from _library(element)


def _library(element: Element) -> Iterator[tuple[str, str, str]]:
    address = attribute(element, "src" if element.tag == "script" else "href") or ""
    try:
        split = urlsplit(address if not address.startswith("//") else f"https:{address}")
        host = split.hostname or ""
    except ValueError:
        return
    if not host:
        return
    found = _LIBRARY.search(split.path)
    name = (found[1] or found[3]) if found else split.path.rsplit("/", 1)[-1]
    version = (found[2] or found[4]) if found else ""
    if name:
        yield name, version, host
