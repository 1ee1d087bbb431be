"""Have a model write the page; where none can, write the honest page in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.core import backoff
from engine.core.brief import AttachedFile, Brief
from engine.core.budget import SHORTEST_MODEL_CALL, Budget
from engine.core.honest_page import honest_page
from engine.core.lifecycle import Step
from engine.core.repository import slug
from engine.core.rules import acceptable, own_results
from engine.core.site import Frame, Origin, SiteFile, assemble
from engine.errors import BadReply, EngineError, Fenced, OutOfService, Permanent, Transient
from engine.ports import Ports, Prompt, Repository
from engine.steps.authoring import Conversation, Written
from engine.steps.outcomes import Generated, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The largest attachment that is fetched from an address, in bytes, and how long one may take, in seconds.
LARGEST_FETCHED = 5_000_000
FETCH_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class GenerateInput:
    """What generate works from. `repository` is the task's newest published one; `model_closed` says why no model is to be asked."""

    brief: Brief
    unfetched: tuple[tuple[str, str], ...]  # (name, url) of attachments that are still to be fetched
    repository: Repository | None
    task_key: str
    protected: tuple[str, ...]
    marker: str
    year: int
    budget: Budget
    failures: int
    model_closed: str
    secret_in: Callable[[bytes], str | None]
    last_tree: Callable[[], Mapping[str, bytes]] = dict  # what this task published last, out of our own rows


def generate(task: GenerateInput, ports: Ports) -> Generated | Wait:
    """Return a whole tree, or when to try again. Raises OutOfService, Permanent (a secret of ours in an attachment), forge errors."""
    fetched, missed = _fetch(task, ports)
    brief = replace(task.brief, attachments=(*task.brief.attachments, *fetched))
    for file in brief.attachments:
        if name := task.secret_in(file.content):
            raise Permanent(
                "secret_in_attachment", f"The attachment {file.name} holds the value of {name}: it would be published."
            )
    repository, base, present = _standing(task, ports)
    frame = Frame(brief=brief, present=present, protected=task.protected, marker=task.marker, year=task.year)
    author = _Authoring(task, ports, frame, note=" ".join(missed))
    made = author.run()
    if isinstance(made, Wait):
        return made
    attempt, files, detail, degraded = made
    return Generated(
        attempt=attempt,
        files=files,
        base_sha=base or "",
        repository=repository if base else None,
        simulated=ports.author.simulated,
        detail=detail,
        degraded=degraded,
        fetched=tuple(fetched),
    )


def _standing(task: GenerateInput, ports: Ports) -> tuple[Repository | None, str | None, Mapping[str, bytes]]:
    """Return the repository to build on, its head and the tree there; our own copy of the tree where somebody took the repository away."""
    repository = task.repository or _found(task, ports)
    if repository is None:
        return None, None, {}
    try:
        base = ports.forge.head(repository)
        return repository, base, ports.forge.tree(repository, base) if base else {}
    except Permanent as error:
        if error.code != "repository_gone":
            raise
        ports.journal.warn(f"{error.message} This round goes to a new repository, on what was published last.")
        return None, None, task.last_tree()


def _found(task: GenerateInput, ports: Ports) -> Repository | None:
    """Look on the forge for the repository of a later round of which no row is left."""
    if task.brief.number == 1:
        return None
    return ports.forge.find(slug=slug(task.brief.task), task_key=task.task_key)


def _fetch(task: GenerateInput, ports: Ports) -> tuple[list[AttachedFile], list[str]]:
    """Fetch what is only an address so far; what cannot be had is a warning, told to the model, and no failure."""
    files, missed = [], []
    for name, url in task.unfetched:
        try:
            answer = ports.fetcher.fetch(url, seconds=FETCH_SECONDS, max_bytes=LARGEST_FETCHED)
        except EngineError as error:
            missed.append(f"The attachment {name} could not be fetched: {error.message}")
            continue
        if answer.status != 200 or answer.truncated:
            why = f"more than {LARGEST_FETCHED} bytes" if answer.truncated else f"HTTP {answer.status}"
            missed.append(f"The attachment {name} could not be fetched: {why}")
            continue
        media_type = answer.headers.get("content-type", "").split(";")[0].strip() or "application/octet-stream"
        files.append(AttachedFile(name, media_type, answer.body))
    for sentence in missed:
        ports.journal.warn(sentence)
    return files, missed


