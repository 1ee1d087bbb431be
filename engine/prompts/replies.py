"""The format in which a model sends files, and its parser.

    === 7f3a9c file index.html        everything up to the next boundary line is the file
    === 7f3a9c delete old.js          only for files to delete
    === 7f3a9c complete 1             the last line; it counts the files above

`7f3a9c` is random for each request. So nothing needs escaping, no attachment can forge a file, and a missing last line
proves a truncation. Models produce whole files best: a median of 99.6 % well-formed replies against 94.2 % for edits
(https://aider.chat/docs/leaderboards/, 62 rows).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.domain.model_call import CUT_OFF
from engine.domain.paths import UnsafePath, clashes, safe_path
from engine.domain.repository import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES
from engine.prompts.fences import guard_fence, strip_fence
from engine.prompts.salvage import cut_page, salvage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_VERBS = "file|delete|binary|complete"
_REFUSAL = re.compile(
    r"\W*(?:i['\u2019]m sorry|sorry|i can(?:no|['\u2019])t|i(?:['\u2019]m| am) (?:unable|not able)|as an ai\b)",
    re.IGNORECASE,
)


class Outcome(StrEnum):
    """The result of parsing a reply."""

    OK = "ok"
    TRUNCATED = "truncated"  # cut off; `files` holds the files before the cut
    SALVAGED = "salvaged"  # not in the agreed format, or miscounted, but with files
    NO_FILES = "no_files"
    EMPTY = "empty"
    REFUSED = "refused"
    FILTERED = "filtered"  # stopped by the provider's content filter


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A parsed reply: files by safe path, files to delete, and sentences on its problems.

    `cut` is the beginning of an index.html without an end. It is used only if there is no other page.
    """

    outcome: Outcome
    files: Mapping[str, bytes] = field(default_factory=dict)
    deletions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    cut: bytes = b""


@dataclass(frozen=True, slots=True)
class Block:
    """A boundary line, and the text from there to the next one."""

    verb: str
    argument: str
    body: str


def mark(boundary: str, verb: str, argument: str | int = "") -> str:
    """Return a boundary line, without its line end."""
    return f"=== {boundary} {verb} {argument}".rstrip()


