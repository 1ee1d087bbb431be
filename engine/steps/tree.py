"""Assembles a tree from the plan, the attachments, the previous tree and a model's files, and runs its build script."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.checks.own_rules import NO_BROWSER
from engine.domain.brief import Source
from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.paths import UnsafePath
from engine.domain.repository import Origin, SiteFile
from engine.inputs.missing_data import missing_sentence
from engine.plan.allowed import ALWAYS
from engine.plan.schema import FileSource
from engine.prompts.form import WRITTEN
from engine.prompts.generate import shown_files
from engine.site import repository_files
from engine.site.computed import BUILD_SCRIPT, NO_SCRIPT, computed_path, filled, script_inputs
from engine.site.file_types import is_publishable
from engine.site.links import with_relative_addresses
from engine.site.readme import ReadmeFacts, complete_readme
from engine.site.repository_files import OF_THE_SERVICE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from engine.domain.brief import Brief, MissingFile
    from engine.domain.budget import Budget
    from engine.domain.repository import Repository
    from engine.plan.schema import RequestPlan
    from engine.ports import Ports


#: The text of the build script's check.
COMPUTES = "tools/build.js runs and computes what the plan and the page expect of it"


@dataclass(frozen=True, slots=True)
class TreeContext:
    """The facts for a tree before the model writes. `present` is the head's tree, empty in a new repository.

    `repairs`: `present` is this round's best attempt, whose files, with the README, stay unless they are rewritten.
    `before` is then the tree at the start of the round.
    """

    brief: Brief
    plan: RequestPlan
    present: Mapping[str, bytes]
    protected: Collection[str]  # attachments of earlier rounds, which must stay unchanged
    marker: str
    year: int
    repairs: bool = False
    before: Mapping[str, bytes] = field(default_factory=dict)
    clone_url: str = ""  # of the repository and its page, if they are known already
    pages_url: str = ""
    missing: tuple[MissingFile, ...] = ()
    computed: Collection[str] = ()  # present files that tools/build.js made
    computes: bool = False  # whether a browser can run tools/build.js, as far as is known

    def at(self, place: Repository | None) -> TreeContext:
        """Return the context with the repository's addresses; unchanged if there is no repository yet."""
        return replace(self, clone_url=place.url, pages_url=place.pages_url) if place else self


def assemble(
    context: TreeContext, written: Mapping[str, bytes], deletions: Collection[str]
) -> tuple[dict[str, SiteFile], list[str]]:
    """Return the whole tree, and sentences on what was left out of the reply or added to it."""
    notes: list[str] = []
    attached = {file.name: file.content for file in context.brief.attachments}
    service_files = {file.name for file in context.brief.attachments if file.source is not Source.REQUEST}
    originals = {**attached, **context.present} if context.repairs else {**context.present, **attached}
    own = {*attached, *(p for p in context.protected if p in context.present)}
    files = {path: SiteFile(content, Origin.CARRIED) for path, content in context.present.items()}
    # In a repair the attempt's version of an attachment is used, also if the attempt deleted it.
    placed = [name for name in attached if not (context.repairs and _is_written(context.plan, name))]
    files |= {
        name: SiteFile(attached[name], Origin.SERVICE if name in service_files else Origin.ATTACHMENT)
        for name in placed
    }
    for path in itertools.filterfalse(context.plan.forbids, deletions):
        if path in own or path in OF_THE_SERVICE.union(ALWAYS):
            notes.append(f"{path} was to be deleted and stays: the plan does not say so")
        else:
            files.pop(path, None)
    allowed = _Allowed(context, own, service_files)
    for path, content in written.items():
        if path in OF_THE_SERVICE:
            continue
        if why := allowed.left_out(path):
            notes.append(f"{path} {why}")
        else:
            planned = context.plan.file(path)
            original = originals.get(planned.origin if planned and planned.origin else path, b"")
            files[path] = SiteFile(with_line_ends_of(original, content), Origin.MODEL)
    for path in filter(context.plan.forbids, list(files)):
        del files[path]
    _make_addresses_relative(files, notes)
    _add_own_files(files, context, notes)
    return files, notes


