"""Checks of the repository: who can read it, its commits, licence, README and history."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.checks.readme_review import readme_defects
from engine.formats.markdown import sections
from engine.site.readme import README_PARTS, missing_readme_parts
from engine.site.repository_files import is_mit
from tasks_app.rehearsal.criteria import FileCriterion
from tasks_app.rehearsal.judging.clones import time_of
from tasks_app.rehearsal.judging.evidence import CODE
from tasks_app.rehearsal.judging.history import secrets_in_history
from tasks_app.rehearsal.judging.observed import NotLookedAt, Observed, TooLargeToJudge, holds

if TYPE_CHECKING:
    from tasks_app.rehearsal.judging.clones import ClonedRepository
    from tasks_app.rehearsal.judging.evidence import TaskEvidence

README = "README.md"
PAGES_BRANCH = "refs/heads/gh-pages"

#: GitHub's clock and ours may differ by this.
CLOCKS_DIFFER = timedelta(seconds=60)

#: Other usual headings of the parts than those that this service writes.
_OTHER_HEADINGS = {
    "summary": r"what (?:it|this)|purpose|features?|background|abstract|goals?|the project",
    "setup": r"quick ?start|requirements|prerequisites|dependencies|build\w*|deploy\w*|run(?:ning)?|local development",
    "usage": r"quick ?start|how to|run(?:ning)?|examples?|demo|features?|instructions|try it",
    "code explanation": r"architecture|files|technical|under the hood|design|internals|layout|logic|walk-?\s?through",
    "licence": r"copyright|mit",
}
_HEADING_OF_OTHER_FORM = re.compile(
    r"^ {0,3}(?:<h[1-6][^<>]{0,200}>([^<>\n]{1,200})</h|(?:\*\*|__)([^*_\n]{1,200})(?:\*\*|__):?[ \r]{0,3}$)",
    re.MULTILINE | re.IGNORECASE,
)

_LARGEST_README = 400_000
_FILE_NAME = re.compile(r"[\w-]+(?:/[\w-]+)*\.\w{1,10}\b")


def repository_public(evidence: TaskEvidence) -> Observed:
    """Judge by a clone without credentials, and at GitHub by what its API says too."""
    try:
        hosted = evidence.hosted()
    except NotLookedAt as missing:
        if missing.score is not None:
            raise
        hosted = None
    if hosted and hosted.private:
        return Observed(0.0, f"GitHub says that {hosted.name} is private")
    by = f"GitHub says that {hosted.name} is public; " if hosted else ""
    try:
        clone = evidence.clone()
    except TooLargeToJudge as large:
        return Observed(1.0, f"{by}it can be read without credentials, but {large.reason}")
    archived = "; it is archived" if hosted and hosted.archived else ""
    return Observed(1.0, f"{by}it was cloned without credentials{archived}", _refs(clone))


def repository_new(evidence: TaskEvidence) -> Observed:
    sent = evidence.task.sent_at
    if sent is None:
        raise NotLookedAt(None, "the request was never sent")
    hosted = evidence.hosted()
    if hosted:
        if hosted.created_at is None:
            raise NotLookedAt(None, "GitHub does not say when the repository was created")
        created, source = hosted.created_at, "GitHub says that it was created"
    else:
        commits = evidence.clone().reachable([evidence.told("commit_sha")])
        if not commits:
            evidence.commit()  # raises
        created = min(map(time_of, commits.values()))
        source = "its host does not say when it was created; its first commit was made"
    times = f"{source} at {created:%Y-%m-%d %H:%M:%S} UTC; the request was sent at {sent:%Y-%m-%d %H:%M:%S} UTC"
    log = f"{times}; clocks may differ by {CLOCKS_DIFFER.seconds} seconds"
    if created < sent - CLOCKS_DIFFER:
        return Observed(0.0, f"{times}, which is later", log)
    return Observed(1.0, times, log)


def one_commit(evidence: TaskEvidence) -> Observed:
    task, sha = evidence.task, evidence.told("commit_sha")
    earlier = list(task.earlier_commits)
    if sha in earlier:
        return Observed(0.0, f"round {task.round} changed nothing: commit_sha is that of an earlier round")
    commit, clone = evidence.commit(), evidence.clone()
    reached, before = clone.reachable([sha]), clone.reachable(earlier)
    new = [one for one in reached if one not in before]
    log = "\n".join(f"{one} {commit_line(reached[one].message)}" for one in new[:50])
    if earlier and earlier[-1] not in reached:
        if clone.commit(earlier[-1]) is None:
            return Observed(0.0, f"the earlier round's commit {earlier[-1][:12]} is not in this repository", log)
        return Observed(0.0, f"the commit does not descend from the earlier round's, {earlier[-1][:12]}", log)
    if earlier and (parent := clone.commit(earlier[-1])) and parent.tree == commit.tree:
        return Observed(
            0.0, f"round {task.round} changed nothing: the commit has the files of the earlier round's", log
        )
    not_called_back = task.round - 1 - len(earlier)
    if 1 < len(new) <= 1 + not_called_back:
        reason = f"{_counted(len(new), 'commit')}; an earlier round that was not called back may have made one"
        raise NotLookedAt(None, reason, log)
    since = f"since the earlier round's {earlier[-1][:12]}" if earlier else "in the repository's history"
    return Observed(float(len(new) == 1), f"{_counted(len(new), 'commit')} {since}", log)


def commit_on_default_branch(evidence: TaskEvidence) -> Observed:
    evidence.commit()
    sha, clone = evidence.told("commit_sha"), evidence.clone()
    if not clone.head:
        raise NotLookedAt(0.0, "the repository names no default branch", _refs(clone))
    if sha in clone.reachable([clone.refs.get(PAGES_BRANCH, "")]):
        return Observed(1.0, "the commit is on gh-pages, from which GitHub Pages publishes", _refs(clone))
    if sha not in clone.reachable([clone.head]):
        return Observed(0.0, f"the commit is not on the default branch, whose head is {clone.head}", _refs(clone))
    where = "its head" if sha == clone.head else f"in its history; the head is {clone.head}"
    return Observed(1.0, f"the commit is on the default branch, {where}", _refs(clone))


def licence_mit(evidence: TaskEvidence) -> Observed:
    files = evidence.files()
    content = files.get("LICENSE")
    if content is None:
        alike = [path for path in files if path.lower().startswith(("licen", "copying"))][:5]
        instead = f"; there is {', '.join(alike)}" if alike else ""
        return Observed(0.0, f"the commit has no LICENSE at its root{instead}")
    text = content[:_LARGEST_README].decode("utf-8", "replace")
    if not is_mit(text):
        return Observed(0.0, f"LICENSE is not the MIT licence: it begins with {commit_line(content)!r}", text[:2000])
    return Observed(1.0, "LICENSE is the MIT licence")


def readme_complete(evidence: TaskEvidence) -> Observed:
    text = _readme(evidence)
    missing = [part for part in missing_readme_parts(text) if not _has_part_otherwise(text, part)]
    parts = ", ".join(README_PARTS)
    return holds([f"no heading for {part}" for part in missing], f"it has headings for {parts}", text[:2000])


def _has_part_otherwise(text: str, part: str) -> bool:
    """Say whether a README has a part below another usual heading, or a summary right below its title."""
    found = sections(text)
    if part == "summary" and any(line.strip() for one in found[:2] if one.level < 2 for line in one.lines):
        return True
    others = [a or b for a, b in _HEADING_OF_OTHER_FORM.findall(text)]
    words = re.compile(rf"\b(?:{README_PARTS[part]}|{_OTHER_HEADINGS[part]})\b", re.IGNORECASE)
    return any(words.search(title) for title in [*(one.title for one in found if one.level > 1), *others])


def readme_filled_in(evidence: TaskEvidence) -> Observed:
    text = _readme(evidence)
    known = {*evidence.files(), *_made_later(evidence)}
    problems = [f"line {line}: {what}" for line, what in readme_defects(text, known)]
    return holds(problems, f"nothing was found in {len(text.split())} words")


def _made_later(evidence: TaskEvidence) -> set[str]:
    """Return the files that a README may name although they are not committed: the code or the request names them."""
    absent = {one.file.path for one in evidence.task.criteria if isinstance(one, FileCriterion) and one.file.absent}
    code = [text for path, text in evidence.files().items() if path.endswith(CODE)]
    texts = [text[:_LARGEST_README].decode("utf-8", "replace") for text in code]
    request = evidence.task.request
    texts += [str(request.get("brief", "")), json.dumps(request.get("checks", []), ensure_ascii=False, default=str)]
    return absent.union(*map(_FILE_NAME.findall, texts))


def readme_changed(evidence: TaskEvidence) -> Observed:
    text = _readme(evidence)
    if not evidence.task.earlier_commits:
        raise NotLookedAt(None, "no earlier round was called back")
    clone = evidence.clone()
    earlier = clone.commit(evidence.task.earlier_commits[-1])
    if earlier is None:
        raise NotLookedAt(0.0, "the earlier round's commit is not in this repository")
    before = clone.files(earlier).get(README, b"").decode("utf-8", "replace")
    return Observed(float(text != before), "it changed" if text != before else "it is that of the earlier round")


def history_clean(evidence: TaskEvidence) -> Observed:
    task, tools = evidence.task, evidence.tools
    clone = evidence.clone()
    attached = [content.decode("utf-8", "replace") for content in evidence.attachments().values()]
    given = "\n".join([json.dumps(dict(task.request), ensure_ascii=False, default=str), *attached])
    return secrets_in_history(clone, tools.scanner, secret=task.secret, given=given, limits=tools.scan)


def commit_line(text: bytes) -> str:
    """Return the first line of a commit's message or of a file, at most 100 characters of it."""
    line = text[:400].decode("utf-8", "replace").strip().partition("\n")[0][:100]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _readme(evidence: TaskEvidence) -> str:
    files = evidence.files()
    content = files.get(README)
    if content is None:
        raise NotLookedAt(0.0, "the commit has no README.md at its root")
    return content[:_LARGEST_README].decode("utf-8", "replace")


def _refs(clone: ClonedRepository) -> str:
    return "\n".join(f"{ref[:200]} {sha}" for ref, sha in list(clone.refs.items())[:50])


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
