"""Finds the relative addresses that a page links or loads, also through its scripts and styles."""

from __future__ import annotations

import html
import itertools
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from engine.site.lookup import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

_COMMENT = re.compile(r"<!--")
_SCRIPT = re.compile(r"<script\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""\s(?:href|src|data|poster|action)\s{0,4}=\s{0,4}(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s"'<>`]{1,2000}))""",
    re.IGNORECASE,
)
_CALL = re.compile(
    r"""(?:\b(?:fetch|import|register|importScripts)\(|\bfrom|\bimport|\burl\()\s{0,4}(["'`])([^"'`$\n]{1,500})\1"""
)
_BARE_URL = re.compile(r"""\burl\(\s{0,4}([^"'()\s]{1,500})\s{0,4}\)""")
_FOREIGN = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//|#|\?|$|\{|\$)", re.IGNORECASE)
_CODE = (".js", ".mjs", ".css")

MOST_ADDRESSES = 2_000


def unlinked(page: str, targets: Sequence[str], files: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """Return the targets that a page does not link: those without a mention, and those named as a string in a script.

    A script may make a link from such a string.
    """
    linked = linked_from(page, files)
    unlinked_paths = [path for path in targets if path not in linked]
    in_scripts = [path for path in unlinked_paths if _is_in_script(page, path, files)]
    return [path for path in unlinked_paths if path not in in_scripts], in_scripts


def with_relative_addresses(content: bytes, files: Collection[str]) -> tuple[bytes, list[str]]:
    """Turn `/a.json` into `./a.json` in a file's source if the site has a.json; return the source and the addresses.

    A page lies under its repository's name, so an address with a leading slash would reach the host's root.
    """
    source = content.decode("utf-8", "surrogateescape")
    places = dict[int, str]()
    for pattern, groups in ((_ATTRIBUTE, (1, 2, 3)), (_CALL, (2,)), (_BARE_URL, (1,))):
        for found in pattern.finditer(source):
            group = next(one for one in groups if found[one] is not None)
            address = found[group]
            if address.startswith("/") and unquote(re.split(r"[?#]", address, maxsplit=1)[0])[1:] in files:
                places[found.start(group)] = address
    for at in sorted(places, reverse=True):
        source = f"{source[:at]}.{source[at:]}"
    return source.encode("utf-8", "surrogateescape"), list(dict.fromkeys(places.values()))


def linked_from(page: str, files: Mapping[str, bytes]) -> set[str]:
    """Return the files that a page links or loads, including those that its scripts and styles load."""
    return {path for _, path in _walk(page, files)}


def addresses_from(page: str, files: Mapping[str, bytes]) -> set[str]:
    """Return the unescaped addresses that a page and its scripts and styles link or load."""
    return {html.unescape(address) for address, _ in _walk(page, files)}


def is_outside(address: str) -> bool:
    """Say whether an address has a scheme or a host, is only a fragment or a query, or is built by a script."""
    return _FOREIGN.match(address) is not None


def plain_path(page: str, address: str) -> str:
    """Return the path, without query, of an address relative to a page. Outside the site it starts with `../`."""
    plain = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(page), plain))
    return "" if joined == "." else joined + ("/" if plain.endswith("/") else "")


def resolved(page: str, address: str, files: Collection[str]) -> str:
    """Return the site's path for an address relative to a page; "" if it leads outside the site."""
    if is_outside(address) or address.startswith("/"):
        return ""
    path = plain_path(page, address)
    return "" if path.startswith("../") else resolve(path, files.__contains__) or path


def _walk(page: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Yield each address in a page and in its scripts and styles, with the site's path for it."""
    queue, visited = [page], {page}
    while queue:
        source = queue.pop()
        # A script's addresses are relative to the page, a style sheet's to itself.
        base = source if source.endswith(".css") else page
        for address in _addresses(source, files.get(source, b"")):
            path = resolved(base, address, files)
            yield address, path
            if path.endswith(_CODE) and path in files and path not in visited:
                visited.add(path)
                queue.append(path)


def _addresses(path: str, content: bytes) -> list[str]:
    """Return a file's distinct addresses, at most MOST_ADDRESSES."""
    return list(itertools.islice(dict.fromkeys(_all_addresses(path, content)), MOST_ADDRESSES))


def _all_addresses(path: str, content: bytes) -> Iterator[str]:
    source = content.decode("utf-8", "replace")
    if not path.endswith(_CODE):
        source, _ = _split(source, _COMMENT, "-->")
        outside, _ = _split(source, _SCRIPT, "</script")
        for found in _ATTRIBUTE.finditer(outside):
            yield (found[1] or found[2] or found[3]).strip()
    for found in _CALL.finditer(source):
        yield found[2].strip()
    for found in _BARE_URL.finditer(source):
        yield found[1]


def _is_in_script(page: str, path: str, files: Mapping[str, bytes]) -> bool:
    """Say whether a page's script, inline or loaded, holds the path as a string."""
    literal = re.compile(rf"""["'`](?:\./)?{re.escape(path)}["'`]""")
    source, _ = _split(files.get(page, b"").decode("utf-8", "replace"), _COMMENT, "-->")
    _, scripts = _split(source, _SCRIPT, "</script")
    loaded = [
        files[one].decode("utf-8", "replace")
        for one in linked_from(page, files)
        if one.endswith(_CODE) and one in files
    ]
    return any(literal.search(text) for text in (*scripts, *loaded))


def _split(source: str, opening: re.Pattern[str], closing: str) -> tuple[str, list[str]]:
    """Remove the text between `opening` and `closing` (or the end); return the rest and the removed parts."""
    lower, remaining, removed, at = source.lower(), list[str](), list[str](), 0
    while found := opening.search(source, at):
        end = lower.find(closing, found.end())
        end = len(source) if end < 0 else end
        remaining.append(source[at : found.end()])
        removed.append(source[found.end() : end])
        at = end
    return "".join([*remaining, source[at:]]), removed