class _Allowed:
    """Decides which files of a reply are used."""

    def __init__(self, context: TreeContext, own: Collection[str], service_files: Collection[str]) -> None:
        self._plan, self._own, self._service_files = context.plan, own, service_files
        self._missing = {one.name for one in context.missing}
        present = shown_files(
            context.brief, context.plan, context.present, repairs=context.repairs, computed=context.computed
        )
        self._shown = present.sources.keys() | present.to_change.keys()

    def left_out(self, path: str) -> str:
        """Return why a file of the model is left out; "" if it is used."""
        planned = self._plan.file(path)
        if self._plan.forbids(path):
            return "must not be in the repository and was left out"
        if path in self._own and not _is_written(self._plan, path):
            what = "of the service" if path in self._service_files else "an attachment"
            return f"is {what} and stays as it came; the model's version was left out"
        if path in self._own and path not in self._shown:
            return "is to be changed, but is no text or too long to be shown whole to a model, and stays as it is"
        if planned.source not in WRITTEN if planned else path in self._missing:
            return "could not be had or made, is nothing to invent, and was left out"
        if planned or is_publishable(path):
            return ""
        return "was left out: a static page has no use for a file of that type"


@dataclass(frozen=True, slots=True)
class ComputedTree:
    """A tree after its build script. `outcome` is None if there was nothing to run; `notes` are sentences."""

    files: Mapping[str, SiteFile]
    outcome: CheckOutcome | None = None
    notes: Sequence[str] = ()

    @property
    def outcomes(self) -> tuple[CheckOutcome, ...]:
        return (self.outcome,) if self.outcome else ()


def compute(
    context: TreeContext, files: Mapping[str, SiteFile], written: Collection[str], ports: Ports, budget: Budget
) -> ComputedTree:
    """Run the tree's build script; put its files and fills into the tree. `written` are the files of the model's reply.

    If it fails, what an earlier run computed stays. If no browser ran it, the round gets a warning.
    """
    browser = ports.browser
    planned = [one.path for one in context.plan.files if one.source is FileSource.COMPUTED]
    script = files.get(BUILD_SCRIPT)
    before = {path for path in context.computed if path in files and files[path].origin is not Origin.MODEL}
    files = {**files, **{path: replace(files[path], origin=Origin.COMPUTED) for path in before}}
    if browser is None or script is None:
        if script:
            return _not_run(files, NO_BROWSER, ports)
        lacking = f"{NO_SCRIPT}, which is to compute {', '.join(planned)}"
        return ComputedTree(files, _computed(Verdict.FAIL, lacking) if planned and context.computes else None)
    # An attachment that must not be in the repository is still data to compute from.
    attached = {file.name: file.content for file in context.brief.attachments}
    inputs = script_inputs({**attached, **{path: file.content for path, file in files.items()}}, before)
    now = ports.clock.now()
    text = script.content.decode("utf-8", "replace")
    result = browser.compute(text, inputs, seconds=budget.compute_seconds(now), wait=budget.compute_wait(now))
    if result.not_run:
        return _not_run(files, result.not_run, ports)
    if result.error:
        return ComputedTree(files, _computed(Verdict.FAIL, result.error))
    made, problems = _made(context, files, result.files)
    problems += [f"{path} is in the answer too: leave it to {BUILD_SCRIPT}" for path in made if path in written]
    problems += [f"build() returned no {path}, which it is to compute" for path in planned if path not in made]
    gone = sorted(before - made.keys())
    kept = {path: file for path, file in files.items() if path not in gone}
    tree = kept | {path: SiteFile(content, Origin.COMPUTED) for path, content in made.items()}
    if page := tree.get("index.html"):
        content, unfilled = filled(page.content, result.fills)
        origin = Origin.COMPUTED if page.origin is Origin.SERVICE and content != page.content else page.origin
        tree["index.html"] = SiteFile(content, origin)
        problems += unfilled
    notes = [f"{BUILD_SCRIPT} computed {', '.join(made) or 'no file'}"]
    notes += [f"{', '.join(gone)} went: {BUILD_SCRIPT} computes it no more"] if gone else []
    return ComputedTree(tree, _computed(Verdict.FAIL if problems else Verdict.PASS, "; ".join(problems)), notes)


def _not_run(files: Mapping[str, SiteFile], why: str, ports: Ports) -> ComputedTree:
    ports.journal.warn(f"{BUILD_SCRIPT} was not run: {why}")
    return ComputedTree(files, _computed(Verdict.NOT_RUN, why))


