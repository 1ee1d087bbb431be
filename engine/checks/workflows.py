"""Our rules on a repository's workflows, and what a workflow does: GitHub would find a fault only after the push.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import yaml

from engine.domain.checks import Check, CheckOutcome, Kind, Target, Verdict
from engine.domain.paths import is_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The oldest and the newest major version of an action that works, by the tags of its repository at AS_OF. Older ones
#: fail: artifacts of v3 and before are refused since 2025-01-30, and deploy-pages before v4 reads only those
#: (https://github.blog/changelog/2024-04-16-deprecation-notice-v3-of-the-artifact-actions/).
AS_OF = "2026-11-30"
VERSIONS = {
    "actions/checkout": (2, 7),
    "actions/setup-python": (2, 7),
    "actions/setup-node": (2, 7),
    "actions/configure-pages": (2, 6),
    "actions/upload-pages-artifact": (3, 5),
    "actions/deploy-pages": (4, 5),
    "actions/upload-artifact": (4, 7),
    "actions/download-artifact": (4, 8),
    "astral-sh/ruff-action": (1, 3),
}
#: Whole versions beyond the newest tag of a major version: these actions have no such tag any more.
_WHOLE_VERSIONS = {"astral-sh/ruff-action": 4}

UPLOAD, DEPLOY = "actions/upload-pages-artifact", "actions/deploy-pages"
ENVIRONMENT = "github-pages"
#: The permissions that an action needs. https://github.com/actions/deploy-pages, https://github.com/actions/checkout
_NEEDED: Mapping[str, Mapping[str, str]] = {
    DEPLOY: {"pages": "write", "id-token": "write"},
    "actions/configure-pages": {"pages": "read"},
    "actions/checkout": {"contents": "read"},
}
#: What the default token of a new repository may do where a workflow says nothing about permissions.
#: https://github.blog/changelog/2023-02-02-github-actions-updating-the-default-github_token-permissions-to-read-only/
_BY_DEFAULT = {"contents": "read", "packages": "read", "metadata": "read"}
_STRENGTH = ("none", "read", "write")

_BRANCH = "main"
_LARGEST = 200_000
_DEEPEST = 100  # open brackets
_VERSION = re.compile(r"v?(\d+)(\.\d+)?(\.\d+)?")
_SHA = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"github\.ref(?:_name)?\s*==\s*['\"](?:refs/heads/)?([^'\"]+)['\"]")
#: Words of commands that may put a page into a folder.
_MAY_COPY = ("html", "cp -r", "cp -R", "cp -a", "rsync", "git archive", "npm ", "make ", "jekyll", "hugo")


@dataclass(frozen=True, slots=True)
class _Step:
    action: str  # "owner/name" without a version, "" for a command
    version: str
    run: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    data: Mapping[str, Any]
    steps: tuple[_Step, ...]

    def uses(self, action: str) -> bool:
        return any(step.action == action for step in self.steps)

    @property
    def needs(self) -> tuple[str, ...]:
        needs = self.data.get("needs") or ()
        return (needs,) if isinstance(needs, str) else tuple(map(str, needs)) if isinstance(needs, list) else ()


def workflows_of(files: Mapping[str, bytes]) -> list[str]:
    """Return the paths of the workflow files."""
    return sorted(filter(is_workflow, files))


def pushed_workflows(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the paths of the workflows that a push starts. One that cannot be read counts: GitHub reports it."""
    return tuple(path for path in workflows_of(files) if not _trigger_fault(_parsed(files[path]), files))


def publishes_pages(files: Mapping[str, bytes]) -> bool:
    """Say whether a workflow that a push starts deploys to Pages."""
    return any(job.uses(DEPLOY) for path in pushed_workflows(files) for job in _jobs(_parsed(files[path])))


def workflow_results(files: Mapping[str, bytes], *, planned: Sequence[str], publishes: bool) -> list[CheckOutcome]:
    """Return our rules on the `planned` workflow files that are there. `publishes`: one must deploy to Pages."""
    results = [result for path in workflows_of(files) if path in planned for result in _rules(path, files)]
    if publishes and results:
        fault = "" if publishes_pages(files) else f"no workflow that a push starts has a step that uses {DEPLOY}"
        results.append(_result("A workflow publishes the site", [fault]))
    return results


def action_versions() -> str:
    """Return the versions of the actions for a prompt."""
    return ", ".join(f"{action}@v{newest}" for action, (_, newest) in VERSIONS.items())


