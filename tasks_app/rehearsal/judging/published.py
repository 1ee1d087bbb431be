"""Checks of files: in the commit, as the request has them, and as they are served."""

from __future__ import annotations

import base64
import binascii
import json
import posixpath
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.checks.references import wrong_references
from engine.formats.markup import read_page
from tasks_app.rehearsal.criteria import FileCriterion
from tasks_app.rehearsal.judging.evidence import INDEX, folder_of
from tasks_app.rehearsal.judging.observed import NotLookedAt, Observed, holds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks_app.rehearsal.criteria import RepositoryFile
    from tasks_app.rehearsal.judging.clones import CommitFiles
    from tasks_app.rehearsal.judging.evidence import TaskEvidence

BASE64_TEXT = "base64 text instead of the binary"

_DATA_URI = re.compile(rb"data:[^,]{0,200};base64,")
_WORKFLOWS = ".github/workflows/"
_MOST_ASKED = 30


def file_sentence(criterion: FileCriterion) -> str:
    """Return the sentence of a file's check."""
    file = criterion.file
    if criterion.says:
        return criterion.says
    if file.absent:
        return f"The commit has no {file.path}"
    return f"{file.path} is in the commit, holds what it should, and is served"


def file_as_asked(evidence: TaskEvidence, file: RepositoryFile) -> Observed:
    files = evidence.files()
    path = posixpath.normpath(file.path).lstrip("/")
    if file.absent:
        held = path in files or any(one.startswith(f"{path}/") for one in files)
        return Observed(float(not held), f"the commit has {path}" if held else f"the commit has no {path}")
    content = files.get(evidence.path_of(path))
    if content is None:
        return Observed(0.0, _why_missing(path, files))
    problems = _content_problems(evidence, file, content)
    if any(part.startswith(".") for part in path.split("/")):
        return holds(problems, f"{len(content)} bytes, as asked; Pages need not serve such a path")
    wrong, log = _served_problems(evidence, path.removeprefix(evidence.site()), content)
    return holds([*problems, *wrong], f"{len(content)} bytes in the commit, and served with the same bytes", log)


def attachments_unchanged(evidence: TaskEvidence) -> Observed:
    attachments, files = evidence.attachments(), evidence.files()
    problems, lines = [], []
    for name, wanted in attachments.items():
        path = evidence.path_of(name)
        if path not in files:
            lines.append(f"{name} is not in the commit")
        elif name in _to_be_changed(evidence):
            lines.append(f"{name} is judged by a check of its own")
        elif problem := difference(files[path], wanted):
            problems.append(f"{name}: {problem}")
        else:
            lines.append(f"{name} is the same, byte for byte")
    held = sum(evidence.path_of(name) in files for name in attachments)
    return holds(problems, f"{held} of {len(attachments)} stand in the commit, byte for byte", "\n".join(lines))


def links_lead_to_files(evidence: TaskEvidence) -> Observed:
    files = evidence.files()
    content = files.get(evidence.path_of(INDEX))
    if content is None:
        if has_workflow(files):
            raise NotLookedAt(None, "the commit has no index.html; a workflow publishes the page")
        return Observed(0.0, "the commit has no index.html")
    page = read_page(content.decode("utf-8", "replace"))
    if page is None:
        raise NotLookedAt(None, "index.html is too large to be read")
    site = evidence.site()
    inside = {path.removeprefix(site): b"" for path in files if path.startswith(site)}
    known = _AlsoServed(inside, evidence) if has_workflow(files) else inside
    base = urlsplit(folder_of(evidence.told("pages_url"))).path.rpartition("/")[0]
    problems = [f"line {line}: {what}" for line, what in wrong_references(page, known, base=f"{base}/")]
    return holds(problems, "all of them are files of the commit")


