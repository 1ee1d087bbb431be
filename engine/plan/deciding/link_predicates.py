"""Decides the predicate about the links of a page or a Markdown file."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from engine.plan.deciding.evidence import failed, listed, passed, text_of, undecided
from engine.plan.predicates import path_of
from engine.site.links import addresses_from, linked_from, unlinked
from engine.site.lookup import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from engine.plan.deciding.evidence import Evidence, PredicateFinding
    from engine.plan.predicates import Links

_WHOLE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)
_DESTINATION = re.compile(
    r"\]\(\s{0,4}(?:<([^<>\n]{1,2000})>|([^\s<>()]{1,2000}(?:\([^\s<>()]{0,200}\)[^\s<>()]{0,2000})?))"
)
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]{0,4}<?([^\s<>]{1,2000})", re.MULTILINE)
_BARE = re.compile(r"""\bhttps?://[^\s<>()"'`\]]{1,2000}""")


def decide_links(predicate: Links, evidence: Evidence) -> PredicateFinding:
    """Decide whether a page or Markdown file links or loads files of the repository, or whole addresses."""
    path = path_of(predicate)
    if path.lower().endswith((".md", ".markdown")):
        return _of_markdown(path, predicate.to, evidence.files)
    return _of_page(path, predicate.to, evidence.files)


def _of_page(page: str, to: Collection[str], files: Mapping[str, bytes]) -> PredicateFinding:
    addresses = {_plain(address) for address in addresses_from(page, files)}
    paths = linked_from(page, files)
    unmatched = [target for target in to if not _is_among(target, paths, addresses, files)]
    missing, in_scripts = unlinked(page, [_in_site(target) for target in unmatched], files)
    if missing:
        return failed(f"not linked: {', '.join(missing)}")
    if in_scripts:
        return undecided(f"only a script's text names {', '.join(in_scripts)}")
    return passed(f"it links {listed(list(to))}")


def _of_markdown(path: str, to: Iterable[str], files: Mapping[str, bytes]) -> PredicateFinding:
    text = text_of(files[path])
    found = [match[1] or match[2] for match in _DESTINATION.finditer(text)]
    found += [match[1] for match in _REFERENCE.finditer(text)]
    addresses = {_plain(each) for each in found} | {
        _plain(match[0].rstrip(".,;:!?*_")) for match in _BARE.finditer(text)
    }
    folder = posixpath.dirname(path)
    paths = {posixpath.normpath(posixpath.join(folder, _in_site(each))) for each in addresses if not _WHOLE.match(each)}
    paths |= linked_from(path, files)  # HTML may stand in Markdown
    wanted = list(to)
    missing = [target for target in wanted if not _is_among(target, paths, addresses, files)]
    return failed(f"not linked: {', '.join(missing)}") if missing else passed(f"it links {listed(wanted)}")


def _is_among(target: str, paths: Collection[str], addresses: Collection[str], files: Collection[str]) -> bool:
    if _WHOLE.match(target):
        return _plain(target) in addresses
    path = _in_site(target)
    return path in paths or path.rstrip("/") in paths or resolve(path, files.__contains__) in paths


def _in_site(target: str) -> str:
    """Return a target as the path of a file; a whole address does not change."""
    if _WHOLE.match(target):
        return target
    return unquote(re.split(r"[?#]", target, maxsplit=1)[0]).removeprefix("./").removeprefix("/")


def _plain(address: str) -> str:
    """Return an address without slashes at its end, for comparison."""
    return address.rstrip("/")
