"""One in-memory stand-in per port, with the port's real promises and hooks for what goes wrong.

`Faults` raises what a test planned before or after the effect of a method; a planned BaseException plays the death of a process.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.core.checks import Check, CheckResult, Kind, Target, Verdict
from engine.core.judge_prompt import asks_for_judgement
from engine.core.probe_prompt import asks_for_probes
from engine.core.prompt_sections import boundary_of
from engine.core.replies import format_files, mark
from engine.errors import Fenced, Permanent
from engine.ports import (
    Answer,
    BrowserReport,
    CommitSpec,
    Limits,
    Look,
    Message,
    PageUnderTest,
    PageView,
    Ports,
    ProbeRun,
    Prompt,
    Recalled,
    Reply,
    Repository,
    RepositorySpec,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.core.brief import AttachedFile, MissingFile
    from engine.core.probes import Probe

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAGE = b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><h1 id='out'>7</h1></body></html>\n"
README = b"""# T

## Summary

A page that shows a seven.

## Setup

Serve the folder with any static file server.

## Usage

Open the page and read it.

## Code explanation

`index.html` holds the whole page.

## License

MIT
"""

Spoken = str | Reply | BaseException | Callable[[Sequence[Message]], str | Reply]


class Faults:
    """What goes wrong in a fake, by method: each planned error is raised once, before or after the method's effect."""

    def __init__(self) -> None:
        self.before: defaultdict[str, list[BaseException]] = defaultdict(list)
        self.after: defaultdict[str, list[BaseException]] = defaultdict(list)

    @contextmanager
    def around(self, method: str) -> Iterator[None]:
        if self.before[method]:
            raise self.before[method].pop(0)
        yield
        if self.after[method]:
            raise self.after[method].pop(0)


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def page_reply(files: Mapping[str, bytes] | None = None) -> Callable[[Sequence[Message]], str]:
    """Return a well-formed reply with these files (a page and a README unless told) for whatever boundary the prompt names."""
    chosen = {"index.html": PAGE, "README.md": README} if files is None else files

    def reply(messages: Sequence[Message]) -> str:
        boundary = boundary_of(messages)
        return format_files(chosen, boundary) + mark(boundary, "complete", len(chosen)) + "\n"

    return reply


class FakeAuthor:
    """Plays a list of replies and errors in order, then `page_reply()` for ever; `asked` keeps (model, messages, seconds).

    What asks for probes is answered from `probes`, then by none, and kept in `probed` (with the tokens) alone; so with `judgements` and `judged`.
    """

    provider = "fake"

    def __init__(self, *replies: Spoken, models: Sequence[str] = ("first", "second"), simulated: bool = False) -> None:
        self.replies, self.models, self.simulated = list(replies), models, simulated
        self.asked: list[tuple[str, tuple[Message, ...], float]] = []
        self.tokens: list[int | None] = []
        self.probes: list[Spoken] = []
        self.probed: list[tuple[str, tuple[Message, ...], float, int | None]] = []
        self.judgements: list[Spoken] = []
        self.judged: list[tuple[str, tuple[Message, ...], float, int | None]] = []

    def write(self, messages: Sequence[Message], *, model: str, seconds: float, tokens: int | None = None) -> Reply:
        if asks_for_probes(messages):
            self.probed.append((model, tuple(messages), seconds, tokens))
            return self._answer(self.probes.pop(0) if self.probes else "not automatable", messages, model)
        if asks_for_judgement(messages):
            self.judged.append((model, tuple(messages), seconds, tokens))
            return self._answer(self.judgements.pop(0) if self.judgements else "", messages, model)
        self.tokens.append(tokens)
        self.asked.append((model, tuple(messages), seconds))
        return self._answer(self.replies.pop(0) if self.replies else page_reply(), messages, model)

    @staticmethod
    def _answer(said: Spoken, messages: Sequence[Message], model: str) -> Reply:
        if isinstance(said, BaseException):
            raise said
        answer = said if isinstance(said, str | Reply) else said(messages)
        return answer if isinstance(answer, Reply) else Reply(answer, model, "stop", Usage(input=10, output=20))


