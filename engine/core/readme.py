"""A README's sections, and which of its five parts say nothing: empty ones, stand-ins, instructions for another kind of project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.flaws import Flaw
from engine.core.repository import README_PARTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: Stands below the heading of what the service wrote, which it writes anew with every tree.
OURS = "<!-- This section is kept by the service. -->"

#: A part with fewer words says nothing; the licence may be one word.
FEWEST_WORDS = 4

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_STAND_IN = re.compile(
    r"\b(?:TODO|TBD|FIXME)\b|\blorem ipsum\b|\byour[-_ ]?(?:user[-_ ]?name|name[-_ ]here|repo(?:sitory)?[-_ ]?(?:name|url))\b"
    r"|[<\[{](?:your|repo(?:sitory)?|user(?:name)?|project|insert)(?:[-_ ][\w -]{1,30})?[>\]}]"
    r"|\bgithub\.com/(?:user(?:name)?|your\w*|example)/|\b(?:coming soon|to be (?:written|added|completed)|goes here)\b",
    re.IGNORECASE,
)
#: Commands that need a file which this site may not have.
_NEEDS = {
    "package.json": re.compile(
        r"\b(?:npm|yarn|pnpm|bun) (?:install|i|start|run|ci|build|dev|test)\b|\byarn\b(?=\s*$)", re.MULTILINE
    ),
    "requirements.txt": re.compile(r"\bpip3? install\b"),
    "Dockerfile": re.compile(r"\bdocker (?:build|compose|run)\b"),
}
#: `npm is not needed` and the like tell the truth.
_DENIED = re.compile(r"\b(?:no|not|without|nothing|never|n't)\b", re.IGNORECASE)
_NAMED_FILE = re.compile(r"`(?:\./)?([\w-]+(?:/[\w-]+)*\.(?:html?|css|m?js|json|csv|md|txt))`")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (`level` 0: what stands before the first) with the lines up to the next one; `line` counts from 1."""

    line: int
    level: int
    title: str
    lines: tuple[str, ...]  # without the heading's own

    @property
    def ours(self) -> bool:
        """Say whether the service wrote it."""
        return OURS in self.lines[:3]


def sections_of(text: str) -> list[Section]:
    """Return a README's sections in their order; a `#` in fenced code is no heading."""
    found: list[tuple[int, int, str, list[str]]] = [(1, 0, "", [])]
    fence = ""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        elif heading := _HEADING.match(line[:300]):
            found.append((number, len(heading[1]), heading[2].strip(), []))
            continue
        elif re.fullmatch(r" {0,3}(?:={3,}|-{3,})[ \t]*", line) and number > 1 and _may_be_title(found[-1][3]):
            title = found[-1][3].pop().strip()
            found.append((number - 1, 1 if "=" in line else 2, title, []))
            continue
        found[-1][3].append(line)
    return [Section(line, level, title, tuple(body)) for line, level, title, body in found]


def part_of(title: str) -> str:
    """Return the part that a heading begins, "" where it begins none of the five."""
    return next((part for part, words in README_PARTS.items() if re.search(rf"\b(?:{words})\b", title.lower())), "")


def parts_of(sections: list[Section]) -> dict[str, tuple[int, int]]:
    """Return where each part stands: the first section that is headed by it, up to the next of its level or above.

    The README's own title is no part, whatever words are in it.
    """
    found: dict[str, tuple[int, int]] = {}
    title = next((at for at, one in enumerate(sections) if one.level == 1), None)
    for at, one in enumerate(sections):
        part = part_of(one.title) if one.level and at != title else ""
        if part and part not in found:
            ends = (n for n, after in enumerate(sections[at + 1 :], at + 1) if after.level <= one.level)
            found[part] = (at, next(ends, len(sections)))
    return found


def empty_parts(text: str, files: Collection[str]) -> dict[str, str]:
    """Return the parts that a README lacks or that say nothing true, each with the reason. `files` are the site's paths."""
    sections = sections_of(text)
    places = parts_of(sections)
    reasons = {part: "it is missing" for part in README_PARTS if part not in places}
    for part, (start, end) in places.items():
        body = "\n".join(
            line
            for one in sections[start:end]
            for line in (one.title if one is not sections[start] else "", *one.lines)
        )
        if not sections[start].ours and (why := _says_nothing(part, body, files)):
            reasons[part] = why
    return reasons


def readme_flaws(text: str, files: Mapping[str, bytes]) -> Iterator[Flaw]:
    """Yield what is wrong with a README that is published: stand-ins, commands that cannot work, files that are not there."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith(">"):
            continue  # a quotation of the brief
        head = line[:1_000]
        if found := _STAND_IN.search(head):
            yield Flaw(
                "README.md", number, f"{found[0][:40]!r} stands for something that was never filled in", grave=True
            )
        if why := _cannot_work(head, files):
            yield Flaw("README.md", number, why, grave=True)
        for name in _NAMED_FILE.findall(head):
            if name not in files and not any(path.endswith(f"/{name}") for path in files):
                yield Flaw("README.md", number, f"it tells of {name}, which is no file of the repository")


def is_about(text: str, subject: str) -> bool:
    """Say whether a README may be about an app: at least one word of its title and summary stands in `subject` (brief and page).

    Only what has words enough to be about something else is judged.
    """
    sections = sections_of(text)
    places = parts_of(sections)
    start, end = places.get("summary", (0, 0))
    told = [line for one in sections[start:end] for line in one.lines]
    own = _significant(" ".join([*(one.title for one in sections if one.level == 1), *told]))
    return len(own) < 8 or bool(own & _significant(subject))


def _says_nothing(part: str, body: str, files: Collection[str]) -> str:
    words = re.findall(r"\w+", re.sub(r"<!--.*?-->", "", body[:20_000]))
    if len(words) < (1 if part == "licence" else FEWEST_WORDS):
        return "it is empty" if not words else "it says next to nothing"
    if found := _STAND_IN.search(body):
        return f"{found[0][:40]!r} stands in it for something that was never filled in"
    return next((why for line in body.split("\n") if (why := _cannot_work(line, files))), "")


def _cannot_work(line: str, files: Collection[str]) -> str:
    for needed, command in _NEEDS.items():
        if (found := command.search(line)) and needed not in files and not _DENIED.search(line):
            return f"{found[0]!r} cannot work: there is no {needed}"
    return ""


def _may_be_title(lines: list[str]) -> bool:
    return bool(lines and lines[-1].strip()) and not re.match(r"\s*(?:[-*+>|]|\d+\.)", lines[-1])


_COMMON = re.compile(
    r"this|that|with|from|page|html|script|style|files?|open|which|have|will|your|users?|using|used|when|data|shows?|displays?|simple|static"
    r"|single|site|website|application|browsers?|modern|summary|project|provides|allows|features?|contains|includes|built|created?"
    r"|publish(?:ed)?|into|their|then|each|them|also|more|than|text|title|list"
)


def _significant(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]{4,}", text.lower()) if not _COMMON.fullmatch(word)}
