"""The format of a reply with files, with the same wording for first rounds, later rounds and repairs."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.formats.text_encoding import decode
from engine.plan.schema import FileSource, PlannedFile, RequestPlan
from engine.plan.wording import rule_in_words
from engine.prompts.replies import mark
from engine.site.computed import BUILD_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FORM = """\
{task}
{entries}
{closing}
Each line in parentheses says what stands there: write that itself, whole and final, not the parentheses. {which}
The last line, `{closing}`, counts the files above it{count}."""

_ALL = "Every file of this list is needed. A further file that the app needs goes the same way."
_SOME = (
    "Leave out each file that stays as it is. A further file that has to change goes the same way. A line "
    "`{delete}` removes a file that the brief asks to remove."
)

_WHOLE = "each whole, every line of it"
_WHOLE_OR_EDITED = "each whole, every line of it, or edited"

_EDITS = """\
Long files: {paths}. If little of one changes, write only its edits, in this form, in place of `{file}` and the \
whole file:
{edit}
{old}
(whole lines of the file, copied exactly as they are shown, as many as it takes for them to be there only once)
{new}
(the lines that take their place; none, to remove them)
For each further place another pair of `{old}` and `{new}`. All of them refer to the file as it is shown; no two share \
a line. To insert, repeat the
line before or after. An edited file counts as one in the last line. New files, and files that change a lot, are \
whole."""

_README = "the README, whole: ## Summary, ## Setup, ## Usage, ## Code explanation, ## License"
_COMPUTES = "its build(files) returns {path}"
_FIRST_LINES = {
    ".html": "<!DOCTYPE html>\n",
    ".svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">\n',
}
_BARE = frozenset({".json", ".geojson"})

TEXTS = (_FORM, _ALL, _SOME, _WHOLE, _WHOLE_OR_EDITED, _EDITS, _README, _COMPUTES, *_FIRST_LINES.values())

#: A shown file of more lines is better edited where little of it changes.
LONG_FILE = 150

#: The sources of files that a model writes. The service provides the other files.
WRITTEN = frozenset({FileSource.WRITE, FileSource.COMPUTED, FileSource.CHANGED})


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that a reply may hold. `says` describes its content in words."""

    path: str
    says: str = ""


def entries_of(plan: RequestPlan, *, computes: bool = False) -> list[Entry]:
    """Return the files that a model must write by a plan: the page first, the README last.

    `computes`: tools/build.js can be run. It stands then in place of the files that it computes.
    """
    by_script = [one for one in plan.files if computes and one.source is FileSource.COMPUTED]
    entries = {one.path: says(one) for one in plan.files if one.source in WRITTEN and one not in by_script}
    if by_script:
        computed = ". ".join(": ".join(filter(None, [_COMPUTES.format(path=one.path), says(one)])) for one in by_script)
        entries[BUILD_SCRIPT] = ". ".join(filter(None, [entries.get(BUILD_SCRIPT, ""), computed]))
    order = {"index.html": -1, "README.md": 1}
    return [Entry(path, entries[path]) for path in sorted(entries, key=lambda path: order.get(path, 0))]


def says(planned: PlannedFile) -> str:
    """Return a description of a file, and of the predicates on it."""
    return "; ".join(filter(None, [planned.what.strip().rstrip("."), *map(rule_in_words, planned.predicates)]))


def form(
    task: str, entries: Sequence[Entry], boundary: str, *, all_needed: bool, long_files: Sequence[str] = ()
) -> str:
    """Return the end of a prompt: the sentence `task`, a boundary line and description for each file, the last line.

    `long_files` are shown files that may be answered with edits. `task` says `{how}` where it asks for files that
    change.
    """
    closing = mark(boundary, "complete", len(entries) if all_needed else "N")
    which = _ALL if all_needed else _SOME.format(delete=mark(boundary, "delete", "name"))
    text = _FORM.format(
        task=task.format(how=_WHOLE_OR_EDITED if long_files else _WHOLE),
        entries="\n".join(f"{mark(boundary, 'file', one.path)}\n{_body(one)}" for one in entries),
        closing=closing,
        which=which,
        count="" if all_needed else "; N is their number",
    )
    return "\n".join([text, *_edits(long_files, boundary)])


def long_files(sources: Mapping[str, bytes]) -> list[str]:
    """Return the shown files that are long enough for edits to be the better answer."""
    return [path for path, content in sources.items() if content.count(b"\n") > LONG_FILE]


def changed_texts(plan: RequestPlan, contents: Mapping[str, bytes], *, longest: int, most: int) -> dict[str, str]:
    """Return the texts, by path, of the files that the plan changes and that fit into a prompt whole.

    `contents` are the attachments and the present files by path. A file is left out if it is not text, is longer than
    `longest` bytes, or exceeds `most` bytes together with the files before it.
    """
    texts: dict[str, str] = {}
    for planned in plan.files:
        content = contents.get(planned.origin or planned.path)
        if planned.source is not FileSource.CHANGED or content is None:
            continue
        decoded = decode(content)
        if decoded is None or len(content) > min(longest, most):
            continue
        texts[planned.origin or planned.path] = decoded.text.replace("\r\n", "\n")
        most -= len(content)
    return texts


def _edits(long_files: Sequence[str], boundary: str) -> list[str]:
    """Return how long files are edited; an empty list if there are none."""
    if not long_files:
        return []
    path = long_files[0]
    return [
        _EDITS.format(
            paths=", ".join(long_files),
            file=mark(boundary, "file", path),
            edit=mark(boundary, "edit", path),
            old=mark(boundary, "old"),
            new=mark(boundary, "new"),
        )
    ]


def paths(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(one.path for one in entries)


def _body(entry: Entry) -> str:
    if entry.path == "README.md":
        return f"({'; '.join(filter(None, [_README, entry.says]))})"
    suffix = posixpath.splitext(entry.path)[1].lower()
    bare = "; nothing but the JSON itself" if suffix in _BARE else ""
    return f"{_FIRST_LINES.get(suffix, '')}({entry.path}, whole{': ' if entry.says else ''}{entry.says}{bare})"
