"""Runs of workflows by age: queued, in progress, completed; and the sites that they publish.

The double runs nothing. A run succeeds and publishes the files of its commit with `State.outputs`, unless a rule for
the kind "run" names another end. Which runs begin is read from the workflow files: those with a `push` trigger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.doubles.github.faults import Fault

FOLDER = ".github/workflows/"


@dataclass(frozen=True)
class Step:
    """A step of a job as the API tells it."""

    name: str
    uses: str = ""


@dataclass(frozen=True)
class Job:
    """A job of a workflow; `deploys`: it deploys to the environment github-pages."""

    id: int
    name: str
    steps: tuple[Step, ...]
    deploys: bool = False


@dataclass
class Run:
    """One run. `outcome`: "" (success), failure, cancelled, startup_failure or never.

    `failed` are the names of the job and the step that fail, `log` is that job's. `site` is what it publishes, None
    where no job deploys.
    """

    id: int
    number: int
    commit: str
    path: str
    name: str
    began: float
    seconds: float
    jobs: tuple[Job, ...]
    outcome: str = ""
    failed: tuple[str, str] = ("", "")
    log: str = ""
    site: Mapping[str, bytes] | None = None

    def status(self, now: float) -> str:
        if now - self.began < self.seconds / 3:
            return "queued"
        return "in_progress" if self.outcome == "never" or now < self.finished() else "completed"

    def conclusion(self, now: float) -> str | None:
        return (self.outcome or "success") if self.status(now) == "completed" else None

    def finished(self) -> float:
        return self.began + self.seconds


@dataclass
class Runs:
    """A repository's runs, oldest first."""

    now: Callable[[], float]
    all: list[Run] = field(default_factory=list)
    _ids: int = 17_000_000_000  # more than 32 bits hold, as GitHub's are

    def begin(
        self, commit: str, files: Mapping[str, bytes], seconds: float, rule: Fault | None, outputs: Mapping[str, bytes]
    ) -> None:
        """Start a run of each workflow that a push triggers."""
        for path in sorted(path for path in files if path.startswith(FOLDER) and path.endswith((".yml", ".yaml"))):
            parsed = _parsed(files[path])
            outcome = rule.outcome if rule else ""
            if parsed is None:
                outcome = "startup_failure"
            elif not _is_triggered(parsed):
                continue
            self._ids += 100
            jobs = _jobs(parsed or {}, self._ids) if outcome != "startup_failure" else ()
            publishes = any(job.deploys for job in jobs) and not outcome
            run = Run(
                self._ids,
                len(self.all) + 1,
                commit,
                path,
                str((parsed or {}).get("name") or path),
                self.now(),
                seconds,
                jobs,
                outcome,
                _failing(jobs, rule) if outcome in {"failure", "cancelled"} else ("", ""),
                rule.message if rule else "",
                _artifact(files, outputs, rule) if publishes else None,
            )
            self.all.append(run)

    def live(self) -> Run | None:
        """Return the run whose site was published last."""
        now = self.now()
        done = [run for run in self.all if run.site is not None and run.status(now) == "completed"]
        return max(done, key=Run.finished, default=None)

    def job(self, number: str) -> tuple[Run, Job] | None:
        return next(((run, job) for run in self.all for job in run.jobs if str(job.id) == number), None)


def _parsed(content: bytes) -> dict[Any, Any] | None:
    try:
        found = yaml.safe_load(content)
    except yaml.YAMLError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("jobs"), dict) else None


def _is_triggered(workflow: Mapping[Any, Any]) -> bool:
    trigger = workflow.get("on", workflow.get(True))  # YAML 1.1 reads `on` as true
    return trigger == "push" or (isinstance(trigger, dict | list) and "push" in trigger)


def _jobs(workflow: Mapping[Any, Any], first: int) -> tuple[Job, ...]:
    found = []
    for at, (name, job) in enumerate(workflow["jobs"].items(), 1):
        steps = tuple(_step(step) for step in job.get("steps") or ())
        environment = job.get("environment")
        where = environment.get("name") if isinstance(environment, dict) else environment
        deploys = where == "github-pages" and any("deploy-pages" in step.uses for step in steps)
        found.append(Job(first + at, str(job.get("name") or name), steps, deploys))
    return tuple(found)


def _step(step: Mapping[str, Any]) -> Step:
    uses, run = str(step.get("uses") or ""), str(step.get("run") or "")
    return Step(str(step.get("name") or f"Run {uses or run.splitlines()[0]}"), uses)


def _failing(jobs: tuple[Job, ...], rule: Fault | None) -> tuple[str, str]:
    if not jobs:
        return "", ""
    job = next((job for job in jobs if rule and job.name == rule.job), jobs[0])
    names = [step.name for step in job.steps]
    wished = rule.step if rule else ""
    return job.name, next((name for name in names if wished and wished in name), names[-1] if names else "")


def _artifact(files: Mapping[str, bytes], outputs: Mapping[str, bytes], rule: Fault | None) -> dict[str, bytes]:
    """Return the files without hidden ones, which upload-pages-artifact leaves out, with the outputs.

    https://github.com/actions/upload-pages-artifact
    """
    shown = {path: content for path, content in files.items() if not path.startswith(".") and "/." not in path}
    site = {**shown, **outputs}
    for path in rule.lacking if rule else ():
        site.pop(path, None)
    return site
