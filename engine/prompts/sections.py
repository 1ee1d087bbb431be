"""A request's data in a prompt: section by section, each marked with the request's boundary, and the present files; written, and read back.

A change of any text here is a new VERSION of `engine.prompts.generate`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.domain.brief import AttachedFile
from engine.domain.checks import Kind
from engine.domain.model_call import Message
from engine.inputs.attachments import describe
from engine.prompts.replies import format_files, mark, parse_reply
from engine.site.repository_files import OF_THE_SERVICE, without_marker

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.domain.brief import Brief, EarlierRound
    from engine.domain.checks import Check

#: What the present files are the answer to.
PRESENT = "Show the present files of the app."

_TO_CHANGE = (
    "This file is yours to change: a new version of it is whole, with nothing left out that is to stay. All of it, "
    "as it is now:"
)
_FIRST_LINE = "Boundary of this request: "

#: Our own words in what is written here, for the prompts' digest; PRESENT has its own place in it.
TEXTS = (_TO_CHANGE, _FIRST_LINE)

_SOURCE = re.compile(r"\.(?:html?|css|m?js|md|svg|webmanifest)$", re.IGNORECASE)
#: What the service writes itself is not shown.
_SECTIONS = "brief|earlier round|checks of earlier rounds|checks|attachment|published file|note|findings|end of data"

#: Bounds on what is shown, in characters: descriptions of all files together, one earlier brief, all earlier briefs together.
_MOST_DESCRIBED = 24_000
_LONGEST_EARLIER = 3_000
_MOST_EARLIER = 9_000


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the request's data as the prompt shows it: `name` is brief, checks, attachment, note, findings, …."""

    name: str
    argument: str
    body: str


@dataclass(frozen=True, slots=True)
class Present:
    """The repository's files as a prompt shows them.

    `sources` stand before the request as the model's own last answer; `published` are described, the other attachments of earlier rounds
    among them; `to_change` are texts that are shown whole because the answer holds new versions of them.
    """

    sources: Mapping[str, bytes] = field(default_factory=dict)
    published: Mapping[str, bytes] = field(default_factory=dict)
    to_change: Mapping[str, str] = field(default_factory=dict)


def present_of(tree: Mapping[str, bytes], *, attached: Collection[str], to_change: Mapping[str, str]) -> Present:
    """Sort the files of a tree into what a model wrote and is shown whole, and what is described; `attached` files are described elsewhere."""
    own = {path: content for path, content in tree.items() if path not in attached and path not in to_change}
    sources = {path: without_marker(content) for path, content in own.items() if is_source(path)}
    published = {path: content for path, content in own.items() if path not in OF_THE_SERVICE.union(sources)}
    return Present(sources, published, to_change)


def is_source(path: str) -> bool:
    """Say whether a file is shown as the model's own last answer: what pages are written in."""
    return _SOURCE.search(path) is not None


def request_sections(brief: Brief, present: Present, *, boundary: str, note: str = "", findings: str = "") -> list[str]:
    """Return a request's marked data, from its first line to the end of the data. `note` says what is wrong with the attachments."""
    shown = [file for file in brief.attachments if file.name not in OF_THE_SERVICE.union(present.sources)]
    sections = [f"{_FIRST_LINE}{boundary}"]
    sections += _files(shown, present, boundary)
    if note:
        sections.append(f"{_mark(boundary, 'note')}\n{note}")
    sections += _earlier(brief.earlier, boundary)
    sections += [f"{_mark(boundary, 'brief')}\n{brief.text.strip()}"]
    sections += _checks("checks", brief.checks, boundary)
    sections += _checks("checks of earlier rounds", brief.earlier_checks, boundary)
    if findings:
        sections.append(f"{_mark(boundary, 'findings')}\n{findings}")
    return [*sections, _mark(boundary, "end of data")]


def present_turn(sources: Mapping[str, bytes], boundary: str) -> tuple[Message, ...]:
    """Show the present files as the model's own last answer: a small model that finds them in a request sends them back unchanged.

    Raises ValueError where a file holds the boundary.
    """
    if not sources:
        return ()
    answer = f"{format_files(sources, boundary)}{mark(boundary, 'complete', len(sources))}"
    return Message("user", f"{_FIRST_LINE}{boundary}\n{PRESENT}"), Message("assistant", answer)


def check_line(check: Check, number: int) -> str:
    """Return a check as a request shows it."""
    return f"{number}. {'js: ' if check.kind in {Kind.JS, Kind.EARLIER} else ''}{check.text.strip()}".replace(
        "\n", "\n   "
    )


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


def _files(attached: Sequence[AttachedFile], present: Present, boundary: str) -> Iterator[str]:
    """Describe the files, from the first on, as far as there is room; at least name, type and size of each. What is to be changed is whole."""
    left = _MOST_DESCRIBED
    named = {file.name for file in attached}
    before = [
        AttachedFile(path, "already published", content)
        for path, content in present.published.items()
        if path not in named
    ]
    to_change = [
        AttachedFile(path, "already published", text.encode())
        for path, text in present.to_change.items()
        if path not in named
    ]
    for file in [*attached, *to_change, *before]:
        description = describe(file, room=max(left, 0))
        if file.name in present.to_change:
            description = f"{description.partition(chr(10))[0]}\n{_TO_CHANGE}\n{present.to_change[file.name]}"
        else:
            left -= len(description)
        kind = "attachment" if file.name in named else "published file"
        yield f"{_mark(boundary, kind, file.name)}\n{description}"


def _earlier(rounds: Sequence[EarlierRound], boundary: str) -> list[str]:
    """Show earlier briefs, the newest ones where there is no room for all."""
    sections: list[str] = []
    left = _MOST_EARLIER
    for one in reversed(rounds):
        text = one.text.strip()
        shown = text if len(text) <= _LONGEST_EARLIER else f"{text[:_LONGEST_EARLIER]} … [cut here]"
        left -= len(shown)
        if left < 0:
            break
        sections.insert(0, f"{_mark(boundary, 'earlier round', str(one.number))}\n{shown}")
    return sections


def _checks(name: str, checks: Sequence[Check], boundary: str) -> list[str]:
    if not checks:
        return []
    lines = [check_line(check, number) for number, check in enumerate(checks, 1)]
    return ["\n".join([_mark(boundary, name), *lines])]
