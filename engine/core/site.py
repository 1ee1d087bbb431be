"""The whole tree of a published repository: what the model wrote, what stays, what came attached and what the service adds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.core import repository
from engine.core.brief import Source
from engine.core.file_types import is_publishable
from engine.core.missing import readme_with

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from engine.core.brief import AttachedFile, Brief, MissingFile

_CHANGING = re.compile(
    r"\b(change|edit|fix|update|modif|correct|improve|refactor|rewrite|remove|delete|drop|rename|translate|append)\w*",
    re.IGNORECASE,
)


class Origin(StrEnum):
    """Where a file of the tree comes from."""

    MODEL = "model"
    CARRIED = "carried"
    ATTACHMENT = "attachment"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file of the tree."""

    content: bytes
    origin: Origin


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of the tree before the model writes: `present` is the head's tree, empty in a new repository."""

    brief: Brief
    present: Mapping[str, bytes]
    protected: Collection[str]  # attachments of earlier rounds, which stay as they are
    marker: str
    year: int
    repairs: bool = (
        False  # `present` is this round's own attempt: it stays as far as it is not written anew, its README too
    )
    missing: tuple[MissingFile, ...] = ()


def assemble(
    frame: Frame, written: Mapping[str, bytes], deletions: Collection[str]
) -> tuple[dict[str, SiteFile], list[str]]:
    """Return the whole tree and, in sentences, what was not taken over from the reply or was added to it."""
    notes: list[str] = []
    attached = {file.name: file for file in frame.brief.attachments}
    kept = {*attached, *(p for p in frame.protected if p in frame.present)}
    kept = {path for path in kept if _is_own(attached.get(path)) or not may_change(frame.brief.text, path)}
    files = {path: SiteFile(content, Origin.CARRIED) for path, content in frame.present.items()}
    files |= {name: SiteFile(file.content, _origin(file)) for name, file in attached.items()}
    for path in deletions:
        if path in kept or path in {"LICENSE", ".nojekyll", "README.md", "index.html"}:
            notes.append(f"{path} was to be deleted and stays: the brief does not ask for it")
        else:
            files.pop(path, None)
    for path, content in written.items():
        if path in {"LICENSE", ".nojekyll"}:
            continue
        if not is_publishable(path, frame.brief.text):
            notes.append(f"{path} was left out: a static page has no use for a file of that type")
            continue
        if path in kept:
            what = "of the service" if _is_own(attached.get(path)) else "an attachment"
            notes.append(f"{path} is {what} and stays as it came; the model's version was left out")
        else:
            files[path] = SiteFile(content, Origin.MODEL)
    _add_own_files(files, frame, notes)
    return files, notes


def may_change(brief: str, path: str) -> bool:
    """Say whether the brief asks to change that very file: one sentence names it and a verb of changing."""
    name = path.rsplit("/", 1)[-1].lower()
    return any(name in s.lower() and _CHANGING.search(s) for s in re.split(r"(?<=[.!?;])\s+|\n+", brief))


def _is_own(file: AttachedFile | None) -> bool:
    return file is not None and file.source is not Source.REQUEST


def _origin(file: AttachedFile) -> Origin:
    return Origin.SERVICE if _is_own(file) else Origin.ATTACHMENT


def _add_own_files(files: dict[str, SiteFile], frame: Frame, notes: list[str]) -> None:
    licence = files.get("LICENSE")
    if licence is None or not repository.is_mit(licence.content.decode("utf-8", "replace")):
        text = repository.licence(frame.year, f"the author of {repository.slug(frame.brief.task)}")
        files["LICENSE"] = SiteFile(text, Origin.SERVICE)
    files.setdefault(".nojekyll", SiteFile(b"", Origin.SERVICE))
    if page := files.get("index.html"):
        files["index.html"] = SiteFile(repository.insert_marker(page.content, frame.marker), _changed(page.origin))
    _complete_readme(files, frame, notes)


def _complete_readme(files: dict[str, SiteFile], frame: Frame, notes: list[str]) -> None:
    """Give the README what it lacks; a round that left it as it was gets a section of its own."""
    present = files.get("README.md")
    text = present.content.decode("utf-8", "replace") if present else f"# {frame.brief.task}\n"
    if missing := repository.missing_readme_parts(text):
        text = text.rstrip() + "\n" + "".join(_section(part, frame.brief) for part in missing)
        notes.append(f"README.md lacked {', '.join(missing)}; the service added it")
    if not frame.repairs and frame.present.get("README.md") == text.encode():
        text = f"{text.rstrip()}\n\n## Round {frame.brief.number}\n\n{_quoted(frame.brief.text)}\n"
        notes.append("README.md was not changed by this round; the service added a section about it")
    text = readme_with(text, frame.missing, repairs=frame.repairs)
    if present is None or text != present.content.decode("utf-8", "replace"):
        files["README.md"] = SiteFile(text.encode(), _changed(present.origin) if present else Origin.SERVICE)


def _changed(origin: Origin) -> Origin:
    """Return the origin of a file that the service changed: no longer carried over as it was."""
    return Origin.SERVICE if origin is Origin.CARRIED else origin


def _section(part: str, brief: Brief) -> str:
    body = {
        "summary": _quoted(brief.text),
        "setup": "Nothing to build and nothing to install: clone the repository.",
        "usage": "Open `index.html` through any web server, for example `python3 -m http.server`, or the published page.",
        "code explanation": "`index.html` holds the page; the files beside it are the data and parts that it uses.",
        "licence": "MIT, see [LICENSE](LICENSE).",
    }[part]
    return f"\n## {part.capitalize()}\n\n{body}\n"


def _quoted(text: str) -> str:
    """Show a brief as a quotation, so that nothing in it becomes a heading of ours."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())