Made = tuple[int, dict[str, SiteFile], str, str]


@dataclass(frozen=True, slots=True)
class _Authoring:
    """Tries one model after the other within the budget; the honest page is what remains."""

    task: GenerateInput
    ports: Ports
    frame: Frame
    note: str

    def run(self) -> Made | Wait:
        if self.task.model_closed:
            return self._honest(f"The language model is out of service: {self.task.model_closed}")
        last = "the time for asking a model had run out before one was asked"
        for model in self.ports.author.models:
            now = self.ports.clock.now()
            seconds = self.task.budget.model_seconds(now)
            if not seconds:
                break
            try:
                written = Conversation(self.ports, model, now + timedelta(seconds=seconds)).write(
                    self.frame.brief, self.frame.present or None, self.note
                )
                return self._accepted(model, written)
            except (Fenced, OutOfService):
                raise
            except Transient as error:
                if wait := self._wait(error):
                    return wait
                last = error.message
            except Permanent as error:
                last = error.message
        return self._honest(f"No usable page was written: {last}")

    def _wait(self, error: Transient) -> Wait | None:
        """Come back later where that leaves time for a call, else go on to the next model or to what there is."""
        now = self.ports.clock.now()
        until = now + timedelta(seconds=max(error.retry_after or 0, backoff.transient_delay(self.task.failures + 1)))
        ends = self.task.budget.share_ends(Step.GENERATE)
        if error.code == "model_out_of_time" or (ends - until).total_seconds() < SHORTEST_MODEL_CALL:
            return None
        return Wait(until, f"the model: {error.message}", failed=True)

    def _accepted(self, model: str, written: Written) -> Made:
        files, notes = assemble(self.frame, written.files, written.deletions)
        for path, file in files.items():
            if file.origin is Origin.MODEL and (name := self.task.secret_in(file.content)):
                raise BadReply("secret_in_reply", f"{model} wrote the value of {name} into {path}")
        contents = {path: file.content for path, file in files.items()}
        results = own_results(contents)
        if not acceptable(results):
            raise BadReply(
                "model_no_page", f"{model} wrote no usable page: " + "; ".join(r.detail for r in results if r.detail)
            )
        changed = sum(file.origin is Origin.MODEL for file in files.values())
        problems = "; ".join((*written.problems, *notes))
        return written.attempt, files, f"{model} wrote {changed} files" + (f"; {problems}" if problems else ""), ""

    def _honest(self, why: str) -> Made:
        """Publish what there is: in a later round the present page stays, with a README that says what was not done."""
        prompt = Prompt("honest", "1", "", ())
        attempt = self.ports.journal.attempt_begun(kind="honest", prompt=prompt, provider="", model="", simulated=False)
        self.ports.journal.attempt_failed(attempt, code="no_acceptable_page", message=why)
        own: Mapping[str, bytes] = honest_page(self.frame.brief, why)
        if "index.html" in self.frame.present:
            own = {"README.md": _not_done(self.frame, why)}
        files, _ = assemble(self.frame, own, ())
        return attempt, {p: _as_ours(p, f, own) for p, f in files.items()}, why, why


def _as_ours(path: str, file: SiteFile, own: Mapping[str, bytes]) -> SiteFile:
    return SiteFile(file.content, Origin.SERVICE) if path in own else file


def _not_done(frame: Frame, why: str) -> bytes:
    """Return the present README with a section that says that this round changed nothing."""
    text = frame.present.get("README.md", b"").decode("utf-8", "replace").rstrip()
    asked = "\n".join(f"> {line}".rstrip() for line in frame.brief.text.splitlines())
    return f"{text}\n\n## Round {frame.brief.number} was not done\n\n{why} The page is the one of the round before.\n\n{asked}\n".encode()