def _rules(path: str, files: Mapping[str, bytes]) -> Iterator[CheckOutcome]:
    workflow = _parsed(files[path])
    jobs = _jobs(workflow)
    yield _result(f"{path} is a workflow that a push to {_BRANCH} starts", [_trigger_fault(workflow, files)])
    if isinstance(workflow, str):
        return
    yield _result(f"{path} has jobs that can run", [*_job_faults(workflow, jobs)])
    yield _result(f"{path} uses actions in versions that exist", [*_version_faults(jobs)])
    yield _result(f"{path} grants the permissions that its actions need", [*_permission_faults(workflow, jobs)])
    if any(job.uses(DEPLOY) for job in jobs):
        yield _result(f"{path} deploys an artifact with the page to Pages", [*_deploy_faults(jobs, files)])


def _result(text: str, faults: Sequence[str]) -> CheckOutcome:
    detail = "; ".join(filter(None, faults))
    verdict = Verdict.FAIL if detail else Verdict.PASS
    return CheckOutcome(Check(Kind.RULE, text), Target.LOCAL, verdict, detail[:1_000])


def _parsed(content: bytes) -> Mapping[Any, Any] | str:
    """Return the workflow, or a sentence on why it is none."""
    if len(content) > _LARGEST:
        return "it is too large for a workflow"
    if max(itertools.accumulate((sign in b"[{") - (sign in b"]}") for sign in content), default=0) > _DEEPEST:
        return "it is nested too deeply for a workflow"  # the time of PyYAML grows with the square of the depth
    try:
        found = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        return f"it is no YAML{where}: {getattr(error, 'problem', None) or type(error).__name__}"
    return found if isinstance(found, dict) else "it is no mapping of YAML"


def _trigger_fault(workflow: Mapping[Any, Any] | str, files: Mapping[str, bytes]) -> str:
    """Return why a push of these files to the branch does not start the workflow, "" if it does."""
    if isinstance(workflow, str):
        return workflow
    trigger = workflow.get("on", workflow.get(True))  # YAML 1.1 reads the key `on` as true
    if trigger == "push" or (isinstance(trigger, list) and "push" in trigger):
        return ""
    if not isinstance(trigger, dict) or "push" not in trigger:
        return "`on` does not name push"
    return _filter_fault(trigger["push"] if isinstance(trigger["push"], dict) else {}, files)


