"""Writes and parses a request's data in a prompt: marked sections and the present files.

A change of a text here needs a new VERSION of `engine.prompts.generate`.
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
from engine.prompts.replies import as_text, format_files, mark, parse_reply
from engine.site.repository_files import OF_THE_SERVICE, without_marker

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.domain.brief import Brief, EarlierRound
    from engine.domain.checks import Check

#: The user message before the present files.
PRESENT = "Show the present files of the app."

_TO_CHANGE = (
    "This file is yours to change: a new version of it is whole, with nothing left out that is to stay. All of it, "
    "as it is now:"
)
_FIRST_LINE = "Boundary of this request: "

#: The texts of this module, for the prompts' digest, which has PRESENT as a separate part.
TEXTS = (_TO_CHANGE, _FIRST_LINE)

_SOURCE = re.compile(r"\.(?:html?|css|m?js|md|svg|webmanifest)$", re.IGNORECASE)
#: The names of the sections.
_SECTIONS = "brief|earlier round|checks of earlier rounds|checks|attachment|published file|note|findings|end of data"

#: The most characters of all files' descriptions, of one earlier brief, and of all earlier briefs.
_MOST_DESCRIBED = 24_000
_LONGEST_EARLIER = 3_000
_MOST_EARLIER = 9_000


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the request's data; `name` is brief, checks, attachment, note, findings, …"""

    name: str
    argument: str
    body: str


@dataclass(frozen=True, slots=True)
class Present:
    """The repository's files in a prompt.

    `sources` stand before the request as the model's own last reply. `published` are described, with the other
    attachments of earlier rounds. `to_change` are shown whole, because the reply holds new versions of them.
    """

    sources: Mapping[str, bytes] = field(default_factory=dict)
    published: Mapping[str, bytes] = field(default_factory=dict)
    to_change: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> dict[str, str]:
        """The texts that are shown whole, with LF line ends, so that edits can refer to them."""
        sources = {path: as_text(content) for path, content in self.sources.items()}
        texts = {path: text for path, text in sources.items() if text is not None} | dict(self.to_change)
        return {path: text.replace("\r\n", "\n") for path, text in texts.items()}


def present_of(
    tree: Mapping[str, bytes],
    *,
    attached: Collection[str],
    to_change: Mapping[str, str],
    computed: Collection[str] = (),
) -> Present:
    """Divide a tree into sources, which are shown whole, and described files. `attached` are described elsewhere."""
    own = {path: content for path, content in tree.items() if path not in attached and path not in to_change}
    sources = {
        path: without_marker(content) for path, content in own.items() if is_source(path) and path not in computed
    }
    published = {path: content for path, content in own.items() if path not in OF_THE_SERVICE.union(sources)}
    return Present(sources, published, to_change)


def is_source(path: str) -> bool:
    """Say whether a file is shown as the model's own last reply: its type is one that pages are written in."""
    return _SOURCE.search(path) is not None


def request_sections(brief: Brief, present: Present, *, boundary: str, note: str = "", findings: str = "") -> list[str]:
    """Return a request's marked sections, from the first line to the end mark. `note` names defects of attachments."""
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
    """Return the present files as the model's last reply: a small model returns them unchanged if a request holds them.

    Raises ValueError if a file contains the boundary.
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
    """Return the boundary in a request's first user message. Raises ValueError if there is none."""
    for message in messages:
        if message.role == "user" and message.content.startswith(_FIRST_LINE):
            return message.content.removeprefix(_FIRST_LINE).partition("\n")[0].strip()
    raise ValueError("The messages name no boundary.")


def sections_of(messages: Sequence[Message]) -> list[Section]:
    """Return the marked sections of a request before the end mark."""
    boundary = boundary_of(messages)
    text = messages[_request_at(messages)].content
    found = list(re.finditer(rf"^\[({_SECTIONS})(?: ([^\n]+))? {re.escape(boundary)}\]$\n?", text, re.MULTILINE))
    return [
        Section(match[1], match[2] or "", text[match.end() : after.start()])
        for match, after in itertools.pairwise(found)
    ]


def present_files(messages: Sequence[Message]) -> Mapping[str, bytes]:
    """Return the text files of the present app in a request; none in a first round."""
    shown = [message.content for message in messages[: _request_at(messages)] if message.role == "assistant"]
    return parse_reply("".join(shown), boundary_of(messages)).files


def _request_at(messages: Sequence[Message]) -> int:
    """Return the index of the message with the request: the last user message that starts with the boundary."""
    return max(
        at for at, message in enumerate(messages) if message.role == "user" and message.content.startswith(_FIRST_LINE)
    )


def _mark(boundary: str, name: str, argument: str = "") -> str:
    return f"[{name}{' ' if argument else ''}{argument} {boundary}]"


def _files(attached: Sequence[AttachedFile], present: Present, boundary: str) -> Iterator[str]:
    """Describe files while there is room, but always name, type and size. Files to change are shown whole."""
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
    """Show earlier briefs, as many of the newest as there is room for."""
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
