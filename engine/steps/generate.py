"""The step generate: a model writes the page; if none can, the service writes the fallback page."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.checks.decision import Purpose
from engine.checks.gates import gate_results, secret_line
from engine.checks.own_rules import acceptable, own_results
from engine.domain.model_call import Prompt
from engine.domain.repository import Origin, Repository, SiteFile
from engine.errors import BadReply, Permanent
from engine.formats.credential_patterns import credentials_in
from engine.inputs.missing_data import missing_note
from engine.plan.fallback import fallback_plan
from engine.prompts.generate import shown_files
from engine.site.fallback_page import fallback_page
from engine.site.readme import with_round_not_done
from engine.site.repository_files import slug
from engine.steps.authoring import Conversation, Written, edits_in_words
from engine.steps.contracts import Generated, RepairSkipped, Wait
from engine.steps.fetch_inputs import attachments_under_way, fetch_planned, with_attachments
from engine.steps.model_choice import NotWritten, ask_in_turn
from engine.steps.planning import make_plan, request_of
from engine.steps.tree import TreeContext, assemble, compute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from engine.domain.brief import AttachedFile, Brief
    from engine.domain.checks import CheckOutcome
    from engine.plan.schema import RequestPlan
    from engine.ports import Ports
    from engine.steps.contracts import GenerateInput
    from engine.steps.fetch_inputs import FetchedInputs


def generate(task: GenerateInput, ports: Ports) -> Generated | Wait | RepairSkipped:
    """Return a whole tree, a wait, or (a resample only) that no further attempt was possible.

    Raises OutOfService, Permanent (our secret in an attachment) and errors of the forge.
    """
    with attachments_under_way(task, ports) as fetches:
        repository, base, present = _tree_to_build_on(task, ports)
        inputs = with_attachments(fetches, task, ports)
    _refuse_secrets(inputs.brief.attachments, task)
    plan = _plan(task, inputs, present, ports)
    inputs = fetch_planned(inputs, plan, task, present, ports)
    brief = inputs.brief
    _warn_of_credentials(brief.attachments, ports)
    marks = task.identity
    context = TreeContext(
        brief,
        plan,
        present,
        task.earlier.protected,
        marks.marker,
        marks.year,
        missing=inputs.missing,
        computed=[path for path in task.earlier.computed if path in present],
        computes=task.computes and ports.browser is not None,
    ).at(repository)
    asked_at_run_time = [address.url for address in plan.data if address.at_run_time]
    author = _Authoring(task, ports, context, missing_note=missing_note(inputs.missing, asked_at_run_time))
    give_up = task.further if task.further and task.further.purpose is Purpose.FALLBACK else None
    result = author.fallback(give_up.why) if give_up else author.run()
    if isinstance(result, Wait | RepairSkipped):
        return result
    degraded = result.degraded
    return Generated(
        attempt=result.attempt,
        files=result.files,
        base_sha=base or "",
        repository=repository if base else None,
        simulated=ports.author.simulated,
        detail=result.detail,
        degraded=degraded,
        gates=()
        if degraded
        else (*gates(result.files, brief, task.secret_in, ports, present, result.lost), *result.computed),
    )


def _plan(task: GenerateInput, inputs: FetchedInputs, present: Mapping[str, bytes], ports: Ports) -> RequestPlan:
    """Return this run's plan: the existing one, a new one, or the fallback plan."""
    missing = [one.name for one in inputs.missing]
    request = request_of(inputs.brief, present, allow_private=task.allow_private, missing=missing)
    plan = task.run_plan.plan
    if not task.run_plan.is_made and not task.access.given_up:
        plan = make_plan(inputs.brief, request, task.access, task.run_plan.cut_off, ports)
    return plan or fallback_plan(request)


def _tree_to_build_on(task: GenerateInput, ports: Ports) -> tuple[Repository | None, str | None, Mapping[str, bytes]]:
    """Return the repository, its head and its tree. If the repository is gone, the tree is our own copy."""
    repository = task.earlier.repository or _find_repository(task, ports)
    if repository is None:
        return None, None, {}
    try:
        base = task.further.base_sha if task.further else ports.forge.head(repository)
        return repository, base, ports.forge.tree(repository, base) if base else {}
    except Permanent as error:
        if error.code != "repository_gone":
            raise
        ports.journal.warn(f"{error.message} This round goes to a new repository, on what was published last.")
        return None, None, task.earlier.last_tree()


def gates(
    files: Mapping[str, SiteFile],
    brief: Brief,
    secret_in: Callable[[bytes], str | None],
    ports: Ports,
    before: Mapping[str, bytes] | None = None,
    lost: Mapping[str, str] = MappingProxyType({}),
) -> list[CheckOutcome]:
    """Run the gates on the files of the model and of its script.

    Text that an attachment or a file in `before` contains is not a finding; for a computed file any of them counts.
    `lost` is that of Written.
    """
    originals = {**(before or {}), **{file.name: file.content for file in brief.attachments}}
    made = {path: file for path, file in files.items() if file.origin in {Origin.MODEL, Origin.COMPUTED}}
    data = b"\n".join(originals.values())
    originals |= {path: data for path, file in made.items() if file.origin is Origin.COMPUTED}
    written = {path: file.content for path, file in made.items()}
    allowed = "\n".join([brief.text, *(check.text for check in brief.checks)])
    tokens = ports.scanner.tokens if ports.scanner else credentials_in
    return gate_results(written, secret_in=secret_in, tokens_in=tokens, allowed=allowed, originals=originals, lost=lost)