def difference(content: bytes, wanted: bytes) -> str:
    """Return how content differs from the wanted bytes; "" if it does not."""
    if content == wanted:
        return ""
    if _decoded(content) == wanted:
        return BASE64_TEXT if b"\0" in wanted or not _is_text(wanted) else "base64 text instead of the text itself"
    if content.replace(b"\r\n", b"\n").rstrip() == wanted.replace(b"\r\n", b"\n").rstrip():
        return f"other line ends or an other end than expected ({len(content)} bytes, not {len(wanted)})"
    return f"other bytes than expected ({len(content)} bytes, not {len(wanted)})"


class _AlsoServed(dict[str, bytes]):
    """A commit's files, and those that the page serves although the commit lacks them: a workflow may write files."""

    def __init__(self, files: Mapping[str, bytes], evidence: TaskEvidence) -> None:
        super().__init__()
        self._files, self._evidence, self._asked = files, evidence, 0

    def __contains__(self, path: object) -> bool:
        if path in self._files:
            return True
        if not isinstance(path, str) or self._asked >= _MOST_ASKED:
            return False
        self._asked += 1
        try:
            return self._evidence.served(path, 1).status == 200
        except NotLookedAt:
            self._asked = _MOST_ASKED  # a host that hangs is not asked again
            return False


def has_workflow(files: CommitFiles) -> bool:
    return any(path.startswith(_WORKFLOWS) for path in files)


def _to_be_changed(evidence: TaskEvidence) -> set[str]:
    """Return the files that a check judges by their content and not by an attachment: the task may change them."""
    judged = (one.file for one in evidence.task.criteria if isinstance(one, FileCriterion))
    return {
        file.path
        for file in judged
        if not file.attachment and (file.absent or file.contains or file.lacks or file.json_keys or file.words)
    }


def _why_missing(path: str, files: CommitFiles) -> str:
    if path in files.others:
        return f"{path} is {files.others[path]} and no file"
    folded = [one for one in files if one.lower() == path.lower()]
    return f"the commit has no {path}" + (f", but {folded[0]}" if folded else "")


def _content_problems(evidence: TaskEvidence, file: RepositoryFile, content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace")
    problems = [f"it does not hold {one[:80]!r}" for one in file.contains if one not in text]
    problems += [f"it holds {one[:80]!r}" for one in file.lacks if one in text]
    if file.attachment:
        wanted = evidence.attachments().get(file.attachment)
        if wanted is None:
            raise NotLookedAt(None, f"the request holds no bytes of an attachment {file.attachment}")
        if problem := difference(content, wanted):
            problems.append(f"{file.path} is not the attachment {file.attachment}: {problem}")
    if file.json_keys is not None:
        problems += _json_problems(text, file.json_keys)
    if file.words is not None:
        least, most = file.words
        count = len(text.split())
        problems += [] if least <= count <= most else [f"it has {count} words, not {least} to {most}"]
    return problems


def _json_problems(text: str, keys: tuple[str, ...]) -> list[str]:
    try:
        data: Any = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return ["it is no JSON"]
    if not isinstance(data, dict):
        return [f"it is a JSON {type(data).__name__} and no object"]
    return [f"its JSON has no key {key!r}" for key in keys if key not in data]


def _served_problems(evidence: TaskEvidence, path: str, content: bytes) -> tuple[list[str], str]:
    """Compare what is served with the commit, with and without a query that passes caches."""
    problems, lines = [], []
    for query in (f"v={secrets.token_hex(6)}", ""):
        answer = evidence.served(path, len(content) + 100_000, query=query)
        kind = "past caches" if query else "as it is"
        lines.append(f"{answer.url} ({kind}): {answer.status}, {len(answer.body)} bytes")
        if answer.status != 200:
            problems.append(f"{path} is not served: {answer.status}")
            break
        if problem := "more bytes than the commit's" if answer.truncated else difference(answer.body, content):
            problems.append(f"{path} is served ({kind}) with {problem}")
            break
    return problems, "\n".join(lines)


def _decoded(content: bytes) -> bytes | None:
    """Return what a text in base64 or a data: URI stands for; None for another text."""
    prefix = _DATA_URI.match(content)
    try:
        return base64.b64decode(b"".join(content[prefix.end() if prefix else 0 :].split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
