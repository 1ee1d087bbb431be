"""What the documents say is there: settings, routes, make targets, commands, decisions, links."""

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
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
PER_DOCUMENT = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))

LONGEST_README = 150  # lines
LONGEST_DECISION = 45  # lines
LONGEST_LINE = 120  # characters, but for tables, code, and lines with a link

_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


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


def settings_rows(text: str) -> list[str]:
    """Return the settings that the tables of a document explain, in their first column."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for first in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", first)]


def example_names(*, unset: bool = True) -> list[str]:
    """Return the settings that `.env.example` names: those that it sets and, if `unset`, those after a `#` too."""
    pattern = r"^#?([A-Z][A-Z0-9_]*)=" if unset else r"^([A-Z][A-Z0-9_]*)="
    return re.findall(pattern, (ROOT / ".env.example").read_text(), re.MULTILINE)


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return the anchors of a document's headings, as GitHub makes them: letters, digits and hyphens of the text in
    lower case."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} (.+?)\s*$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


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


def test_the_configuration_explains_every_variable_once_and_no_other() -> None:
    names = settings_rows(CONFIGURATION)
    assert sorted(names) == sorted(names_read() - {"ENV_FILE"})
    assert "`ENV_FILE`" in CONFIGURATION


def test_the_configuration_names_every_secret_that_may_stand_in_a_file() -> None:
    named = CONFIGURATION.partition("This works for")[2].partition(".")[0]
    source = (ROOT / "tasks_app/settings.py").read_text()
    secrets = {name for call in re.findall(r"env\.secret\(([^=)]+)", source) for name in re.findall(r"\"(\w+)\"", call)}
    assert set(re.findall(r"`(\w+)`", named)) == secrets


def test_the_readme_explains_no_variable_that_nobody_reads() -> None:
    assert settings_rows(README)
    assert set(settings_rows(README)) <= names_read()


def test_env_example_names_every_variable_and_no_other_each_once() -> None:
    names = example_names()
    assert len(names) == len(set(names))
    assert set(names) | {"ENV_FILE"} == names_read()


def test_env_example_has_a_comment_for_each_and_sets_only_what_every_service_needs() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    settings = [(before, line) for before, line in pairwise(lines) if re.match(r"#?[A-Z]", line)]
    assert len(settings) == len(example_names())
    for before, line in settings:
        assert line.endswith("=")
        assert before.startswith("# ") or before.endswith("=")
    assert example_names(unset=False) == ["SECRET", "FORGE", "LLM_PROVIDER"]


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)\b", document.read_text(), re.MULTILINE))
        assert named <= targets, document.name


def test_management_commands_exist_and_ours_are_named() -> None:
    named = {name for document in DOCUMENTS for name in re.findall(r"manage\.py ([a-z_]+)", document.read_text())}
    ours = {name for name, app in get_commands().items() if app == "tasks_app"}
    assert ours - {"cluster"} <= named  # `serve` and `worker` start that one
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


def test_every_decision_is_in_the_list_of_decisions_in_order() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    numbers = re.findall(r"^- \[(\d{4}) ", listed, re.MULTILINE)
    assert numbers == sorted(numbers)
    assert DECISIONS
    for decision in DECISIONS:
        assert re.match(r"\d{4}-[a-z0-9-]+\.md$", decision.name)
        assert f"({decision.name})" in listed


@pytest.mark.parametrize(
    "decision",
    DECISIONS,
    ids=lambda path: path.name[:4],
)
def test_a_decision_is_half_a_page_of_context_decision_and_consequences(decision: Path) -> None:
    text = decision.read_text()
    assert len(text.splitlines()) <= LONGEST_DECISION
    parts = re.findall(r"^(?:## |\*\*)(Context|Decision|Consequences)\b", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences"]


@PER_DOCUMENT
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(document.read_text()):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.resolve()), link


@PER_DOCUMENT
def test_paths_that_documents_name_exist(document: Path) -> None:
    for path in re.findall(r"`((?:engine|tasks_app|tests|docs|benchmarks)/[\w/.-]+)`", document.read_text()):
        assert (ROOT / path).exists(), path


def test_codes_that_the_troubleshooting_names_are_in_the_source() -> None:
    text = (ROOT / "docs/troubleshooting.md").read_text()
    source = "\n".join(
        path.read_text() for package in ("engine", "tasks_app") for path in (ROOT / package).rglob("*.py")
    )
    codes = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    assert len(codes) > 20
    assert {code for code in codes if not re.search(rf"\b{code}\b", source)} == set()


@PER_DOCUMENT
def test_lines_are_not_too_long_to_read(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    prose = [line for line in text.splitlines() if not line.startswith("|") and not _LINK.search(line)]
    assert [line for line in prose if len(line) > LONGEST_LINE] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST_README


def test_changelog_has_an_unreleased_section() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]\n\n### \w+\n\n(?:#### .+\n\n)?- \S", text, re.MULTILINE)


def test_the_tests_that_the_table_of_faults_names_are_there() -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/faults.md").read_text())
    assert len(named) > 50
    for file, test in named:
        assert re.search(rf"def {test}\(" if test else r"def test_", (ROOT / file).read_text()), f"{file}::{test}"