@dataclass
class FakeRepository:
    """A repository's inside: `commits` by SHA, `head` None while it is empty."""

    round_hash: str
    task_key: str
    created: datetime
    commits: dict[str, CommitSpec] = field(default_factory=dict)
    head: str | None = None
    pages_on: bool = False

    def reaches(self, sha: str) -> bool:
        """Say whether a commit is the head or an ancestor of it."""
        at = self.head
        while at and at != sha:
            at = self.commits[at].parent
        return at is not None

    def add(self, spec: CommitSpec) -> str:
        """Make a commit the head, as anyone with a key could."""
        sha = commit_sha(spec)
        self.commits[sha], self.head = spec, sha
        return sha


def commit_sha(spec: CommitSpec) -> str:
    """Return 40 hex digits that depend on everything in the commit."""
    files = sorted((path, hashlib.sha256(content).hexdigest()) for path, content in spec.files.items())
    parts = [files, spec.parent, spec.message, spec.author, spec.when.isoformat()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


class FakeForge:
    """Keeps repositories in a dict; pages are built at once unless `looks` holds other answers. `strangers`: names that others hold."""

    simulated = False
    owner = "owner"

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.repositories: dict[str, FakeRepository] = {}
        self.strangers: set[str] = set()
        self.looks: list[Look] = []
        self.faults = Faults()
        self.writes: list[str] = []
        self._now = clock

    def create(self, spec: RepositorySpec) -> Repository:
        with self.faults.around("create"):
            name, number = spec.name, 1
            while name in self.strangers or (name in self.repositories and not self._is_same(name, spec)):
                number += 1
                name = f"{spec.name}-{number}"
            if name not in self.repositories:
                self.repositories[name] = FakeRepository(spec.round_hash, spec.task_key, self._now())
                self.writes.append("create")
        return self._repository(name)

    def find(self, *, slug: str, task_key: str) -> Repository | None:
        with self.faults.around("find"):
            mine = [
                (inside.created, name)
                for name, inside in self.repositories.items()
                if name.startswith(slug) and inside.task_key == task_key and inside.head
            ]
        return self._repository(max(mine)[1]) if mine else None

    def head(self, repository: Repository) -> str | None:
        with self.faults.around("head"):
            return self._inside(repository).head

    def tree(self, repository: Repository, sha: str) -> Mapping[str, bytes]:
        with self.faults.around("tree"):
            commits = self._inside(repository).commits
            if sha not in commits:
                raise Permanent("commit_missing", f"There is no commit {sha}.")
            return dict(commits[sha].files)

    def compute(self, spec: CommitSpec) -> str:
        return commit_sha(spec)

    def commit(self, repository: Repository, spec: CommitSpec) -> bool:
        with self.faults.around("commit"):
            inside = self._inside(repository)
            if inside.reaches(commit_sha(spec)):
                return True
            if inside.head != spec.parent:
                return False
            inside.add(spec)
            self.writes.append("commit")
        return True

    def enable_pages(self, repository: Repository) -> Repository:
        with self.faults.around("enable_pages"):
            self._inside(repository).pages_on = True
        return self._repository(repository.name)

    def rebuild(self, repository: Repository) -> None:
        with self.faults.around("rebuild"):
            self._inside(repository)
            self.writes.append("rebuild")

    def look(self, repository: Repository, sha: str) -> Look:
        del sha
        with self.faults.around("look"):
            inside = self._inside(repository)
            if self.looks:
                return self.looks.pop(0)
            return Look("built", inside.head) if inside.head and inside.pages_on else Look("queued", None)

    def _is_same(self, name: str, spec: RepositorySpec) -> bool:
        inside = self.repositories[name]
        same = (inside.round_hash, inside.task_key) == (spec.round_hash, spec.task_key)
        return same and inside.created >= spec.not_before

    def _inside(self, repository: Repository) -> FakeRepository:
        if repository.name not in self.repositories:
            raise Permanent("repository_gone", f"There is no repository {repository.name}.")
        return self.repositories[repository.name]

    def _repository(self, name: str) -> Repository:
        pages = f"https://pages.test/{name}/" if self.repositories[name].pages_on else ""
        return Repository(self.owner, name, f"https://forge.test/{self.owner}/{name}", pages)


class FakeBrowser:
    """Says that a js check holds where the page holds all of its text's words in capitals; `errors` are what every page throws."""

    def __init__(self, errors: Sequence[str] = ()) -> None:
        self.errors = tuple(errors)
        self.ran: list[tuple[PageUnderTest, tuple[str, ...]]] = []

    def run(
        self, page: PageUnderTest, checks: Sequence[Check], *, seconds: float, probes: Sequence[ProbeRun] = ()
    ) -> BrowserReport:
        del seconds
        self.ran.append((page, tuple(check.text for check in checks)))
        source = (page.files or {}).get("index.html", b"").decode()
        view = PageView(1280, True, b"", (), self.errors, (), {}, {"#out": "<b>7</b>"})
        sentences = [Check(Kind.PROSE, run.probe.expression) for run in probes]
        results = [self._result(check, page.target, source) for check in (*checks, *sentences)]
        return BrowserReport(results[: len(checks)], [view], probed=results[len(checks) :])

    def _result(self, check: Check, target: Target, source: str) -> CheckResult:
        holds = all(word in source for word in re.findall(r"[A-Z]{3,}", check.text))
        verdict = Verdict.PASS if holds or target is Target.LIVE else Verdict.FAIL
        return CheckResult(check, target, verdict, "true (boolean)" if holds else "false (boolean)", holds)


class FakeFetcher:
    """Answers by address: bytes, an Answer or an error; else the pages of `forge`, if given; else 404. `fetched` keeps the addresses."""

    def __init__(
        self, answers: Mapping[str, bytes | Answer | BaseException] | None = None, forge: FakeForge | None = None
    ) -> None:
        self.answers, self.forge = dict(answers or {}), forge
        self.fetched: list[str] = []

    def fetch(self, url: str, *, seconds: float, max_bytes: int) -> Answer:
        del seconds
        self.fetched.append(url)
        found = self.answers.get(url, self._page(url))
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, Answer):
            return found
        if found is None:
            return Answer(404, {}, b"", url)
        return Answer(200, {}, found[:max_bytes], url, truncated=len(found) > max_bytes)

    def _page(self, url: str) -> bytes | None:
        parts = urlsplit(url)
        name, _, path = parts.path.removeprefix("/").partition("/")
        inside = self.forge.repositories.get(name) if self.forge and parts.netloc == "pages.test" else None
        if inside is None or not (inside.pages_on and inside.head):
            return None
        return inside.commits[inside.head].files.get(path or "index.html")


