"""The files of an attempt beside those that its model was shown, and whether each came whole or as edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.checks.decision import Purpose
from engine.domain.model_call import Message
from engine.domain.repository import Origin
from engine.formats.text_encoding import decode
from engine.prompts.parsing.parsed_reply import merged
from engine.prompts.replies import parse_reply
from engine.prompts.sections import boundary_of
from engine.site.repository_files import without_marker
from tasks_app.models import Attempt
from tasks_app.reports.changed_files import commit_before, lines_that_differ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.prompts.parsing.parsed_reply import ParsedReply
    from tasks_app.models import SourceFile

#: The most files whose differences are shown.
MOST_FILES = 20

_ROOTS = frozenset(Purpose)
#: Words for origins that say too little beside "changed".
_MADE_BY: dict[str, str] = {
    Origin.MODEL: "by the model",
    Origin.CARRIED: "carried over",
    Origin.ATTACHMENT: "an attachment",
    Origin.COMPUTED: "computed by tools/build.js",
    Origin.SERVICE: "by the service",
}


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that an attempt has anew, changed or lost. `how` says how the model answered it, or who made it."""

    path: str
    what: str  # new, changed, removed
    how: str
    diff: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def added(self) -> int:
        return sum(line.startswith("+") for line in self.diff)

    @property
    def cut(self) -> int:
        return sum(line.startswith("-") for line in self.diff)


@dataclass(frozen=True, slots=True)
class AttemptChanges:
    """The differences of an attempt to `before`, the attempt that its model was shown; None if it was shown none."""

    before: Attempt | None
    changes: tuple[FileChange, ...] = ()
    unchanged: tuple[str, ...] = ()
    more: int = 0  # changed files that are not shown


def attempt_changes(attempt: Attempt) -> AttemptChanges:
    """Return the differences of an attempt's files to those of the repaired attempt, or of the round before."""
    conversation = _conversation(attempt)
    before = _shown(conversation[0])
    old, new = _files(before), _files(attempt)
    if not new:
        return AttemptChanges(before)
    how = _answers(conversation, old, attempt)
    paths = [path for path in sorted({*old, *new}) if _is_changed(old.get(path), new.get(path))]
    changes = tuple(_change(path, old.get(path), new.get(path), how) for path in paths[:MOST_FILES])
    unchanged = tuple(f"{path} ({how[path]})" if path in how else path for path in new if path not in paths)
    return AttemptChanges(before, changes, unchanged, len(paths) - len(changes))


def files_are_with(attempt: Attempt) -> Attempt | None:
    """Return the next call of a conversation, with which the files are, for a call that has none."""
    return Attempt.objects.filter(parent=attempt).exclude(kind__in=_ROOTS).order_by("-pk").first()


def _conversation(attempt: Attempt) -> list[Attempt]:
    """Return the calls that led to an attempt's files, from the first: it, its continuations and reminders."""
    calls = [attempt]
    while calls[0].kind not in _ROOTS and calls[0].parent is not None:
        calls.insert(0, calls[0].parent)
    return calls


def _shown(root: Attempt) -> Attempt | None:
    if root.kind == Purpose.REPAIR:
        return root.parent
    commit = commit_before(root.round, root)
    return commit.attempt if commit else None


def _files(attempt: Attempt | None) -> dict[str, SourceFile]:
    return {file.path: file for file in attempt.files.all()} if attempt else {}


def _is_changed(old: SourceFile | None, new: SourceFile | None) -> bool:
    if old is None or new is None:
        return True
    return old.sha256 != new.sha256 and without_marker(bytes(old.content)) != without_marker(bytes(new.content))


def _change(path: str, old: SourceFile | None, new: SourceFile | None, how: Mapping[str, str]) -> FileChange:
    if new is None:
        return FileChange(path, "removed", "", why_not="It is not in this attempt.")
    made = how.get(path, _MADE_BY.get(new.origin, new.origin))
    if old is None:
        return FileChange(path, "new", made, why_not="It was not there before.")
    if any(one.size and not one.content for one in (old, new)):
        return FileChange(path, "changed", made, why_not="One of the two versions has been removed.")
    diff, why_not = lines_that_differ(without_marker(bytes(old.content)), without_marker(bytes(new.content)))
    return FileChange(path, "changed", made, tuple(diff), why_not)


def _answers(conversation: Sequence[Attempt], old: Mapping[str, SourceFile], attempt: Attempt) -> dict[str, str]:
    """Return how a model answered each file, read from its recorded replies; {} if they have been removed."""
    texts = {path: decode(without_marker(bytes(file.content))) for path, file in old.items()}
    attached = attempt.round.attachments.exclude(sha256="").values_list("name", "content")
    texts |= {name: decode(bytes(content or b"")) for name, content in attached if name not in texts}
    shown = {path: text.text.replace("\r\n", "\n") for path, text in texts.items() if text is not None}
    reply: ParsedReply | None = None
    for call in conversation:
        messages = [Message(one["role"], one["content"]) for one in call.messages if isinstance(one["content"], str)]
        try:
            boundary = boundary_of(messages)
        except ValueError:
            return {}
        hidden = [file.path for file in attempt.files.defer("content")]
        more = parse_reply(call.reply, boundary, finish_reason=call.finish_reason, hidden=hidden, shown=shown)
        reply = merged(reply, more, shown) if reply else more
    if reply is None:
        return {}
    edits = {path: f"{len(pairs)} edit{'s' * (len(pairs) > 1)}" for path, pairs in reply.edits.items()}
    return {**edits, **dict.fromkeys(reply.files, "written whole")}
