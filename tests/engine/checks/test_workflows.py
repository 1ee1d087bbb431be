from __future__ import annotations

import pytest

from engine.checks.workflows import (
    VERSIONS,
    action_versions,
    publishes_pages,
    pushed_workflows,
    workflow_results,
)
from engine.domain.checks import Kind, Verdict
from tests.engine.checks.workflow_files import CI, WORKFLOW, tree


def faults(workflow: str, **files: bytes) -> str:
    """Return the details of the rules that a workflow breaks."""
    results = workflow_results(tree(workflow, **files), planned=[CI], publishes=True)
    assert {result.check.kind for result in results} == {Kind.RULE}
    return "\n".join(result.detail for result in results if result.verdict is Verdict.FAIL)


def test_a_workflow_that_github_takes_breaks_no_rule() -> None:
    assert faults(WORKFLOW) == ""
    assert publishes_pages(tree())
    assert pushed_workflows(tree()) == (CI,)


@pytest.mark.parametrize(
    "trigger", ["on: push", "on: [push, pull_request]", '"on": {push: }', "on: {push: {branches: ['ma*']}}",
                "on: {push: {branches: ['**', '!dev']}}", "on: {push: {paths: ['**.py']}}"]
)  # fmt: skip
def test_a_push_to_main_may_be_named_in_each_of_yamls_ways(trigger: str) -> None:
    assert faults(WORKFLOW.replace("on:\n  push:\n    branches: [main]", trigger)) == ""


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("name: CI", "name: [CI", "it is no YAML in line "),
        (WORKFLOW, "- a\n- b\n", "it is no mapping"),
        ("push:\n    branches: [main]", "workflow_dispatch:", "`on` does not name push"),
        ("[main]", "[master]", "leaves out main"),
        ("branches: [main]", "branches-ignore: ['**']", "branches-ignore` leaves out main"),
        ("branches: [main]", "tags: ['v*']", "names tags alone"),
        ("branches: [main]", "paths: ['src/**']", "matches no file"),
        ("branches: [main]", "paths-ignore: ['**']", "matches each file"),
        ("    runs-on: ubuntu-latest\n", "", "the job build has no runs-on"),
        ("    needs: build\n", "    needs: built\n", "needs built, which is no job"),
        ("        run: python", "        runs: python", "step 3 of the job build has not exactly one of run and uses"),
        ('"3.11"', "3.10", "3.10 without quotes is 3.1"),
        ("checkout@v7", "checkout@v9", "actions/checkout@v9 does not exist: v7 does"),
        ("checkout@v7", "checkout", "actions/checkout has no version"),
        ("deploy-pages@v5", "deploy-pages@v3", "actions/deploy-pages@v3 works no more: v5 does"),
        ("artifact@v5", "artifact@v2.0.0", "works no more"),
        ("  contents: read\n", "  actions: read\n", "uses actions/checkout and lacks the permissions contents: read"),
        ("pages: write, ", "", "uses actions/deploy-pages and lacks the permissions pages: write"),
        ("permissions: {pages: write, id-token: write}", "env: {}", "lacks the permissions pages: write, id-token"),
        ("    environment: {name: github-pages}\n", "", "has no environment: github-pages"),
        ("    environment:", "    if: github.ref == 'refs/heads/master'\n    environment:", "branch master alone"),
        ("    needs: build\n", "", "no step before actions/deploy-pages uses actions/upload-pages-artifact"),
        ("{path: .}", "{path: public}", "nothing puts index.html into public"),
        ("      - uses: actions/deploy-pages@v5\n", "      - run: echo\n", "no workflow that a push starts has a step"),
        (WORKFLOW[WORKFLOW.index("jobs:") :], "jobs: {}\n", "it has no jobs"),
        ("  deploy:\n", "  deploy: later\n  more:\n", "the job deploy is no mapping"),
    ],
)  # fmt: skip
def test_a_fault_that_github_would_find_after_the_push_is_found_before(before: str, after: str, says: str) -> None:
    assert before in WORKFLOW
    assert says in faults(WORKFLOW.replace(before, after, 1))


@pytest.mark.parametrize("version", ["v4", "v4.2.2", "11bd71901bbe5b1630ceea73d27597364c9af683", "main", "v6.1"])
def test_older_versions_commits_and_branches_are_no_fault(version: str) -> None:
    assert faults(WORKFLOW.replace("checkout@v7", f"checkout@{version}")) == ""


def test_an_unknown_action_and_a_whole_version_without_a_tag_of_its_major_are_no_fault() -> None:
    for action in ("somebody/action@v99", "astral-sh/ruff-action@v4.1.0", "./.github/actions/own"):
        assert faults(WORKFLOW.replace("actions/setup-python@v7", action)) == ""
    assert "does not exist" in faults(WORKFLOW.replace("actions/setup-python@v7", "astral-sh/ruff-action@v4"))


def test_a_page_that_is_copied_into_the_folder_is_published_with_it() -> None:
    moved = WORKFLOW.replace("{path: .}", "{path: public}")
    assert faults(moved.replace("> result.json", "> result.json && cp *.html public/")) == ""
    assert faults(moved, **{"public/index.html": b"<p>"}) == ""


def test_write_all_and_a_block_at_the_top_grant_permissions_too() -> None:
    assert faults(WORKFLOW.replace("permissions: {pages: write, id-token: write}", "permissions: write-all")) == ""
    everything = "  contents: read\n  pages: write\n  id-token: write\n"
    top = WORKFLOW.replace("  contents: read\n", everything)
    assert faults(top.replace("    permissions: {pages: write, id-token: write}\n", "")) == ""


def test_only_planned_workflows_are_judged() -> None:
    assert workflow_results(tree("no: [yaml"), planned=["index.html"], publishes=True) == []
    assert workflow_results({"index.html": b""}, planned=[CI], publishes=True) == []


def test_a_bomb_of_aliases_and_a_deep_nest_are_read_in_no_time() -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join([f'*{chr(97 + at)}'] * 9)}]\n" for at in range(20)
    )
    assert "`on` does not name push" in faults(bomb)
    assert "it is nested too deeply" in faults("[" * 5_000)
    assert "too large" in faults("#" * 300_000)


def test_the_prompt_names_the_newest_versions() -> None:
    assert all(f"{action}@v{newest}" in action_versions() for action, (_, newest) in VERSIONS.items())
