"""Sentences about the repository that are decided on the tree to be published: which files it has, what its README holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.sentences import HAS, MODAL, TEXT, read_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.core.sentences import Sentence

    Decided = tuple[bool, str]  # whether it holds, and what was seen
    Files = Mapping[str, bytes]

_REPOSITORY = r"(?:(?:the|this) )?(?:(?:github|public) )?(?:repo|repository|project)"
_AT_ROOT = r"(?: (?:at|in) (?:the|its) (?:root|top level)(?: of the (?:repo|repository))?| (?:at|in) the (?:repo|repository)(?:'s)?(?: root)?)?"
_FILE = r"(?P<file>[\w-]+(?:[./-][\w-]+)*\.[a-z0-9]{1,8}|\.nojekyll|license|cname|§\d+)"
_README = r"(?:(?:the|a) )?readme(?:\.md)?(?: file)?"
_SECTION = r"(?:section|heading|headline)"
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.{1,200}?)[ \t#]*$", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_NAME = r"[a-z][a-z-]*(?: [a-z][a-z-]*){0,2}|§\d+"


def file_sentence(text: str, files: Files) -> Decided | None:
    """Decide a sentence on the files; None where it is not about them or not understood to the last word."""
    sentence = read_sentence(text)
    if sentence is None:
        return None
    for pattern, decide in _FORMS:
        if found := sentence.match(pattern):
            return decide(sentence, found, files)
    return None


def _exists(sentence: Sentence, found: re.Match[str], files: Files) -> Decided | None:
    name = sentence.said(found["file"]).removeprefix("./")
    if not re.fullmatch(r"\.?[\w-][\w./-]{0,200}", name):
        return None
    if name not in files and any(path.casefold() == name.casefold() for path in files):
        generic = name.casefold() in {"license", "cname"}  # "a license file exists" names no spelling
        return (True, f"{name.upper()} is there") if generic else None
    return name in files, f"{name} is there" if name in files else f"there is no {name}"


def _sections(sentence: Sentence, found: re.Match[str], files: Files) -> Decided | None:
    names = [
        sentence.said(one.strip()) for one in re.split(r",\s*(?:and )?|\s+and\s+|/", found["names"]) if one.strip()
    ]
    names = [re.sub(r"^(?:an?|the) ", "", name, flags=re.IGNORECASE) for name in names]
    if not names or any(name.casefold() in {"", "new", "separate", "short", "clear", "good", "each"} for name in names):
        return None
    missing = [name for name in names if not _section(_readme(files), name)]
    if missing:
        return False, f"README.md has no section {', '.join(missing)} with something in it"
    return True, f"README.md has {', '.join(names)}"


def _mentions(sentence: Sentence, found: re.Match[str], files: Files) -> Decided:
    wanted = " ".join(sentence.said(found["text"]).split())
    holds = wanted in " ".join(_readme(files).split())
    return holds, f"README.md {'holds' if holds else 'does not hold'} it"


def _section(readme: str, name: str) -> bool:
    """Say whether a heading holds the name's words, with something below it that is no heading of its rank."""
    text = _FENCE.sub(lambda found: re.sub(r"^ {0,3}#+", "", found[0], flags=re.MULTILINE), readme)
    headings = list(_HEADING.finditer(text))
    for at, heading in enumerate(headings):
        if not re.search(rf"\b{re.escape(name)}\b", heading[2], re.IGNORECASE):
            continue
        ends = next((h.start() for h in headings[at + 1 :] if len(h[1]) <= len(heading[1])), len(text))
        below = _HEADING.sub("", text[heading.end() : ends])
        if below.strip():
            return True
    return False


def _readme(files: Files) -> str:
    return files.get("README.md", b"")[:200_000].decode("utf-8", "replace")


_FORMS: tuple[tuple[str, Callable[[Sentence, re.Match[str], Files], Decided | None]], ...] = (
    (rf"(?:(?:the|a) )?(?:file )?{_FILE}(?: file)? {MODAL}(?:exists?|is present){_AT_ROOT}", _exists),
    (rf"{_REPOSITORY} {HAS} (?:(?:an?|the) )?(?:file )?(?:called |named )?{_FILE}(?: file)?{_AT_ROOT}", _exists),
    (rf"there {MODAL}(?:is|be|exists?) an? (?:file )?(?:called |named )?{_FILE}(?: file)?{_AT_ROOT}", _exists),
    (rf"{_README} {HAS} (?:an?|the) (?P<names>{_NAME}) {_SECTION}", _sections),
    (rf"{_README} {HAS} (?:(?:an?|the) )?{_SECTION}s? (?:called|named|titled) (?P<names>(?:{_NAME})(?:(?:, (?:and )?| and )(?:{_NAME})){{0,6}})", _sections),
    (rf"{_README} {HAS} (?:(?:an?|the) )?(?P<names>(?:{_NAME})(?:(?:, (?:and )?| and |/)(?:{_NAME})){{1,6}}) {_SECTION}s", _sections),
    (rf"{_README} {HAS} {_SECTION}s (?:for|on|about) (?P<names>(?:{_NAME})(?:(?:, (?:and )?| and )(?:{_NAME})){{0,6}})", _sections),
    (rf"{_README} {MODAL}(?:mentions?|contains?|includes?) (?:the )?(?:text|word|phrase|link)? ?{TEXT}", _mentions),
)  # fmt: skip
