"""The README of a published repository. The model's own words stay; the service adds the headings that are missing."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.formats.markdown import blocks, headings, lines_of
from engine.site.repository_files import README_PARTS, missing_readme_parts, readme_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_MOST_FILES = 40
_MOST_QUOTED = 5  # lines of the brief
_LONGEST_LINE = 300

_TITLES = {"licence": "License"}
_REQUEST = re.compile(r"^Last request \(round \d{1,9}\): .*$", re.MULTILINE)

_PURPOSES = {
    "index.html": "the page",
    "LICENSE": "the licence",
    "README.md": "this text",
    ".nojekyll": "tells GitHub Pages to publish the files as they are",
}
_PURPOSES_BY_SUFFIX = {
    **dict.fromkeys(("html", "htm"), "a further page"),
    **dict.fromkeys(("js", "mjs"), "a script"),
    **dict.fromkeys(("csv", "tsv", "json", "geojson", "xml", "xlsx"), "data"),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "ico"), "a picture"),
    **dict.fromkeys(("yml", "yaml"), "settings"),
    "css": "a style sheet",
    "md": "a text in Markdown",
    "txt": "a text",
    "py": "a program in Python",
    "sh": "a shell script",
}

_STAND_IN = re.compile(
    r"\b(?:TODO|TBD|FIXME):|^\W*(?:TODO|TBD|FIXME)\W*$"
    r"|(?i:\blorem ipsum\b|\byour[-_](?:user[-_]?name|name|repo(?:sitory)?)\b|\bgithub\.com/(?:user(?:name)?|your\w*|example)/"
    r"|[<\[{](?:your|repo(?:sitory)?|user(?:name)?|project|insert)(?:[-_ ][\w -]{1,30})?[>\]}](?!\())"
)
_NAMED_FILE = re.compile(r"`(?:\./)?([\w-]+(?:/[\w-]+)*\.(?:html?|css|m?js|json|csv|md|txt))`")


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that parts are made of: the request, the tree's paths, the addresses ("" before the repository is made), the README before this round."""

    task: str
    number: int
    brief: str
    files: Collection[str]
    clone_url: str = ""
    pages_url: str = ""
    before: str = ""


def completed(text: str, known: Known) -> tuple[str, list[str]]:
    """Return a README with a heading for each of README_PARTS, and which of them the service added.

    A later round that leaves the README as it was gets one line that says what the round asked for. Later rounds replace that line.
    """
    if not text.strip():
        text = f"# {' '.join(known.task.split())}\n"
    added = missing_readme_parts(text)
    return _with_request(_with_parts(text, added, known), known), added


def readme_defects(text: str, files: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield line (from 1) and words of each name that was never filled in, and of each file that the repository does not hold."""
    for number, line in enumerate(text.split("\n"), 1):
        head = line[:1_000]
        if head.lstrip().startswith(">"):
            continue  # a quotation of the brief
        if found := _STAND_IN.search(head):
            yield number, f"{found[0].strip()[:40]!r} stands for something that was never filled in"
        for name in _NAMED_FILE.findall(head):
            if name not in files and not any(path.endswith(f"/{name}") for path in files):
                yield number, f"it tells of {name}, which is no file of the repository"


def _with_parts(text: str, missing: Sequence[str], known: Known) -> str:
    """Add each missing part before the one that usually follows it, at the level of the parts that are there."""
    if not missing:
        return text
    places, end, order = readme_parts(text), _end(text), list(README_PARTS)
    level = min((heading.level for heading in places.values()), default=2)

    added = defaultdict[int, list[str]](list)  # by the line before which they stand
    for part in missing:
        following = (places[one] for one in order[order.index(part) :] if one in places)
        at = next((heading.line for heading in following if heading.level == level), end)
        added[at].append(f"{'#' * level} {_TITLES.get(part, part.capitalize())}\n\n{_body(part, known)}")
    for at in sorted(added, reverse=True):  # so that the lines above stay where they are
        text = _inserted(text, at, "\n\n".join(added[at]))
    return text


def _body(part: str, known: Known) -> str:
    match part:
        case "summary":
            return f"A web page that was asked for in these words:\n\n{_quoted(known.brief)}"
        case "setup":
            clone = f"git clone {known.clone_url} app\ncd app\n" if known.clone_url else ""
            served = f"```sh\n{clone}python3 -m http.server\n```"
            return f"To see the page on your own machine, serve this folder with any file server:\n\n{served}\n\nIt is then at <http://localhost:8000/>."
        case "usage":
            return f"Open the published page{f', <{known.pages_url}>' if known.pages_url else ''}."
        case "code explanation":
            return _listed(known.files)
        case _:
            return "MIT, see [LICENSE](LICENSE)."


def _quoted(brief: str) -> str:
    """Quote the first lines of a brief, so that nothing in it is a heading of this README."""
    lines = [line.rstrip() for line in lines_of(brief) if line.strip()]
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…" for line in lines[:_MOST_QUOTED]]
    return "\n".join(f"> {line}" for line in [*shown, *(["…"] if len(lines) > _MOST_QUOTED else [])])


def _listed(files: Collection[str]) -> str:
    paths = sorted({*files, "README.md"})
    shown = [f"- `{path.replace('`', chr(39))}`: {_purpose(path)}" for path in paths[:_MOST_FILES]]
    return "\n".join([*shown, *([f"- and {len(paths) - _MOST_FILES} more"] if len(paths) > _MOST_FILES else [])])


def _purpose(path: str) -> str:
    return _PURPOSES.get(path) or _PURPOSES_BY_SUFFIX.get(path.rpartition(".")[2].lower(), "a file")


def _with_request(text: str, known: Known) -> str:
    """Say what a later round asked for, where the README would else stay as it was or says it of an earlier round."""
    if known.number == 1:
        return text
    asked = next((" ".join(line.split()) for line in lines_of(known.brief) if line.strip()), "")
    line = f"Last request (round {known.number}): {asked if len(asked) <= _LONGEST_LINE else f'{asked[: _LONGEST_LINE - 1]}…'}"
    if _REQUEST.search(text):
        return _REQUEST.sub(lambda _: line, text)
    return _inserted(text, _section_end(text, "usage"), line) if text.split() == known.before.split() else text


def _section_end(text: str, part: str) -> int:
    """Return the line at which a part that is there ends."""
    start = readme_parts(text)[part]
    after = (one for one in headings(text) if one.line > start.line and one.level <= start.level)
    return next((one.line for one in after), _end(text))


def _end(text: str) -> int:
    """Return the line at which a heading can be appended: not inside code or a comment that is never closed, but before it."""
    last = "The end"
    found = blocks(f"{text}\n\n# {last}\n")
    return len(lines_of(text)) if found[-1].title == last else found[-1].line


def _inserted(text: str, at: int, block: str) -> str:
    lines = lines_of(text)
    parts = ("\n".join(lines[:at]).rstrip("\n"), block, "\n".join(lines[at:]).strip("\n"))
    return "\n\n".join(part for part in parts if part) + "\n"
