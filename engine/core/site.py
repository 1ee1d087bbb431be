"""The whole tree of a published repository: what the model wrote, what stays, what came attached and what the service adds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.core import repository
from engine.core.brief import Source
from engine.core.changes import changes_of, with_line_ends_of
from engine.core.file_types import is_publishable
from engine.core.file_wishes import link_targets, wishes_of
from engine.core.missing import readme_with
from engine.core.page_links import at_home, unlinked, with_links
from engine.core.readme import Known, completed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from engine.core.brief import AttachedFile, Brief, MissingFile
    from engine.core.changes import Changes
    from engine.ports import Repository


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
    before: Mapping[str, bytes] = field(default_factory=dict)  # for repairs: the tree that the round began with
    clone_url: str = ""  # of the repository and its page, where they are known already
    pages_url: str = ""
    missing: tuple[MissingFile, ...] = ()

    def at(self, place: Repository | None) -> Frame:
        """Return it with the addresses of the repository that the tree goes to, or as it is where there is none yet."""
        return replace(self, clone_url=place.url, pages_url=place.pages_url) if place else self


def assemble(
    frame: Frame, written: Mapping[str, bytes], deletions: Collection[str]
) -> tuple[dict[str, SiteFile], list[str]]:
    """Return the whole tree and, in sentences, what was not taken over from the reply or was added to it."""
    notes: list[str] = []
    attached = {file.name: file.content for file in frame.brief.attachments}
    made = {file.name for file in frame.brief.attachments if _is_own(file)}
    came = attached | dict(frame.present) if frame.repairs else dict(frame.present) | attached
    changes = changes_of(frame.brief.text, {path: content for path, content in came.items() if path not in made})
    own = {*attached, *(p for p in frame.protected if p in frame.present)}
    files = {path: SiteFile(content, Origin.CARRIED) for path, content in frame.present.items()}
    # What this round's first try made of an attachment, or that it is gone, is what is repaired.
    laid = attached.keys() - changes.asked if frame.repairs else attached.keys()
    files |= {name: SiteFile(attached[name], Origin.SERVICE if name in made else Origin.ATTACHMENT) for name in laid}
    for path in deletions:
        if path in own - changes.removed or path in {"LICENSE", ".nojekyll", "README.md", "index.html"}:
            notes.append(f"{path} was to be deleted and stays: the brief does not ask for it")
        else:
            files.pop(path, None)
    for path, content in written.items():
        if why := _left_out(path, frame.brief, changes, own, made):
            notes.append(f"{path} {why}")
        elif path not in {"LICENSE", ".nojekyll"}:
            files[path] = SiteFile(with_line_ends_of(came.get(path, b""), content), Origin.MODEL)
    _bring_home(files, notes)
    _add_own_files(files, frame, notes)
    return files, notes


def _left_out(path: str, brief: Brief, changes: Changes, own: Collection[str], made: Collection[str]) -> str:
    """Return why the model's version of a file is not taken, "" where it is.

    `own` are the attachments, whose type is whatever came; `made` are those among them that the service itself fetched or made.
    """
    if path not in own:
        return (
            "" if is_publishable(path, brief.text) else "was left out: a static page has no use for a file of that type"
        )
    if changes.may_write(path):
        return ""
    if path in changes.asked:
        return "is to be changed, but is no text or too long to be written anew, and stays as it is"
    what = "of the service" if path in made else "an attachment"
    return f"is {what} and stays as it came; the model's version was left out"


def _is_own(file: AttachedFile) -> bool:
    return file.source is not Source.REQUEST


def _bring_home(files: dict[str, SiteFile], notes: list[str]) -> None:
    """Let what the model wrote find the files beside it where it asks for them at the root of the host."""
    for path, file in files.items():
        if file.origin is Origin.MODEL and "/" not in path and path.endswith((".html", ".js", ".mjs", ".css")):
            content, moved = at_home(file.content, files)
            if moved:
                files[path] = SiteFile(content, Origin.MODEL)
                notes.append(
                    f"{path} asked for {', '.join(moved[:8])} at the root of the host; the service put a dot in front"
                )


def _add_own_files(files: dict[str, SiteFile], frame: Frame, notes: list[str]) -> None:
    licence = files.get("LICENSE")
    if licence is None or not repository.is_mit(licence.content.decode("utf-8", "replace")):
        text = repository.licence(frame.year, f"the author of {repository.slug(frame.brief.task)}")
        files["LICENSE"] = SiteFile(text, Origin.SERVICE)
    files.setdefault(".nojekyll", SiteFile(b"", Origin.SERVICE))
    if page := files.get("index.html"):
        if page.origin is Origin.MODEL:
            content, added = repository.complete_head(page.content)
            page = SiteFile(content, Origin.MODEL)
            notes += [f"index.html lacked its {', '.join(added)}; the service added it"] if added else []
        if page.origin in {Origin.MODEL, Origin.CARRIED}:
            page = _linked(page, files, frame.brief, notes)
        files["index.html"] = SiteFile(repository.insert_marker(page.content, frame.marker), _changed(page.origin))
    _complete_readme(files, frame, notes)


def _linked(page: SiteFile, files: Mapping[str, SiteFile], brief: Brief, notes: list[str]) -> SiteFile:
    """Give the page links to those of the files asked for that are there and that it does not name."""
    wishes = wishes_of(brief.text, brief.checks, {file.name: file.content for file in brief.attachments})
    contents = {path: file.content for path, file in files.items()}
    lacking, _ = unlinked("index.html", [one for one in link_targets(wishes, brief.text) if one in contents], contents)
    linked = with_links(page.content, lacking) if lacking else page.content
    if linked == page.content:
        return page
    notes.append(f"index.html lacked links to {', '.join(lacking)}; the service added them")
    return SiteFile(linked, page.origin)


def _complete_readme(files: dict[str, SiteFile], frame: Frame, notes: list[str]) -> None:
    """Give the README the headings that it lacks, and in a later round a change at least."""
    present = files.get("README.md")
    came = present.content.decode("utf-8", "replace") if present else ""
    before = (frame.before if frame.repairs else frame.present).get("README.md", b"").decode("utf-8", "replace")
    brief = frame.brief
    known = Known(brief.task, brief.number, brief.text, files.keys(), frame.clone_url, frame.pages_url, before)
    text, added = completed(came, known)
    notes += [f"README.md lacked a heading for {', '.join(added)}; the service added it"] if added else []
    text = readme_with(text, frame.missing, repairs=frame.repairs)
    if present is None or text != came:
        files["README.md"] = SiteFile(text.encode(), _changed(present.origin) if present else Origin.SERVICE)


def _changed(origin: Origin) -> Origin:
    """Return the origin of a file that the service changed: no longer carried over as it was."""
    return Origin.SERVICE if origin is Origin.CARRIED else origin
