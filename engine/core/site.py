"""The whole tree of a published repository: what the model wrote, what stays, what came attached and what the service adds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.core import repository
from engine.core.changes import changes_of, with_line_ends_of
from engine.core.file_types import is_publishable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from engine.core.brief import Brief
    from engine.core.changes import Changes


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


def assemble(
    frame: Frame, written: Mapping[str, bytes], deletions: Collection[str]
) -> tuple[dict[str, SiteFile], list[str]]:
    """Return the whole tree and, in sentences, what was not taken over from the reply or was added to it."""
    notes: list[str] = []
    attached = {file.name: file.content for file in frame.brief.attachments}
    came = attached | dict(frame.present) if frame.repairs else dict(frame.present) | attached
    changes = changes_of(frame.brief.text, came)
    own = {*attached, *(p for p in frame.protected if p in frame.present)}
    files = {path: SiteFile(content, Origin.CARRIED) for path, content in frame.present.items()}
    # What this round's first try made of an attachment, or that it is gone, is what is repaired.
    laid = attached.keys() - changes.asked if frame.repairs else attached.keys()
    files |= {name: SiteFile(attached[name], Origin.ATTACHMENT) for name in laid}
    for path in deletions:
        if path in own - changes.removed or path in {"LICENSE", ".nojekyll", "README.md", "index.html"}:
            notes.append(f"{path} was to be deleted and stays: the brief does not ask for it")
        else:
            files.pop(path, None)
    for path, content in written.items():
        if why := _left_out(path, frame.brief, changes, own):
            notes.append(f"{path} {why}")
        elif path not in {"LICENSE", ".nojekyll"}:
            files[path] = SiteFile(with_line_ends_of(came.get(path, b""), content), Origin.MODEL)
    _add_own_files(files, frame, notes)
    return files, notes


def _left_out(path: str, brief: Brief, changes: Changes, own: Collection[str]) -> str:
    """Return why the model's version of a file is not taken, "" where it is. `own` are the attachments, whose type is whatever came."""
    if path not in own:
        return (
            "" if is_publishable(path, brief.text) else "was left out: a static page has no use for a file of that type"
        )
    if changes.may_write(path):
        return ""
    if path in changes.asked:
        return "is to be changed, but is no text or too long to be written anew, and stays as it is"
    return "is an attachment and stays as it came; the model's version was left out"


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
