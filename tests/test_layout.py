"""The layout of the two packages: how they are cut into folders, modules and classes, and who imports whom.

import-linter holds the direction of imports (pyproject.toml), tests/test_prose.py who may read a brief's prose.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    #: Returns a sentence about each place that breaks it.
    Rule = Callable[[list["Module"]], list[str]]

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "tasks_app")

MOST_MODULES = 15
MOST_LINES = 400
NONDESCRIPT = frozenset({"base", "common", "helpers", "misc", "util", "utils"})
DJANGO = frozenset({"django", "django_q", "rest_framework", "tasks_app"})
#: Django looks these up by name, in one class or module after the other.
DJANGO_CLASSES = frozenset({"Command", "Media", "Meta"})
#: Django finds models and admin classes in these packages only if their `__init__` imports them.
REGISTERED = frozenset({"tasks_app.admin", "tasks_app.models"})


@dataclass(frozen=True)
class Module:
    """A module under its dotted name; `path` is relative to the root."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def name(self) -> str:
        return ".".join(self.path.parent.parts if self.is_package else self.path.with_suffix("").parts)

    def imports(self) -> Iterator[str]:
        """Yield what any import names, wherever it stands: `from a import b` as `a.b`."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    yield from (one.name for one in names)
                case ast.ImportFrom(module=str(origin), names=names):
                    yield from (f"{origin}.{one.name}" for one in names)

    def strings(self) -> Iterator[str]:
        """Yield the strings, docstrings apart."""
        statements = {id(one.value) for one in ast.walk(self.tree) if isinstance(one, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
                yield node.value


def read(root: Path) -> list[Module]:
    """Read both packages, without Django's migrations."""
    paths = [path.relative_to(root) for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    texts = {path: (root / path).read_text() for path in paths if "migrations" not in path.parts}
    return [Module(path, text, ast.parse(text)) for path, text in texts.items()]


@cache
def ours() -> list[Module]:
    return read(ROOT)


def crowded_folders(modules: list[Module]) -> list[str]:
    sizes = Counter(str(one.path.parent) for one in modules if not one.is_package)
    return [
        f"{folder}: {size} modules, at most {MOST_MODULES}" for folder, size in sizes.items() if size > MOST_MODULES
    ]


def import_circles(modules: list[Module]) -> list[str]:
    """Return the first circle there is. What is imported for annotations alone counts."""
    names = {one.name for one in modules}
    graph = {one.name: {_module(imported, names) for imported in one.imports()} - {"", one.name} for one in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def _module(imported: str, names: set[str]) -> str:
    """Return the module that is imported by a name: itself, or the one that defines it; "" where it is none of ours."""
    return next((one for one in (imported, imported.rpartition(".")[0]) if one in names), "")


def long_files(modules: list[Module]) -> list[str]:
    sizes = {one.path: one.text.count("\n") for one in modules}
    return [f"{path}: {size} lines, at most {MOST_LINES}" for path, size in sizes.items() if size > MOST_LINES]


def packages_with_code(modules: list[Module]) -> list[str]:
    return [
        f"{one.path}: an __init__ holds a docstring and nothing else"
        for one in modules
        if one.is_package and one.name not in REGISTERED and len(one.tree.body) > bool(ast.get_docstring(one.tree))
    ]


def class_names_twice(modules: list[Module]) -> list[str]:
    places = defaultdict(list)
    for one in modules:
        for node in ast.walk(one.tree):
            if isinstance(node, ast.ClassDef) and node.name not in DJANGO_CLASSES:
                places[node.name].append(one.name)
    return [f"class {name}: in {' and '.join(where)}" for name, where in places.items() if len(where) > 1]


def django_in_the_engine(modules: list[Module]) -> list[str]:
    engine = [one for one in modules if one.path.parts[0] == "engine"]
    return [f"{one.path}: imports {name}" for one in engine for name in one.imports() if name.split(".")[0] in DJANGO]


def nondescript_names(modules: list[Module]) -> list[str]:
    return [f"{one.path}: the name says nothing" for one in modules if NONDESCRIPT & set(one.name.split("."))]


def names_of_tests(modules: list[Module]) -> list[str]:
    """Return what imports the tests, or has a module or file of theirs in a string. A key `tests` is a plan's."""
    imported = [(one, name) for one in modules for name in one.imports() if name.split(".")[0] == "tests"]
    mentioned = [(one, name) for one in modules for name in one.strings() if re.search(r"\btests[./]\w", name)]
    return [f"{one.path}: names {name}" for one, name in imported + mentioned]


def bare_exemptions(modules: list[Module]) -> list[str]:
    """Return the exemptions from ruff's rules on security and on broad excepts that give no reason."""
    lines = [(one, line) for one in modules for line in one.text.splitlines()]
    bare = re.compile(r"# noqa(?!: [A-Z0-9, ]+ --? \S)(: [^#]*\b(S|BLE)\d|\s*$)")
    return [f"{one.path}: no reason: {line.strip()}" for one, line in lines if bare.search(line)]


#: Each rule with files that break it.
BROKEN: dict[str, tuple[Rule, dict[str, str], str]] = {
    "16 modules in a folder": (
        crowded_folders,
        {f"engine/site/part_{number}.py": "" for number in range(16)},
        "engine/site: 16 modules, at most 15",
    ),
    "a circle, one import of it for annotations alone": (
        import_circles,
        {
            "engine/one.py": "def f():\n    from engine import two",
            "engine/two.py": "if TYPE_CHECKING:\n    from engine.three import Three",
            "engine/three.py": "import engine.one\n\nclass Three: ...",
        },
        "engine.one imports engine.two imports engine.three imports engine.one",
    ),
    "a long file": (long_files, {"engine/long.py": "\n" * 401}, "engine/long.py: 401 lines, at most 400"),
    "an __init__ that re-exports": (
        packages_with_code,
        {"engine/site/__init__.py": '"""Pages."""\n\nfrom engine.site.tree import Tree'},
        "engine/site/__init__.py: an __init__ holds a docstring and nothing else",
    ),
    "an __init__ with a constant": (
        packages_with_code,
        {"engine/site/__init__.py": "NAMES = ()"},
        "engine/site/__init__.py: an __init__ holds a docstring and nothing else",
    ),
    "a class name twice": (
        class_names_twice,
        {"engine/steps.py": "class Step: ...", "tasks_app/runs.py": "def f():\n    class Step: ..."},
        "class Step: in engine.steps and tasks_app.runs",
    ),
    "Django in the engine": (
        django_in_the_engine,
        {"engine/clock.py": "def now():\n    from django.utils import timezone"},
        "engine/clock.py: imports django.utils.timezone",
    ),
    "a module that is called helpers": (
        nondescript_names,
        {"engine/site/helpers.py": ""},
        "engine/site/helpers.py: the name says nothing",
    ),
    "a folder that is called utils": (
        nondescript_names,
        {"engine/utils/tree.py": ""},
        "engine/utils/tree.py: the name says nothing",
    ),
    "an import of the tests": (
        names_of_tests,
        {"tasks_app/demo.py": "from tests.doubles import github"},
        "tasks_app/demo.py: names tests.doubles.github",
    ),
    "a command that starts the tests": (
        names_of_tests,
        {"tasks_app/demo.py": "COMMAND = ('python', '-m', 'tests.doubles.github')"},
        "tasks_app/demo.py: names tests.doubles.github",
    ),
    "an exemption without a reason": (
        bare_exemptions,
        {"engine/one.py": "run(command)  # noqa: S603"},
        "engine/one.py: no reason: run(command)  # noqa: S603",
    ),
    "an exemption from every rule": (
        bare_exemptions,
        {"engine/one.py": "run(command)  # noqa"},
        "engine/one.py: no reason: run(command)  # noqa",
    ),
}
RULES = list(dict.fromkeys(rule for rule, _, _ in BROKEN.values()))


def planted(root: Path, files: Mapping[str, str]) -> list[Module]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read(root)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_service_keeps_every_rule(rule: Rule) -> None:
    assert rule(ours()) == []


@pytest.mark.parametrize(("rule", "files", "said"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_a_rule_is_named(tmp_path: Path, rule: Rule, files: dict[str, str], said: str) -> None:
    assert rule(planted(tmp_path, files)) == [said]


def test_what_the_rules_allow_is_not_named(tmp_path: Path) -> None:
    allowed = {
        "engine/site/__init__.py": '"""Pages."""',
        "engine/site/tree.py": '"""As tests/engine shows."""\n\nclass Tree: ...',
        "engine/site/links.py": "from engine.site.tree import Tree\n\ntests = Tree()",
        "engine/site/runs.py": "run(command)  # noqa: S603, S607 -- our own command\nname: int = 1  # noqa: N815",
        "tasks_app/models/__init__.py": "from tasks_app.models.rows import Row",
        "tasks_app/models/rows.py": "from django.db import models\n\nclass Row:\n    class Meta: ...",
        "tasks_app/models/plans.py": "class Plan:\n    class Meta: ...",
        "tasks_app/migrations/0001_initial.py": "\n" * 401,
    }
    modules = planted(tmp_path, allowed)
    assert [said for rule in RULES for said in rule(modules)] == []