def _refuse_secrets(files: Sequence[AttachedFile], task: GenerateInput) -> None:
    """Raise Permanent(secret_in_attachment) for a secret of ours, before a model sees it."""
    for file in files:
        if found := secret_line(file.content, task.secret_in):
            where = f"{file.name}, line {found[1]},"
            raise Permanent(
                "secret_in_attachment", f"The attachment {where} holds the value of {found[0]}: it would be published."
            )


def _warn_of_credentials(files: Sequence[AttachedFile], ports: Ports) -> None:
    tokens = ports.scanner.tokens if ports.scanner else credentials_in
    for file in files:
        for token in itertools.islice(tokens(file.content.decode("utf-8", "replace")), 3):
            ports.journal.warn(
                f"The attachment {file.name}, line {token.line}, is published with what looks like a "
                f"{token.what}: {token.redacted}"
            )


def _find_repository(task: GenerateInput, ports: Ports) -> Repository | None:
    """Find the repository of a later round on the forge, if no row of the task is left."""
    if task.brief.number == 1:
        return None
    return ports.forge.find(slug=slug(task.brief.task), task_key=task.identity.task_key)


@dataclass(frozen=True, slots=True)
class AuthoredTree:
    """The tree of `attempt`, and the result of its build script if it has one.

    `degraded` as in Generated, `lost` as in Written.
    """

    attempt: int
    files: Mapping[str, SiteFile]
    detail: str
    degraded: str = ""
    computed: Sequence[CheckOutcome] = ()
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Authoring:
    """Asks one model after the other within the budget; if all fail, it makes the fallback page."""

    task: GenerateInput
    ports: Ports
    context: TreeContext
    missing_note: str

    def run(self) -> AuthoredTree | Wait | RepairSkipped:
        if self.task.access.given_up:
            return self._given_up(f"No page was written: {self.task.access.given_up}")
        if self.task.access.blocked:
            return self._given_up(f"The language model is out of service: {self.task.access.blocked}")
        result = ask_in_turn(
            self.ports,
            self.task.access.budget,
            failures=self.task.access.failures,
            ask=self._write_page,
            models=self._models(),
            seconds=self._seconds,
        )
        if isinstance(result, NotWritten):
            return self._given_up(f"No usable page was written: {result.why}")
        return result

    def fallback(self, why: str) -> AuthoredTree:
        """Make the fallback page instead of the app."""
        return self._fallback(f"No page that may be published was written: {why}")

    def _seconds(self, now: datetime) -> float:
        budget = self.task.access.budget
        return budget.repair_seconds(now) if self.task.further else budget.model_seconds(now)

    def _models(self) -> Sequence[str]:
        """Return the models to ask in turn. A resample asks only the model after the best attempt's."""
        models = self.ports.author.models
        if self.task.further is None:
            return models
        used = models.index(self.task.further.model) if self.task.further.model in models else -1
        return models[used + 1 : used + 2] or models[-1:]

    def _given_up(self, why: str) -> AuthoredTree | RepairSkipped:
        return RepairSkipped(f"a fresh sample gave nothing: {why}") if self.task.further else self._fallback(why)

    def _write_page(self, model: str, until: datetime) -> AuthoredTree:
        context = self.context
        shown = shown_files(context.brief, context.plan, context.present, computed=context.computed).texts
        conversation = Conversation(self.ports, model, until, context.plan, shown)
        further = self.task.further
        kind, parent = (Purpose.RESAMPLE, further.attempt) if further else (Purpose.GENERATE, None)
        written = conversation.write(context, self.missing_note, kind=kind, parent=parent)
        return self._accepted(model, written)

    def _accepted(self, model: str, written: Written) -> AuthoredTree:
        assembled, notes = assemble(self.context, written.files, written.deletions)
        built = compute(self.context, assembled, written.files, self.ports, self.task.access.budget)
        files = built.files
        results = own_results({path: file.content for path, file in files.items()})
        if not acceptable(results):
            raise BadReply(
                "model_no_page", f"{model} wrote no usable page: " + "; ".join(r.detail for r in results if r.detail)
            )
        changed = sum(file.origin is Origin.MODEL for file in files.values())
        says = f"{model} wrote {changed} files{edits_in_words(written)}"
        detail = "; ".join((says, *written.problems, *notes, *built.notes))
        return AuthoredTree(written.attempt, files, detail, computed=built.outcomes, lost=written.lost)

    def _fallback(self, why: str) -> AuthoredTree:
        """Make the fallback tree. In a later round the present page stays, and the README says what was not done."""
        prompt = Prompt("fallback", "1", "", ())
        attempt = self.ports.journal.attempt_begun(
            kind="fallback", prompt=prompt, provider="", model="", simulated=False
        )
        self.ports.journal.attempt_failed(attempt, code="no_acceptable_page", message=why)
        own: Mapping[str, bytes] = fallback_page(self.context.brief, why)
        if "index.html" in self.context.present:
            brief, readme = self.context.brief, self.context.present.get("README.md", b"").decode("utf-8", "replace")
            own = {"README.md": with_round_not_done(readme, brief.number, brief.text, why).encode()}
        files, _ = assemble(self.context, own, ())
        files |= {path: SiteFile(files[path].content, Origin.SERVICE) for path in own if path in files}
        return AuthoredTree(attempt, files, why, why)
