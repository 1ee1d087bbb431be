"""A request's data in a prompt: section by section, each marked with the request's boundary, and the present files; written, and read back.

A change of any text here is a new VERSION of `engine.core.prompts`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core.attachments import describe
from engine.core.brief import AttachedFile
from engine.core.changes import Changes, changes_of
from engine.core.checks import Kind
from engine.core.replies import format_files, mark, parse_reply
from engine.ports import Message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from engine.core.brief import Brief
    from engine.core.checks import Check

#: What the present files are the answer to.
PRESENT = "Show the present files of the app."

_TO_CHANGE = """\
The brief asks to change this file, so it is yours to write, unlike other attached files: its new version, whole, under the same name, with
nothing left out that is to stay."""
_TO_GO = (
    "The brief asks to remove this file or to give it another name: the line `{delete}` in your answer takes it away."
)
_WHOLE = "All of it, as it is now:"
_NOT_TO_CHANGE = (
    "The brief asks to change this file, but it is no text or too long to be shown: do not write it. README.md says so."
)

_FIRST_LINE = "Boundary of this request: "

#: Our own words in what is written here, for the prompts' digest; PRESENT has its own place in it.
TEXTS = (_TO_CHANGE, _TO_GO, _WHOLE, _NOT_TO_CHANGE, _FIRST_LINE)

_SOURCE = re.compile(r"\.(?:html?|css|m?js|md|svg|webmanifest)$", re.IGNORECASE)
_SECTIONS = "brief|checks|attachment|note|findings|end of data"
_ATTACHMENT_CHARACTERS = 9_000


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the request's data as the prompt shows it: `name` is brief, checks, attachment, note or findings."""

    name: str
    argument: str
    body: str


def data_sections(
    brief: Brief,
    *,
    boundary: str,
    tree: Mapping[str, bytes],
    note: str = "",
    findings: str = "",
    whole: Collection[str] = (),
) -> tuple[list[str], dict[str, bytes]]:
    """Return a request's marked data, from its first line to the end of the data, and the present sources, which are shown before it.

    An attached index.html is the page to be changed. What the brief asks to change else is shown whole, and the rest described. `findings`:
    what a browser found wrong with the present files, among which is then what became of the attachments that were to be changed.
    `whole`: files that are shown as sources whatever their type.
    """
    changes = changes_asked(brief, tree, repairs=bool(findings))
    seed = {file.name: file.content for file in brief.attachments if file.name == "index.html"}
    attached = [
        replace(file, content=tree[file.name]) if findings and file.name in tree.keys() & changes.asked else file
        for file in brief.attachments
        if file.name not in seed
    ]
    present = {**tree, **seed} if not findings else tree
    others = {path: content for path, content in present.items() if path not in {file.name for file in attached}}
    data = [
        AttachedFile(path, "already published", content)
        for path, content in others.items()
        if not (_is_source(path) or path in whole)
    ]
    sections = [f"{_FIRST_LINE}{boundary}", *_attachment_sections([*attached, *data], boundary, note, changes)]
    sections += [f"{_mark(boundary, 'brief')}\n{brief.text.strip()}", *_check_section(brief.checks, boundary)]
    if findings:
        sections.append(f"{_mark(boundary, 'findings')}\n{findings}")
    sources = {path: content for path, content in others.items() if _is_source(path) or path in whole}
    return [*sections, _mark(boundary, "end of data")], sources


def present_turn(sources: Mapping[str, bytes], boundary: str) -> tuple[Message, ...]:
    """Show the present files as the model's own last answer: a small model that finds them in a request sends them back unchanged.

    Raises ValueError where a file holds the boundary.
    """
    if not sources:
        return ()
    answer = f"{format_files(sources, boundary)}{mark(boundary, 'complete', len(sources))}"
    return Message("user", f"{_FIRST_LINE}{boundary}\n{PRESENT}"), Message("assistant", answer)


def check_line(check: Check) -> str:
    """Return a check as a request shows it."""
    return f"- {'js: ' if check.kind is Kind.JS else ''}{check.text.strip()}".replace("\n", "\n  ")


def changes_asked(brief: Brief, tree: Mapping[str, bytes], *, repairs: bool = False) -> Changes:
    """Return what the brief asks to change of the `tree` and of what came attached, which is newer, but not where `repairs` says that the tree is."""
    attached = {file.name: file.content for file in brief.attachments}
    return changes_of(brief.text, attached | dict(tree) if repairs else dict(tree) | attached)


def boundary_of(messages: Sequence[Message]) -> str:
    """Return the boundary that a request's first user message names. Raises ValueError where it names none."""
    for message in messages:
        if message.role == "user" and message.content.startswith(_FIRST_LINE):
            return message.content.removeprefix(_FIRST_LINE).partition("\n")[0].strip()
    raise ValueError("The messages name no boundary.")


def sections_of(messages: Sequence[Message]) -> list[Section]:
    """Return the marked sections of a request, up to the end of the data."""
    boundary = boundary_of(messages)
    text = messages[_request_at(messages)].content
    found = list(re.finditer(rf"^\[({_SECTIONS})(?: ([^\n]+))? {re.escape(boundary)}\]$\n?", text, re.MULTILINE))
    return [
        Section(match[1], match[2] or "", text[match.end() : after.start()])
        for match, after in itertools.pairwise(found)
    ]


def present_files(messages: Sequence[Message]) -> Mapping[str, bytes]:
    """Return the text files of the present app that a request shows, none in a first round."""
    shown = [message.content for message in messages[: _request_at(messages)] if message.role == "assistant"]
    return parse_reply("".join(shown), boundary_of(messages)).files


def _request_at(messages: Sequence[Message]) -> int:
    """Return the place of the message that holds the request: the last that names the boundary first."""
    return max(
        at for at, message in enumerate(messages) if message.role == "user" and message.content.startswith(_FIRST_LINE)
    )


def _mark(boundary: str, name: str, argument: str = "") -> str:
    return f"[{name}{' ' if argument else ''}{argument} {boundary}]"


def _is_source(path: str) -> bool:
    return _SOURCE.search(path) is not None


def _check_section(checks: Sequence[Check], boundary: str) -> list[str]:
    if not checks:
        return []
    return ["\n".join([_mark(boundary, "checks"), *map(check_line, checks)])]


def _attachment_sections(files: Sequence[AttachedFile], boundary: str, note: str, changes: Changes) -> list[str]:
    """Describe the files, from the first on, as far as there is room; at least name, type and size of each. What is to be changed is whole."""
    sections: list[str] = []
    left = _ATTACHMENT_CHARACTERS
    for file in files:
        if file.name in {"LICENSE", ".nojekyll"}:
            continue
        description = describe(file, room=max(left, 0))
        if file.name in changes.asked:
            description = _described_change(file, description, boundary, changes)
        else:
            left -= len(description)
        sections.append(f"{_mark(boundary, 'attachment', file.name)}\n{description}")
    return [*sections, f"{_mark(boundary, 'note')}\n{note}"] if note else sections


def _described_change(file: AttachedFile, description: str, boundary: str, changes: Changes) -> str:
    """Say what is to be done to a file, and show all of it: a model writes whole files."""
    first = description.partition("\n")[0]
    gone = _TO_GO.format(delete=mark(boundary, "delete", file.name))
    text = changes.texts.get(file.name)
    if text is None:
        return f"{description}\n{gone if file.name in changes.removed else _NOT_TO_CHANGE}"
    told = gone if file.name in changes.removed else _TO_CHANGE
    return f"{first}\n{told}\n{_WHOLE}\n{text.replace(chr(13) + chr(10), chr(10))}"
