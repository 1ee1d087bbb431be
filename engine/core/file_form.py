"""The end of a prompt where a request asks for further files by name: each with its boundary line and its rules, in order.

A change of any text here is a new VERSION.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from engine.core.change_requests import asked_changes
from engine.core.checks import Kind
from engine.core.file_mentions import suffix
from engine.core.file_rules import THERE
from engine.core.file_wishes import link_targets, sentence_rules, wishes_of
from engine.core.replies import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Literal

    from engine.core.brief import Brief
    from engine.core.checks import CheckResult
    from engine.core.file_wishes import Wish

VERSION = "1"

_FIRST = """\
Write the app and its files now, every line of them. Do not repeat the sections above. Your answer is these {count} files, in this order:
{files}
{closing}
Each line in parentheses says what stands there: write that itself, whole and final, not the parentheses.
It begins with the line `{first}` and ends with the line `{closing}`, which counts the files."""

_LATER = """\
Your last answer is the app as it is. Change it as the brief and the checks say. Your answer is these {count} files, in this order:
{files}
{closing}
Each line in parentheses says what stands there: write that itself, whole and final, not the parentheses.
It begins with the line `{first}` and ends with the line `{closing}`, which counts the files.
A line `{delete}` removes a file, if the brief asks for it."""

_REPAIR = """\
Your last answer is the app as it is. [findings] says what does not hold. Repair exactly that and keep the rest.
Begin with one line: Cause: what is wrong. Then these {count} files, in this order, every line of them:
{files}
{closing}
Each line in parentheses says what stands there: write that itself, whole and final, not the parentheses.
It ends with the line `{closing}`, which counts the files. Other files only if they change too, counted as well."""

_PAGE = "<!DOCTYPE html>\n(the page, whole)"
_README = "(the README, whole)"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">\n(the drawing, its end tag last)'
_NO_FENCE = "nothing but the JSON itself"

#: So large a file may be to be shown whole to the model that wrote it, in bytes.
MOST_SHOWN = 12_000

DIGEST = hashlib.sha256("\0".join([_FIRST, _LATER, _REPAIR, _PAGE, _README, _SVG, _NO_FENCE]).encode()).hexdigest()
_TEMPLATES = {"first": _FIRST, "later": _LATER, "repair": _REPAIR}


def asked_files(brief: Brief) -> list[Wish]:
    """Return the files that a model is to write for a brief beside the page and the README; none for most briefs."""
    attached = {file.name: file.content for file in brief.attachments}
    return [
        wish for wish in wishes_of(brief.text, brief.checks, attached) if wish.writable and wish.path != "README.md"
    ]


def to_write(brief: Brief, tree: Mapping[str, bytes]) -> list[Wish]:
    """Return those of a later round: what is not there yet, and what the brief asks to change."""
    asked, _ = asked_changes(brief.text, tree.keys())
    return [wish for wish in asked_files(brief) if wish.path not in tree or wish.path in asked]


def shown_whole(brief: Brief, tree: Mapping[str, bytes], *, also: Iterable[str] = ()) -> frozenset[str]:
    """Return the files of a tree that are the model's own, `also` others, which are short enough to be shown to it as such."""
    own = [*(wish.path for wish in asked_files(brief)), *also]
    return frozenset(path for path in own if len(tree.get(path, b"")) <= MOST_SHOWN)


def links_of(brief: Brief) -> list[str]:
    """Return what the page is to link."""
    attached = {file.name: file.content for file in brief.attachments}
    return link_targets(wishes_of(brief.text, brief.checks, attached), brief.text)


def rules_in_words(wishes: Sequence[Wish]) -> dict[str, str]:
    """Return what is said of each file, by path."""
    return {wish.path: "; ".join(rule.text for rule in wish.rules if rule.text != THERE) for wish in wishes}


def failing_files(brief: Brief, failing: Sequence[CheckResult]) -> dict[str, str]:
    """Return the files that what fails is about, with what is said of each: of an earlier round's file, what does not hold any more."""
    paths = {path for result in failing for path in paths_of(result)}
    found = {path: said for path, said in rules_in_words(asked_files(brief)).items() if path in paths}
    for result in failing:
        path, _, said = result.check.text.partition(": ")
        if result.check.kind is Kind.LASTING and path != "index.html":
            found[path] = "; ".join(filter(None, [found.get(path), said if said != THERE else ""]))
    return found


def page_fails(failing: Sequence[CheckResult]) -> bool:
    """Say whether anything but the other files fails: then the page is asked for too."""
    return any(not paths_of(result) or "index.html" in paths_of(result) for result in failing)


def paths_of(result: CheckResult) -> set[str]:
    """Return the files that a failing result is about; nothing where it is about the page as it runs."""
    if result.check.kind in {Kind.FILE, Kind.LASTING}:
        return {result.check.text.partition(": ")[0]}
    if result.check.kind is not Kind.PROSE:
        return set()
    said = result.detail.split("; ")
    return {
        rule.path
        for rule in sentence_rules(result.check.text, {}) or ()
        if any(one.startswith(rule.path) for one in said)
    }


def form(
    which: Literal["first", "later", "repair"],
    files: Mapping[str, str],
    boundary: str,
    *,
    page: bool,
    readme: bool,
    links: Sequence[str] = (),
    changed: Sequence[str] = (),
) -> str:
    """Return the form with the boundary line of each file and what is said of it; `page` and `readme` say whether those are among them.

    `links` are what the page is to link, `changed` the attached files that the brief asks to change.
    """
    told = dict[str, str]()
    if page:
        said = [files.get("index.html"), f"it links {', '.join(links)}" if links else ""]
        told["index.html"] = _body("index.html", "; ".join(filter(None, said)))
    told |= {path: _body(path, said) for path, said in files.items() if path != "index.html"}
    told |= {path: f"({path}, whole, with the change)" for path in changed if path not in told}
    if readme:
        told["README.md"] = _README
    closing = mark(boundary, "complete", len(told))
    lines = "\n".join(f"{mark(boundary, 'file', path)}\n{body}" for path, body in told.items())
    return _TEMPLATES[which].format(
        count=len(told),
        files=lines,
        closing=closing,
        first=mark(boundary, "file", next(iter(told))),
        delete=mark(boundary, "delete", "name"),
    )


def _body(path: str, rules: str) -> str:
    match suffix(path):
        case "svg":
            return _SVG
        case "html" | "htm":
            return f"{_PAGE[:-1]}{'; ' + rules if rules else ''})"
        case "json" | "geojson":
            return f"({rules}; {_NO_FENCE})"
        case _:
            return f"({rules or 'what the brief says of it'})"
