"""The format in which a model sends files, and its parser.

    === 7f3a9c file index.html        everything up to the next boundary line is the file
    === 7f3a9c edit style.css         a shown file that is edited: pairs of old and new follow
    === 7f3a9c old                    whole lines that the shown file holds exactly once
    === 7f3a9c new                    the lines that take their place
    === 7f3a9c delete old.js          only for files to delete
    === 7f3a9c complete 2             the last line; it counts the files above, whole and edited

`7f3a9c` is random for each request. So nothing needs escaping, no attachment can forge a file, and a missing last line
proves a truncation. Models produce whole files best: a median of 99.6 % well-formed replies against 94.2 % for edits
(https://aider.chat/docs/leaderboards/, 62 rows). So edits are offered for long files only, and none is used unless all
of its file match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from engine.checks.endings import early_end, is_surely_whole
from engine.domain.model_call import CUT_OFF, answer_span, lone_closing_end
from engine.domain.paths import UnsafePath, safe_path
from engine.domain.repository import MAX_FILES
from engine.prompts.parsing.edits import Edit, Misfit
from engine.prompts.parsing.escaping import unescaped
from engine.prompts.parsing.fences import guard_fence, strip_fence
from engine.prompts.parsing.foreign_edits import begins_foreign, foreign_edits, holds_foreign_edits
from engine.prompts.parsing.parsed_reply import Outcome, ParsedReply, checked, encoded, limit_broken
from engine.prompts.parsing.salvage import cut_page, salvage, unfinished_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_VERBS = "file|edit|old|new|delete|binary|complete"
_HEADS = frozenset({"file", "edit", "delete"})
_REFUSAL = re.compile(
    r"\W*(?:i['\u2019]m sorry|sorry|i can(?:no|['\u2019])t|i(?:['\u2019]m| am) (?:unable|not able)|as an ai\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A boundary line, and the text from there to the next one."""

    verb: str
    argument: str
    body: str


class _Group(NamedTuple):
    """A file of a reply: its boundary line, and the old and new blocks below it."""

    head: Block
    pairs: list[Block]


def mark(boundary: str, verb: str, argument: str | int = "") -> str:
    """Return a boundary line, without its line end."""
    return f"=== {boundary} {verb} {argument}".rstrip()