def _made(
    context: TreeContext, files: Mapping[str, SiteFile], returned: Mapping[str, bytes]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the files that the script may make, by safe path, and sentences on the others."""
    attached = {*(file.name for file in context.brief.attachments), *context.protected}
    made, problems = dict[str, bytes](), list[str]()
    for raw, content in returned.items():
        try:
            path = computed_path(raw, attached, {*files, *made})
        except UnsafePath as unsafe:
            problems.append(f"build() returned {raw[:200]!r}, which was left out: its path {unsafe.reason}")
            continue
        if unwanted := _unwanted(context.plan, path):
            problems.append(f"build() returned {path!r}, which was left out: {unwanted}")
        else:
            made[path] = content
    return made, problems


def _unwanted(plan: RequestPlan, path: str) -> str:
    if plan.forbids(path):
        return "it must not be in the repository"
    return "" if plan.file(path) or is_publishable(path) else "a static page has no use for a file of that type"


def _computed(verdict: Verdict, detail: str) -> CheckOutcome:
    return CheckOutcome(Check(Kind.COMPUTED, COMPUTES), Target.LOCAL, verdict, detail)


def _is_written(plan: RequestPlan, path: str) -> bool:
    planned = plan.file(path)
    return planned is not None and planned.source in WRITTEN


def with_line_ends_of(original: bytes, content: bytes) -> bytes:
    """Return `content` with the line ends of the file that it changes, because a reply has only LF."""
    lines = original.count(b"\n")
    if lines and original.count(b"\r\n") == lines and b"\r" not in content:
        return content.replace(b"\n", b"\r\n")
    return content


def _make_addresses_relative(files: dict[str, SiteFile], notes: list[str]) -> None:
    """Make the addresses in the model's files relative if they name a present file at the host's root."""
    for path, file in files.items():
        if file.origin is Origin.MODEL and "/" not in path and path.endswith((".html", ".js", ".mjs", ".css")):
            content, moved = with_relative_addresses(file.content, files)
            if moved:
                files[path] = SiteFile(content, Origin.MODEL)
                notes.append(
                    f"{path} asked for {', '.join(moved[:8])} at the root of the host; the service put a dot in front"
                )


def _add_own_files(files: dict[str, SiteFile], context: TreeContext, notes: list[str]) -> None:
    licence = files.get("LICENSE")
    if licence is None or not repository_files.is_mit(licence.content.decode("utf-8", "replace")):
        text = repository_files.licence(context.year, f"the author of {repository_files.slug(context.brief.task)}")
        files["LICENSE"] = SiteFile(text, Origin.SERVICE)
    files.setdefault(".nojekyll", SiteFile(b"", Origin.SERVICE))
    if page := files.get("index.html"):
        if page.origin is Origin.MODEL:
            content, added = repository_files.complete_head(page.content)
            page = SiteFile(content, Origin.MODEL)
            notes += [f"index.html lacked its {', '.join(added)}; the service added it"] if added else []
        files["index.html"] = SiteFile(
            repository_files.insert_marker(page.content, context.marker), _changed(page.origin)
        )
    _complete_readme(files, context, notes)


def _complete_readme(files: dict[str, SiteFile], context: TreeContext, notes: list[str]) -> None:
    """Add the missing parts to the README, and in a later round at least one change."""
    present = files.get("README.md")
    written = present.content.decode("utf-8", "replace") if present else ""
    before = (context.before if context.repairs else context.present).get("README.md", b"").decode("utf-8", "replace")
    facts = ReadmeFacts(
        context.brief.task,
        context.brief.number,
        context.brief.text,
        files.keys(),
        context.clone_url,
        context.pages_url,
        before,
        [missing_sentence(one) for one in context.missing],
        context.repairs,
    )
    text, added = complete_readme(written, facts)
    notes += [f"README.md lacked a heading for {', '.join(added)}; the service added it"] if added else []
    if present is None or text != written:
        files["README.md"] = SiteFile(text.encode(), _changed(present.origin) if present else Origin.SERVICE)


def _changed(origin: Origin) -> Origin:
    """Return the origin of a file after a change by the service: it is no longer carried over."""
    return Origin.SERVICE if origin is Origin.CARRIED else origin
