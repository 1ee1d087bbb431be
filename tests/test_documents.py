"""What the documents say is there: settings, routes, make targets, commands, decisions."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)

_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


def _constants(node: ast.AST) -> set[str]:
    return {
        n.value
        for n in ast.walk(node)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and _NAME.fullmatch(n.value)
    }


@cache
def names_read() -> frozenset[str]:
    """Return the variables that the settings read: the arguments of `env.text("…")` and its like, and ENV_FILE."""
    tree = ast.parse((ROOT / "tasks_app/settings.py").read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    of_env = [call for call in calls if ast.unparse(call.func.value) == "env" and call.func.attr != "problems"]
    names = set().union(*(_constants(argument) for call in of_env for argument in call.args))
    return frozenset(names | {"ENV_FILE"})


def readme_rows() -> dict[str, str]:
    """Return the configuration table: name to its whole line."""
    section = README.partition("## Configuration")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return {name: line for line in lines for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", line.split("|")[1])}


def example_names() -> list[str]:
    return re.findall(r"^([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_settings_source_is_understood() -> None:
    assert {
        "SECRET",
        "PORT",
        "FORGE",
        "OPENAI_BASE_URL",
        "LLM_FALLBACK_MODELS",
        "DEBUG",
        "METRICS_TOKEN",
    } <= names_read()


def test_readme_names_every_variable_and_no_other() -> None:
    assert set(readme_rows()) | {"ENV_FILE"} == names_read()
    assert "`ENV_FILE`" in README


def test_env_example_names_every_variable_and_no_other_each_once() -> None:
    names = example_names()
    assert len(names) == len(set(names))
    assert set(names) | {"ENV_FILE"} == names_read()


def test_env_example_sets_nothing_and_has_a_comment_for_each() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert line.endswith("=")
            assert before.startswith("#") or before.endswith("=")


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)\b", document.read_text(), re.MULTILINE))
        assert named <= targets, document.name


def test_management_commands_exist() -> None:
    named = {name for document in DOCUMENTS for name in re.findall(r"manage\.py ([a-z_]+)", document.read_text())}
    assert named >= {"serve", "worker", "send_task"}
    assert named <= set(get_commands())


def test_samples_that_the_readme_sends_exist() -> None:
    named = re.findall(r"--sample ([\w-]+)", README)
    assert named
    for name in named:
        assert (ROOT / "tasks_app/rehearsal/samples" / f"{name}.json").is_file()


def test_routes_of_the_readme_lead_somewhere() -> None:
    table = README.partition("| route |")[2].partition("\n\n")[0]
    routes = re.findall(r"(?:`|GET |POST )(/[^`\s]*)`", table)
    assert len(routes) >= 7
    for route in routes:
        example = (
            route.replace("<uuid>", "00000000-0000-4000-8000-000000000000")
            .replace("<owner>", "local")
            .replace("<repo>", "x")
        )
        assert resolve(example + "/info/refs" if example.endswith(".git") else example)


def test_every_decision_is_linked_from_readme() -> None:
    for decision in (ROOT / "docs/decisions").glob("*.md"):
        assert re.match(r"\d{4}-[a-z0-9-]+\.md$", decision.name)
        assert f"(docs/decisions/{decision.name})" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        assert link.startswith("https://") or (document.parent / link).exists(), link


def test_paths_that_documents_name_exist() -> None:
    for document in DOCUMENTS:
        text = document.read_text().partition("## Where later parts go")[0]
        for path in re.findall(r"`((?:engine|tasks_app|tests|docs)/[\w/.-]+)`", text):
            assert (ROOT / path).exists(), f"{document.name}: {path}"


def test_changelog_has_an_unreleased_section() -> None:
    assert re.search(r"^## \[Unreleased\]\n\n### \w+\n\n- \S", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
