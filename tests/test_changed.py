"""Which tests belong to a changed file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.changed import matching_tests

if TYPE_CHECKING:
    from pathlib import Path

TREE = {
    "tests/conftest.py": "",
    "tests/processes.py": "",
    "tests/test_documents.py": "",
    "tests/doubles/server.py": "",
    "tests/engine/site/conftest.py": "",
    "tests/engine/site/test_links.py": "from tests.processes import wait_for\n",
    "tests/engine/site/test_links_in_pages.py": "from tests.doubles import server\n",
    "tests/engine/site/test_readme.py": "from tests.doubles.server import Server\n",
    "tests/tasks_app/admin/test_pages.py": "",
    "tests/tasks_app/web/test_landing.py": "",
}
SITE = "tests/engine/site"


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("engine/site/links.py", [f"{SITE}/test_links.py", f"{SITE}/test_links_in_pages.py"]),
        ("engine/site/tree.py", [SITE]),
        ("engine/site/new/tree.py", [SITE]),
        ("engine/errors.py", ["tests/engine"]),
        ("manage.py", ["tests"]),
        (f"{SITE}/test_readme.py", [f"{SITE}/test_readme.py"]),
        (f"{SITE}/test_deleted.py", []),
        (f"{SITE}/conftest.py", [SITE]),
        ("tests/conftest.py", ["tests"]),
        ("tests/processes.py", [f"{SITE}/test_links.py"]),
        ("tests/doubles/server.py", [f"{SITE}/test_links_in_pages.py", f"{SITE}/test_readme.py"]),
        ("templates/admin/round.html", ["tests/tasks_app/admin", "tests/tasks_app/web"]),
        ("README.md", ["tests/test_documents.py"]),
    ],
)
def test_a_changed_file_leads_to_its_tests(tmp_path: Path, changed: str, tests: list[str]) -> None:
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert matching_tests([changed], tmp_path) == tests
