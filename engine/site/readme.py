"""Completes the README of a published repository. The model's own text stays.

The service adds a heading with a short text for each missing part, a line on the request of a later round, and a
section on missing data.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.formats.markdown import blocks, headings, lines_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine.formats.markdown import MarkdownBlock

#: The parts of a README in their usual order, and a pattern of the words in their headings.
README_PARTS = {
    "summary": r"summary|overview|about|description|introduction",
    "setup": r"set-?\s?up|install\w*|getting started",
    "usage": r"usage|how to use|using",
    "code explanation": r"code|how it works|explanation|structure|implementation",
    "licence": r"licen[cs]e",
}
MISSING_DATA = "Missing data"

_MOST_FILES = 40
_MOST_QUOTED = 5  # lines of the brief
_LONGEST_LINE = 300
_LAST_REQUEST = re.compile(r"^Last request \(round \d{1,9}\): .*$", re.MULTILINE)
#: A file's description, by the first pattern that its path matches.
_PURPOSES = {
    r"index\.html": "the page",
    r"LICENSE": "the licence",
    r"README\.md": "this text",
    r"\.nojekyll": "tells GitHub Pages to publish the files as they are",
    r".*\.html?": "a further page",
    r"tools/build\.js": "computes files: its build() takes the repository's texts by path, and returns new ones",
    r".*\.m?js": "a script",
    r".*\.(?:[ct]sv|(?:geo)?json|xml|xlsx)": "data",
    r".*\.(?:png|jpe?g|gif|webp|svg|avif|ico)": "a picture",
    r".*\.ya?ml": "settings",
    r".*\.css": "a style sheet",
    r".*\.md": "a text in Markdown",
    r".*\.txt": "a text",
    r".*\.py": "a program in Python",
    r".*\.sh": "a shell script",
}


@dataclass(frozen=True, slots=True)
class ReadmeFacts:
    """The facts for a README's parts: the request, the tree's paths, the URLs ("" before the repository exists).

    `before` is the README before this round; `missing` has a sentence for each missing file. A repair (`repairs`) keeps
    the existing section on missing data.
    """

    task: str
    number: int
    brief: str
    files: Collection[str]
    clone_url: str = ""
    pages_url: str = ""
    before: str = ""
    missing: Sequence[str] = ()
    repairs: bool = False


def complete_readme(text: str, facts: ReadmeFacts) -> tuple[str, list[str]]:
    """Return the completed README, and the names of the parts that the service added."""
    if not text.strip():
        text = f"# {' '.join(facts.task.split())}\n"
    added = missing_readme_parts(text)
    return _with_missing_data(_with_request(_with_parts(text, added, facts), facts), facts), added


def with_round_not_done(text: str, number: int, brief: str, why: str) -> str:
    """Add a section which says that this round changed nothing."""
    quoted_brief = "\n".join(f"> {line}".rstrip() for line in brief.splitlines())
    section = f"## Round {number} was not done\n\n{why} The page is the one of the round before.\n\n{quoted_brief}"
    return f"{text.rstrip()}\n\n{section}\n"


def readme_parts(text: str) -> dict[str, MarkdownBlock]:
    """Return the first heading of each part that a README has. One heading may serve several parts.

    The README's title serves a part only if it has no other words.
    """
    found = headings(text)
    title = next((one for one in found if one.level == 1), None)
    parts: dict[str, MarkdownBlock] = {}
    for part, words in README_PARTS.items():
        own, within = re.compile(words, re.IGNORECASE), re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
        for one in found:
            if own.fullmatch(one.title) if one is title else within.search(one.title):
                parts[part] = one
                break
    return parts


def missing_readme_parts(text: str) -> list[str]:
    """Return the parts without a heading in a README."""
    found = readme_parts(text)
    return [part for part in README_PARTS if part not in found]


def _with_parts(text: str, missing: Sequence[str], facts: ReadmeFacts) -> str:
    """Insert each missing part before the part that usually follows it, with the level of the existing parts."""
    places, end, order = readme_parts(text), _end(text), list(README_PARTS)
    level = min((heading.level for heading in places.values()), default=2)
    added = defaultdict[int, list[str]](list)  # by the line that follows them
    for part in missing:
        following = (places[one] for one in order[order.index(part) :] if one in places)
        at = next((heading.line for heading in following if heading.level == level), end)
        title = "License" if part == "licence" else part.capitalize()
        added[at].append(f"{'#' * level} {title}\n\n{_body(part, facts)}")
    for at in sorted(added, reverse=True):  # from the end, so that earlier line numbers stay valid
        text = _inserted(text, at, "\n\n".join(added[at]))
    return text


def _body(part: str, facts: ReadmeFacts) -> str:
    match part:
        case "summary":
            lines = [_cut(line.rstrip()) for line in lines_of(facts.brief) if line.strip()]
            shown = [*lines[:_MOST_QUOTED], *(["…"] if len(lines) > _MOST_QUOTED else [])]
            quoted = "\n".join(f"> {line}" for line in shown)  # so that nothing in it is a heading of this README
            return f"A web page that was asked for in these words:\n\n{quoted}"
        case "setup":
            clone = f"git clone {facts.clone_url} app\ncd app\n" if facts.clone_url else ""
            commands = f"```sh\n{clone}python3 -m http.server\n```\n\nIt is then at <http://localhost:8000/>."
            return f"To see the page on your own machine, serve this folder with any file server:\n\n{commands}"
        case "usage":
            return f"Open the published page{f', <{facts.pages_url}>' if facts.pages_url else ''}."
        case "code explanation":
            paths = sorted({*facts.files, "README.md"})
            listed = [f"- `{path.replace('`', chr(39))}`: {_purpose(path)}" for path in paths[:_MOST_FILES]]
            more = [f"- and {len(paths) - _MOST_FILES} more"] if len(paths) > _MOST_FILES else []
            return "\n".join([*listed, *more])
        case _:
            return "MIT, see [LICENSE](LICENSE)."


def _purpose(path: str) -> str:
    return next((what for pattern, what in _PURPOSES.items() if re.fullmatch(pattern, path, re.IGNORECASE)), "a file")


def _with_request(text: str, facts: ReadmeFacts) -> str:
    """Add or update the line on the request of a later round, unless the model has changed the README."""
    if facts.number == 1:
        return text
    first_line = next((" ".join(line.split()) for line in lines_of(facts.brief) if line.strip()), "")
    line = f"Last request (round {facts.number}): {_cut(first_line)}"
    if _LAST_REQUEST.search(text):
        return _LAST_REQUEST.sub(lambda _: line, text)
    if text.split() != facts.before.split():
        return text
    return _inserted(text, _section_end(text, readme_parts(text)["usage"]), line)


def _with_missing_data(text: str, facts: ReadmeFacts) -> str:
    """Rewrite the section on missing data, or remove it if no data is missing."""
    old = next((one for one in headings(text) if (one.level, one.title) == (2, MISSING_DATA)), None)
    if old and facts.repairs:
        return text
    if old:
        end = _section_end(text, old)
        remaining = [*lines_of(text)[: old.line], *lines_of(text)[end:]]
        text = "\n".join(remaining).rstrip("\n") + "\n"
    if not facts.missing:
        return text
    why = "When this page was made, data that it needs could not be had; no figures were invented in its place."
    section = "\n".join([f"## {MISSING_DATA}\n\n{why}\n", *(f"- {sentence}" for sentence in facts.missing)])
    return _inserted(text, _end(text), section)


def _section_end(text: str, heading: MarkdownBlock) -> int:
    after = (one for one in headings(text) if one.line > heading.line and one.level <= heading.level)
    return next((one.line for one in after), _end(text))


def _end(text: str) -> int:
    """Return the line at which a heading can be appended: before an unclosed code block or comment, if there is one."""
    last = "The end"
    found = blocks(f"{text}\n\n# {last}\n")
    return len(lines_of(text)) if found[-1].title == last else found[-1].line


def _inserted(text: str, at: int, block: str) -> str:
    lines = lines_of(text)
    parts = ("\n".join(lines[:at]).rstrip("\n"), block, "\n".join(lines[at:]).strip("\n"))
    return "\n\n".join(part for part in parts if part) + "\n"


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"