def blocks(text: str, boundary: str) -> list[Block]:
    """Return the boundary lines of `text` with the text after each; text before the first is skipped.

    A small model forgets the signs, breaks the line after them, or repeats them at its end. All forms are accepted.
    """
    pattern = re.compile(
        rf"^(?:={{2,}}\s*)?{re.escape(boundary)}[ \t]+({_VERBS})(?:[ \t]+([^\n]*))?(?:\n|\Z)", re.MULTILINE
    )
    found = list(pattern.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    return [
        Block(match[1], (match[2] or "").rstrip(" \t="), text[match.end() : end])
        for match, end in zip(found, ends, strict=True)
    ]


def parse_reply(
    text: str,
    boundary: str,
    *,
    finish_reason: str = "stop",
    hidden: Collection[str] = (),
    shown: Mapping[str, str] | None = None,
) -> ParsedReply:
    """Parse a reply. This never raises: unusable parts are left out and named in `problems`.

    `finish_reason` is the one of a Reply. Without a closing line the last file counts as whole only after "stop".
    `hidden` are the paths in hidden folders that a reply may write (workflows). `shown` are the texts that edits refer
    to; None: whether edits fit is not looked at.
    """
    text = text.replace("\r\n", "\n")
    answer = _without_echo(text[slice(*answer_span(text))], boundary)
    if (end := lone_closing_end(answer)) and _is_counted(blocks(answer[end:], boundary)):
        answer = answer[end:]  # a draft among the thoughts was in the form too
    if not answer.strip() and finish_reason == "stop" and _is_counted(_last_group(blocks(text, boundary))):
        answer = text  # the model ended its thoughts with its answer, and without their closing mark
    found = _last_group(blocks(answer, boundary))
    collected = _ReplyFiles(hidden, shown or ())
    if not any(block.verb in _HEADS for block in found):
        parsed = _without_boundary(answer, finish_reason, collected)
    else:
        parsed = _with_boundary(found, finish_reason, boundary, collected)
    return parsed if shown is None else checked(parsed, shown)


def format_files(files: Mapping[str, bytes], boundary: str) -> str:
    """Return `files` in the format of a reply without the closing line; binary files by name and size only.

    `parse_reply` reads the same bytes back, except that a missing final line end is added and CRLF becomes LF.
    Raises ValueError if a file contains the boundary: the caller chooses another one.
    """
    parts: list[str] = []
    for path, content in files.items():
        text = as_text(content)
        if text is None:
            parts.append(f"{mark(boundary, 'binary', path)} ({len(content)} bytes)\n")
            continue
        if boundary in text:
            raise ValueError("A file holds the boundary of this request.")
        body = text if text.endswith("\n") or not text else f"{text}\n"
        parts.append(f"{mark(boundary, 'file', path)}\n{guard_fence(path, body)}")
    return "".join(parts)


def format_edits(edits: Mapping[str, Sequence[Edit]], boundary: str) -> str:
    """Return edits in the format of a reply without the closing line; `parse_reply` reads the same edits back."""
    parts: list[str] = []
    for path, pairs in edits.items():
        parts.append(f"{mark(boundary, 'edit', path)}\n")
        parts += [f"{mark(boundary, 'old')}\n{pair.old}{mark(boundary, 'new')}\n{pair.new}" for pair in pairs]
    return "".join(parts)


class _ReplyFiles:
    """Collects the files of a reply within the limits, with a sentence for each file that is left out."""

    def __init__(self, hidden: Collection[str] = (), shown: Collection[str] = ()) -> None:
        self._hidden, self.shown = hidden, shown
        self.files: dict[str, bytes] = {}
        self.edits: dict[str, list[Edit]] = {}
        self.deletions: list[str] = []
        self.problems: list[str] = []
        self.misfits: list[Misfit] = []

    def take(self, found: list[Block]) -> None:
        for group in _grouped(found):
            head, path = group.head, ""
            if head.verb == "delete":
                self.deletions += filter(None, [self.safe(head.argument)])
            elif head.verb == "edit" or group.pairs or (begins_foreign(head.body) and head.argument in self.shown):
                path = self.safe(head.argument) or ""
            if path:
                self._take_edits(path, group)
            elif head.verb == "file":
                self.add(head.argument, head.body)

    def add_edits(self, path: str, edits: Sequence[Edit]) -> None:
        """Add edits of a file. A repeated one, and one that changes nothing, has no effect."""
        self.edits.setdefault(path, [])
        for edit in edits:
            if edit.old == edit.new:
                self._problem(f"An edit of {path!r} was left out: its new text is its old one.")
            elif edit not in self.edits[path]:
                self.edits[path].append(edit)
        if not self.edits[path]:
            del self.edits[path]

    def _take_edits(self, path: str, group: _Group) -> None:
        foreign = foreign_edits(group.head.body, self.shown, path) if not group.pairs else {}
        if foreign.keys() - {path}:
            foreign = {}
        edits = foreign.get(path) or _paired(group.pairs)
        if group.head.verb == "file" and group.pairs and group.head.body.strip():
            self.misfits.append(Misfit(path, f"{path}: it is both whole and edited; answer one of the two."))
        elif edits:
            self.add_edits(path, edits)
        else:
            self.misfits.append(Misfit(path, f"{path}: an edit is a block `old` and then a block `new`, in pairs."))

    def add(self, raw: str, body: str) -> None:
        path = self.safe(raw)
        if path is None:
            return
        content = encoded(strip_fence(path, body))
        others = {name: other for name, other in self.files.items() if name != path}
        if problem := limit_broken(path, content, others):
            self._drop(path, problem)
            return
        self.files[path] = content

    def reply(
        self,
        outcome: Outcome,
        *problems: str,
        half: _ReplyFiles | None = None,
        unfinished: str = "",
        lost: str | None = None,
    ) -> ParsedReply:
        if not (self.files or self.deletions or self.edits) and outcome in {Outcome.OK, Outcome.SALVAGED}:
            outcome = Outcome.NO_FILES
        deletions = tuple(dict.fromkeys(path for path in self.deletions if path not in self.files))
        cut = half.files.get("index.html", b"") if half else b""
        edits = {path: tuple(found) for path, found in self.edits.items()}
        told = (*problems, *self.problems)
        return ParsedReply(
            outcome,
            unescaped(self.files),
            deletions,
            told,
            cut,
            edits,
            tuple(self.misfits),
            unfinished,
            (lost,) if lost and lost not in self.files else (),
        )

    def safe(self, raw: str) -> str | None:
        named = raw.strip("`\"'*").removeprefix("./")
        try:
            return named if named in self._hidden else safe_path(named)
        except UnsafePath as unsafe:
            self._drop(raw, f"its path {unsafe.reason}")
            return None

    def _drop(self, raw: str, reason: str) -> None:
        self._problem(f"{raw[:200]!r} was left out: {reason}.")

    def _problem(self, says: str) -> None:
        if len(self.problems) < MAX_FILES:
            self.problems.append(says)


def _grouped(found: list[Block]) -> list[_Group]:
    """Put each old and new block below the file that it stands under; those that stand under none are left out."""
    groups: list[_Group] = []
    for block in found:
        if block.verb in _HEADS:
            groups.append(_Group(block, []))
        elif block.verb in {"old", "new"} and groups:
            groups[-1].pairs.append(block)
    return groups


def _paired(found: list[Block]) -> list[Edit]:
    """Return the edits of old and new blocks in turn; [] if they do not take turns."""
    if [block.verb for block in found] != ["old", "new"] * (len(found) // 2):
        return []
    return [Edit(old.body, new.body) for old, new in zip(found[::2], found[1::2], strict=True)]


def _with_boundary(found: list[Block], finish_reason: str, boundary: str, collected: _ReplyFiles) -> ParsedReply:
    """Parse a reply in the agreed format."""
    last_file = max(at for at, block in enumerate(found) if block.verb in _HEADS)
    closing = next((at for at, block in enumerate(found) if at > last_file and block.verb == "complete"), None)
    if closing is None:
        return _unclosed(found, finish_reason, boundary, collected)
    collected.take(found[:closing])
    written = [block.argument for block in found[:closing] if block.verb in {"file", "edit"}]
    counted = found[closing].argument
    if counted in {str(len(written)), str(len(set(written)))}:
        return collected.reply(Outcome.OK)
    return collected.reply(
        Outcome.SALVAGED, f"The closing line counts {counted or 'no'} files, the reply holds {len(written)}."
    )


def _unclosed(found: list[Block], finish_reason: str, boundary: str, collected: _ReplyFiles) -> ParsedReply:
    """Parse a reply without a closing line: it was cut off, unless the model itself stopped after a whole file."""
    last, head = found[-1], _grouped(found)[-1].head
    if finish_reason == "stop" and last.verb not in {"edit", "old"} and _is_unbroken(last, boundary):
        collected.take(found)
        return collected.reply(Outcome.SALVAGED, "The closing line is missing.")
    if last.verb == "file" and is_surely_whole(last.argument, _without_fence_end(last.body)):
        collected.take(found)
        return collected.reply(Outcome.TRUNCATED, f"The reply was cut off after {head.argument[:200]!r}.")
    whole = found[:-1]
    while whole and last.verb in {"old", "new"} and _begins_edit(whole[-1]):
        whole.pop()
    collected.take(whole)
    half = _ReplyFiles()
    half.take([last])
    lost = collected.safe(head.argument) if last.verb in {"file", "edit", "old", "new"} else None
    unfinished = (lost or "") if last.verb != "file" else ""
    says = f"The reply was cut off in {head.argument[:200]!r}."
    return collected.reply(Outcome.TRUNCATED, says, half=half, unfinished=unfinished, lost=lost)


def _begins_edit(block: Block) -> bool:
    """Say whether a block is the beginning of an edit that was cut off: its old text, or its file's line."""
    return block.verb in {"old", "edit"} or (block.verb == "file" and not block.body.strip())


def _is_unbroken(block: Block, boundary: str) -> bool:
    """Say whether a file is complete and does not end in part of a boundary line."""
    opening, last_line = mark(boundary, ""), _without_fence_end(block.body).rpartition("\n")[2]
    is_broken = last_line.startswith("==") and opening.startswith(last_line[: len(opening)])
    return not is_broken and _is_whole(block.argument, block.body)


def _is_whole(path: str, body: str) -> bool:
    """Say whether a file at the end of a reply is complete: nothing in it is open, and a page has its end tag."""
    ending = _without_fence_end(body)
    if path.lower().endswith((".html", ".htm")):
        return is_surely_whole(path, ending)
    return bool(ending) and not early_end(path, ending)


def _without_fence_end(body: str) -> str:
    return body.rstrip().removesuffix("```").rstrip()


def _without_boundary(answer: str, finish_reason: str, collected: _ReplyFiles) -> ParsedReply:
    """Parse a reply that ignores the agreed format."""
    if finish_reason == "content_filter":
        return ParsedReply(Outcome.FILTERED, problems=("The provider's content filter stopped the answer.",))
    if finish_reason == "refusal":
        return ParsedReply(Outcome.REFUSED, problems=("The model refused.",))
    if not answer.strip():
        return ParsedReply(Outcome.EMPTY, problems=("The answer is empty.",))
    if collected.shown and holds_foreign_edits(answer):
        for path, edits in foreign_edits(answer, collected.shown).items():
            collected.add_edits(path, edits)
        return collected.reply(Outcome.SALVAGED, "The reply is not in the agreed form; edits were looked for in it.")
    return _salvaged(answer, finish_reason, collected)


def _salvaged(answer: str, finish_reason: str, collected: _ReplyFiles) -> ParsedReply:
    """Pick whole files out of a reply that ignores the agreed format."""
    found, unfinished = salvage(answer), unfinished_file(answer)
    name, body = unfinished or ("", "")
    is_kept = name in found or name.lower() == "readme.md"
    is_cut = finish_reason in CUT_OFF or (unfinished is not None and not is_kept and not _is_whole(name, body))
    if name and not (is_cut or is_kept):
        found[name] = body
    for path, text in found.items():
        collected.add(path, text)
    if "index.html" not in collected.files and (cut := cut_page(answer)):
        half = _ReplyFiles()
        half.add("index.html", cut)
        return collected.reply(
            Outcome.TRUNCATED, "The reply was cut off in 'index.html'.", half=half, lost="index.html"
        )
    if collected.files and is_cut:
        lost = collected.safe(name) if name else None
        says = f"The reply was cut off{f' in {lost!r}' if lost else ''}; its whole files were picked out of it."
        return collected.reply(Outcome.TRUNCATED, says, lost=lost)
    if collected.files:
        return collected.reply(
            Outcome.SALVAGED, "The reply is not in the agreed form; its files were picked out of it."
        )
    outcome = (
        Outcome.REFUSED
        if _REFUSAL.match(answer)
        else Outcome.TRUNCATED
        if finish_reason in CUT_OFF
        else Outcome.NO_FILES
    )
    return collected.reply(outcome, "The reply holds no files.")


def _is_counted(found: Sequence[Block]) -> bool:
    """Say whether a closing line counts the files and edited files before it."""
    written = sum(block.verb in {"file", "edit"} for block in found)
    return written > 0 and found[-1].verb == "complete" and found[-1].argument == str(written)


def _last_group(found: list[Block]) -> list[Block]:
    """Return the files above the last closing line if it counts them and the page, if there is one, is among them.

    What stands above an earlier closing line is a draft then.
    """
    ends = [at for at, block in enumerate(found) if block.verb == "complete"]
    if len(ends) < 2 or ends[-1] != len(found) - 1:
        return found
    last = found[ends[-2] + 1 :]
    drafted, written = (
        {block.argument for block in group if block.verb in _HEADS} for group in (found[: ends[-2]], last)
    )
    return last if _is_counted(last) and ("index.html" in written or "index.html" not in drafted) else found


def _without_echo(text: str, boundary: str) -> str:
    """Remove the marks of the prompt's sections, which a small model repeats."""
    return re.sub(rf"^\[[^\n]*{re.escape(boundary)}\][ \t]*(?:\n|\Z)", "", text, flags=re.MULTILINE)


def as_text(content: bytes) -> str | None:
    """Return a file's text as it is shown; None if it is binary."""
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