class FakeNotifier:
    """Plays statuses, answers and errors in order, then 200 for ever; `sent` keeps what arrived. An error in `lost` comes after the arrival."""

    def __init__(self, *answers: int | Answer | BaseException) -> None:
        self.answers = list(answers)
        self.lost: list[BaseException] = []
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        said = self.answers.pop(0) if self.answers else 200
        if isinstance(said, BaseException):
            raise said
        self.sent.append((url, body, dict(headers)))
        if self.lost:
            raise self.lost.pop(0)
        return Answer(said, {}, b"", url) if isinstance(said, int) else said


@dataclass
class JournalRow:
    """A row of the fake journal: what it was begun with and, once completed, how it ended."""

    begun: dict[str, object]
    ended: dict[str, object] | None = None


class FakeJournal:
    """Keeps rows in lists in the order of events; `fence()` takes the lease away, and every later call raises Fenced."""

    def __init__(self) -> None:
        self.attempts: list[JournalRow] = []
        self.notifications: list[JournalRow] = []
        self.planned: list[tuple[str, str | None, tuple[str, ...]]] = []
        self.abandoned: list[str] = []
        self.repositories: list[Repository] = []
        self.looks: list[tuple[Look, int | None, bool, str]] = []
        self.rebuilds: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.frozen: list[tuple[tuple[Probe, ...], int | None]] = []
        self.kept: list[AttachedFile] = []
        self.missed: list[MissingFile] = []
        self.refusals: list[BaseException] = []
        self.allowance: int | None = None
        self.answered: list[tuple[str, str, int | None, Recalled]] = []  # what an earlier claim was answered
        self.fenced = False

    def fence(self) -> None:
        self.fenced = True

    def attempt_begun(
        self, *, kind: str, prompt: Prompt, provider: str, model: str, simulated: bool, parent: int | None = None
    ) -> int:
        if self.refusals and provider:
            raise self.refusals[0]
        begun = {"kind": kind, "prompt": prompt, "provider": provider, "model": model}
        return self._begin(self.attempts, {**begun, "simulated": simulated, "parent": parent})

    def attempt_recalled(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        self._check()
        found = next((one for one in self.answered if one[:3] == (kind, model, parent)), None)
        if found:
            self.answered.remove(found)
        return found[3] if found else None

    def attempt_answered(self, attempt: int, reply: Reply, *, outcome: str) -> None:
        self._end(self.attempts, attempt, {"reply": reply, "outcome": outcome})

    def tokens_left(self) -> int | None:
        return self.allowance

    def attempt_failed(self, attempt: int, *, code: str, message: str, reply: Reply | None = None) -> None:
        self._end(self.attempts, attempt, {"code": code, "message": message, "reply": reply})

    def probes_frozen(self, probes: Sequence[Probe], *, attempt: int | None) -> None:
        self._check()
        self.frozen.append((tuple(probes), attempt))

    def commit_planned(self, *, sha: str, parent: str | None, paths: Sequence[str]) -> None:
        self._check()
        self.planned.append((sha, parent, tuple(paths)))

    def commit_abandoned(self, *, sha: str) -> None:
        self._check()
        self.abandoned.append(sha)

    def repository_made(self, repository: Repository) -> None:
        self._check()
        self.repositories.append(repository)

    def pages_seen(self, *, look: Look, http_status: int | None, live: bool, reason: str) -> None:
        self._check()
        self.looks.append((look, http_status, live, reason))

    def rebuild_asked(self, *, sha: str, after: str) -> None:
        self._check()
        self.rebuilds.append((sha, after))

    def rebuild_put_off(self, *, sha: str) -> None:
        self._check()
        self.rebuilds = [asked for asked in self.rebuilds if asked[0] != sha]

    def notification_begun(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return self._begin(self.notifications, {"url": url, "body": body, "headers": dict(headers)})

    def notification_ended(self, notification: int, *, answer: Answer | None, error: str) -> None:
        self._end(self.notifications, notification, {"answer": answer, "error": error})

    def file_kept(self, file: AttachedFile) -> None:
        self._check()
        self.kept.append(file)

    def file_missed(self, missing: MissingFile) -> None:
        self._check()
        self.missed.append(missing)

    def warn(self, text: str) -> None:
        self._check()
        if text not in self.warnings:
            self.warnings.append(text)

    def _begin(self, rows: list[JournalRow], begun: dict[str, object]) -> int:
        self._check()
        rows.append(JournalRow(begun))
        return len(rows)

    def _end(self, rows: list[JournalRow], number: int, ended: dict[str, object]) -> None:
        self._check()
        rows[number - 1].ended = ended

    def _check(self) -> None:
        if self.fenced:
            raise Fenced


def make_ports(**over: object) -> Ports:
    """Return a whole set of fakes; pages come from the fake forge. Keyword arguments replace single ports."""
    clock = FakeClock()
    forge = FakeForge(clock.now)
    ports = Ports(clock, FakeAuthor(), forge, FakeFetcher(forge=forge), FakeNotifier(), FakeJournal())
    return replace(ports, **over)


class FakeQuota:
    """Lets everything go and keeps what it was told; errors in `refuse` are raised by the next writes."""

    def __init__(self) -> None:
        self.refuse: list[BaseException] = []
        self.keys: list[str] = []
        self.limits: list[Limits] = []
        self.closed: list[tuple[float | None, str]] = []

    def take_write(self, key: str) -> None:
        if self.refuse:
            raise self.refuse.pop(0)
        self.keys.append(key)

    def pass_gate(self) -> None:
        pass

    def saw(self, limits: Limits) -> None:
        self.limits.append(limits)

    def close_gate(self, seconds: float | None, reason: str) -> float:
        self.closed.append((seconds, reason))
        return 60.0 if seconds is None else seconds