def blocks(text: str, boundary: str) -> list[Block]:
    """Return the boundary lines of `text` with the text after each; text before the first is skipped.

    A small model forgets the signs or breaks the line after them. Both forms are accepted.
    """
    pattern = re.compile(
        rf"^(?:={{2,}}\s*)?{re.escape(boundary)}[ \t]+({_VERBS})(?:[ \t]+([^\n]*?))?[ \t]*(?:\n|\Z)", re.MULTILINE
    )
    found = list(pattern.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    return [Block(match[1], match[2] or "", text[match.end() : end]) for match, end in zip(found, ends, strict=True)]


def parse_reply(text: str, boundary: str, *, finish_reason: str = "stop", hidden: Collection[str] = ()) -> ParsedReply:
    """Parse a reply. This never raises: unusable parts are left out and named in `problems`.

    `finish_reason` is the one of a Reply. Without a closing line the last file counts as whole only after "stop".
    `hidden` are the paths in hidden folders that a reply may write (workflows).
    """
    answer = _without_echo(_without_thinking(text).replace("\r\n", "\n"), boundary)
    found = blocks(answer, boundary)
    if not any(block.verb in {"file", "delete"} for block in found):
        return _without_boundary(answer, finish_reason, hidden)
    last_file = max(at for at, block in enumerate(found) if block.verb in {"file", "delete"})
    closing = next((at for at, block in enumerate(found) if at > last_file and block.verb == "complete"), None)
    collected = _ReplyFiles(hidden)
    if closing is None:
        return _unclosed(found, finish_reason, boundary, collected)
    collected.take(found[:closing])
    written = sum(block.verb == "file" for block in found[:closing])
    counted = found[closing].argument
    if counted == str(written):
        return collected.reply(Outcome.OK)
    return collected.reply(
        Outcome.SALVAGED, f"The closing line counts {counted or 'no'} files, the reply holds {written}."
    )


def format_files(files: Mapping[str, bytes], boundary: str) -> str:
    """Return `files` in the format of a reply without the closing line; binary files by name and size only.

    `parse_reply` reads the same bytes back, except that a missing final line end is added and CRLF becomes LF.
    Raises ValueError if a file contains the boundary: the caller chooses another one.
    """
    parts: list[str] = []
    for path, content in files.items():
        text = _as_text(content)
        if text is None:
            parts.append(f"{mark(boundary, 'binary', path)} ({len(content)} bytes)\n")
            continue
        if boundary in text:
            raise ValueError("A file holds the boundary of this request.")
        body = text if text.endswith("\n") or not text else f"{text}\n"
        parts.append(f"{mark(boundary, 'file', path)}\n{guard_fence(path, body)}")
    return "".join(parts)


class _ReplyFiles:
    """Collects the files of a reply within the limits, with a sentence for each file that is left out."""

    def __init__(self, hidden: Collection[str] = ()) -> None:
        self._hidden = hidden
        self.files: dict[str, bytes] = {}
        self.deletions: list[str] = []
        self.problems: list[str] = []

    def take(self, found: list[Block]) -> None:
        for block in found:
            if block.verb == "file":
                self.add(block.argument, block.body)
            elif block.verb == "delete" and (path := self._safe(block.argument)):
                self.deletions.append(path)

    def add(self, raw: str, body: str) -> None:
        path = self._safe(raw)
        if path is None:
            return
        content = strip_fence(path, body).encode("utf-8", errors="replace")
        others = {name: other for name, other in self.files.items() if name != path}
        if problem := _limit_broken(path, content, others):
            self._drop(path, problem)
            return
        self.files[path] = content

    def reply(self, outcome: Outcome, *problems: str, half: _ReplyFiles | None = None) -> ParsedReply:
        if not self.files and not self.deletions and outcome in {Outcome.OK, Outcome.SALVAGED}:
            outcome = Outcome.NO_FILES
        deletions = tuple(dict.fromkeys(path for path in self.deletions if path not in self.files))
        cut = half.files.get("index.html", b"") if half else b""
        return ParsedReply(outcome, self.files, deletions, (*problems, *self.problems), cut)

    def _safe(self, raw: str) -> str | None:
        named = raw.strip("`\"'*").removeprefix("./")
        try:
            return named if named in self._hidden else safe_path(named)
        except UnsafePath as unsafe:
            self._drop(raw, f"its path {unsafe.reason}")
            return None

    def _drop(self, raw: str, reason: str) -> None:
        if len(self.problems) < MAX_FILES:
            self.problems.append(f"{raw[:200]!r} was left out: {reason}.")


def _limit_broken(path: str, content: bytes, others: Mapping[str, bytes]) -> str:
    """Return the limit that a further file would break; "" for none."""
    if b"\0" in content:
        return "it holds NUL bytes"
    if clashes(path, others):
        return "another file has this name but for case, or is a folder of it"
    if len(content) > MAX_FILE_BYTES:
        return f"it is larger than {MAX_FILE_BYTES:,} bytes"
    if len(others) >= MAX_FILES:
        return f"there are more than {MAX_FILES} files"
    if sum(map(len, others.values())) + len(content) > MAX_TOTAL_BYTES:
        return f"all files together are larger than {MAX_TOTAL_BYTES:,} bytes"
    return ""


def _unclosed(found: list[Block], finish_reason: str, boundary: str, collected: _ReplyFiles) -> ParsedReply:
    """Parse a reply without a closing line: it was cut off, unless the model itself stopped after a whole file."""
    last = found[-1]
    if finish_reason == "stop" and _is_whole(last, boundary):
        collected.take(found)
        return collected.reply(Outcome.SALVAGED, "The closing line is missing.")
    collected.take(found[:-1])
    half = _ReplyFiles()
    half.take([last])
    return collected.reply(Outcome.TRUNCATED, f"The reply was cut off in {last.argument[:200]!r}.", half=half)


def _is_whole(block: Block, boundary: str) -> bool:
    """Say whether a file is complete: a page has its end tag, another file does not end in part of a boundary line."""
    ending = block.body.rstrip().removesuffix("```").rstrip()
    if block.argument.lower().endswith((".html", ".htm")):
        return ending.lower().endswith("</html>")
    opening = mark(boundary, "")
    last_line = ending.rpartition("\n")[2]
    return bool(ending) and not (last_line.startswith("==") and opening.startswith(last_line[: len(opening)]))


def _without_boundary(answer: str, finish_reason: str, hidden: Collection[str]) -> ParsedReply:
    """Parse a reply that ignores the agreed format."""
    if finish_reason == "content_filter":
        return ParsedReply(Outcome.FILTERED, problems=("The provider's content filter stopped the answer.",))
    if finish_reason == "refusal":
        return ParsedReply(Outcome.REFUSED, problems=("The model refused.",))
    if not answer.strip():
        return ParsedReply(Outcome.EMPTY, problems=("The answer is empty.",))
    collected = _ReplyFiles(hidden)
    for path, body in salvage(answer).items():
        collected.add(path, body)
    if "index.html" not in collected.files and (cut := cut_page(answer)):
        half = _ReplyFiles()
        half.add("index.html", cut)
        return collected.reply(Outcome.TRUNCATED, "The reply was cut off in 'index.html'.", half=half)
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


def _without_thinking(text: str) -> str:
    """Remove the thoughts that a reasoning model writes before its reply; an unclosed thought leaves nothing."""
    start = text.lstrip()
    if not start.startswith("<think>"):
        return text
    return start.partition("</think>")[2]


def _without_echo(text: str, boundary: str) -> str:
    """Remove the marks of the prompt's sections, which a small model repeats."""
    return re.sub(rf"^\[[^\n]*{re.escape(boundary)}\][ \t]*(?:\n|\Z)", "", text, flags=re.MULTILINE)


def _as_text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