def _filter_fault(filters: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    branches, ignored = filters.get("branches"), filters.get("branches-ignore")
    if branches is None and ignored is None and ("tags" in filters or "tags-ignore" in filters):
        return "`on: push` names tags alone, so no push to a branch starts it"
    if branches is not None and not _matches(_BRANCH, branches):
        return f"`on: push: branches` leaves out {_BRANCH}, which is the branch of this repository"
    if ignored is not None and _matches(_BRANCH, ignored):
        return f"`on: push: branches-ignore` leaves out {_BRANCH}"
    paths, unwatched = filters.get("paths"), filters.get("paths-ignore")
    if paths is not None and not any(_matches(path, paths) for path in files):
        return "`on: push: paths` matches no file of the repository"
    if unwatched is not None and all(_matches(path, unwatched) for path in files):
        return "`on: push: paths-ignore` matches each file of the repository"
    return ""


def _matches(name: str, patterns: object) -> bool:
    """Say whether GitHub's patterns match a name: the last one that fits decides."""
    found = False
    for pattern in [patterns] if isinstance(patterns, str) else patterns if isinstance(patterns, list) else []:
        text = str(pattern)
        if fnmatchcase(name, text.removeprefix("!").replace("**/", "*").replace("**", "*")):
            found = not text.startswith("!")
    return found


def _jobs(workflow: Mapping[Any, Any] | str) -> list[_Job]:
    jobs = {} if isinstance(workflow, str) else workflow.get("jobs")
    return [
        _Job(str(name), job, tuple(_step(step) for step in job.get("steps") or () if isinstance(step, dict)))
        for name, job in (jobs.items() if isinstance(jobs, dict) else ())
        if isinstance(job, dict) and isinstance(job.get("steps") or [], list)
    ]


def _step(step: Mapping[str, Any]) -> _Step:
    action, _, version = str(step.get("uses") or "").partition("@")
    given = step.get("with")
    return _Step(action.lower(), version, str(step.get("run") or ""), given if isinstance(given, dict) else {})


def _job_faults(workflow: Mapping[Any, Any], jobs: Sequence[_Job]) -> Iterator[str]:
    declared = workflow.get("jobs")
    if not isinstance(declared, dict) or not declared:
        yield "it has no jobs"
        return
    names = {job.name for job in jobs}
    yield from (f"the job {name} is no mapping with a list of steps" for name in declared if str(name) not in names)
    for job in jobs:
        yield from (f"the job {job.name} needs {need}, which is no job" for need in job.needs if need not in names)
        if "uses" not in job.data:  # a reusable workflow has its own runner and steps
            yield from _own_job_faults(job)


def _own_job_faults(job: _Job) -> Iterator[str]:
    if not job.data.get("runs-on"):
        yield f"the job {job.name} has no runs-on"
    if not job.steps:
        yield f"the job {job.name} has no steps"
    for number, step in enumerate(job.data.get("steps") or (), 1):
        if not isinstance(step, dict) or bool(step.get("run")) == bool(step.get("uses")):
            yield f"step {number} of the job {job.name} has not exactly one of run and uses"
    if any(step.given.get("python-version") == 3.1 for step in job.steps):
        yield "python-version: 3.10 without quotes is 3.1 in YAML"


def _version_faults(jobs: Sequence[_Job]) -> Iterator[str]:
    for step in {(step.action, step.version): step for job in jobs for step in job.steps if step.action}.values():
        if step.action.startswith(("./", "docker:")):
            continue
        if not step.version:
            yield f"{step.action} has no version"
        known, version = VERSIONS.get(step.action), _VERSION.fullmatch(step.version)
        if known is None or not step.version or _SHA.fullmatch(step.version):
            continue
        oldest, newest = known
        major = int(version[1]) if version else None
        is_whole = version is not None and version[3] is not None
        most = max(newest, _WHOLE_VERSIONS.get(step.action, 0)) if is_whole else newest
        if major is not None and not oldest <= major <= most:
            why = "works no more" if major < oldest else "does not exist"
            yield f"{step.action}@{step.version} {why}: v{newest} does"


def _permission_faults(workflow: Mapping[Any, Any], jobs: Sequence[_Job]) -> Iterator[str]:
    for job in jobs:
        own = job.data.get("permissions", workflow.get("permissions"))
        for action, needed in _NEEDED.items():
            lacking = [f"{name}: {level}" for name, level in needed.items() if not _grants(own, name, level)]
            if lacking and job.uses(action):
                yield f"the job {job.name} uses {action} and lacks the permissions {', '.join(lacking)}"


def _grants(permissions: object, name: str, level: str) -> bool:
    """Say whether a `permissions` block gives a level. A block takes away what it does not name."""
    if permissions in {"read-all", "write-all"} if isinstance(permissions, str) else False:
        given = str(permissions).removesuffix("-all")
    else:
        block = _BY_DEFAULT if permissions is None else permissions
        given = str(block.get(name, "none")) if isinstance(block, dict) else "none"
    return given in _STRENGTH and _STRENGTH.index(given) >= _STRENGTH.index(level)


def _deploy_faults(jobs: Sequence[_Job], files: Mapping[str, bytes]) -> Iterator[str]:
    by_name = {job.name: job for job in jobs}
    for job in jobs:
        if job.uses(DEPLOY):
            yield from _deploying_job_faults(job, by_name)
    yield from _artifact_faults(jobs, files)


def _deploying_job_faults(job: _Job, by_name: Mapping[str, _Job]) -> Iterator[str]:
    environment = job.data.get("environment")
    name = environment.get("name") if isinstance(environment, dict) else environment
    if name != ENVIRONMENT:
        yield f"the job {job.name} has no environment: {ENVIRONMENT}"
    actions = [step.action for step in job.steps]
    before = actions[: actions.index(DEPLOY)]
    if UPLOAD not in before and not any(by_name[need].uses(UPLOAD) for need in _all_needs(job, by_name)):
        yield f"no step before {DEPLOY} uses {UPLOAD}, in the job {job.name} or in a job that it needs"
    for found in _REF.finditer(str(job.data.get("if") or "")):
        if found[1] != _BRANCH:
            yield f"the job {job.name} runs on the branch {found[1]} alone, and this repository's is {_BRANCH}"


def _artifact_faults(jobs: Sequence[_Job], files: Mapping[str, bytes]) -> Iterator[str]:
    commands = " ".join(step.run for job in jobs for step in job.steps)
    for step in (step for job in jobs for step in job.steps if step.action == UPLOAD):
        folder = str(step.given.get("path") or "_site/").strip().removeprefix("./").strip("/")
        if folder in {"", "."} or "$" in folder or f"{folder}/index.html" in files:
            continue
        if not any(word in commands for word in _MAY_COPY):
            yield f"nothing puts index.html into {folder}, which is published: the page's address would answer 404"


def _all_needs(job: _Job, by_name: Mapping[str, _Job]) -> set[str]:
    """Return the jobs that a job waits for, directly or not."""
    found: set[str] = set()
    waiting = list(job.needs)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting += by_name[name].needs
    return found
