"""The libraries in a process's memory: only those that it uses, imported before it forks workers."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured

from tasks_app import wiring
from tests.doubles.http_server import HttpServer, Script

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
#: Of the model, GitHub, git, and credentials' shapes.
LIBRARIES = ("openai", "github", "dulwich", "detect_secrets")


def loaded(statement: str, folder: Path, *, of: tuple[str, ...] = LIBRARIES, **environment: str) -> set[str]:
    """Return which of the libraries a process has after a statement."""
    code = f"import sys, django; django.setup(); {statement}; print(*set({of}) & sys.modules.keys())"
    kept = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(folder), "SECRET": "only-for-this-test"}
    kept |= {"DJANGO_SETTINGS_MODULE": "tasks_app.settings", **environment}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=kept, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.slow
def test_who_does_no_round_has_none_of_them(tmp_path: Path) -> None:
    assert loaded("from tasks_app.processes import serve", tmp_path, FORGE="local", LLM_PROVIDER="simulated") == set()


@pytest.mark.slow
def test_who_is_about_to_fork_workers_has_all_that_they_will_need(tmp_path: Path) -> None:
    real = {"GITHUB_TOKEN": "of-no-use-in-this-test", "LLM_API_KEY": "of-no-use-in-this-test"}
    statement = "from tasks_app import wiring; wiring.load()"
    assert loaded(statement, tmp_path, **real) == set(LIBRARIES)
    assert "openai" not in loaded(statement, tmp_path, FORGE="local", LLM_PROVIDER="simulated")


@pytest.mark.slow
def test_what_is_read_for_all_to_share_starts_no_thread_and_connects_to_nothing(tmp_path: Path) -> None:
    seen = "import os; from django.db import connection; assert connection.connection is None"
    threads = "assert not os.path.exists('/proc/self/task') or len(os.listdir('/proc/self/task')) == 1"
    real = {"GITHUB_TOKEN": "of-no-use-in-this-test", "LLM_API_KEY": "of-no-use-in-this-test"}
    real["DATABASE_URL"] = "postgres://nobody@localhost:1/nothing"
    statement = f"from tasks_app.processes import entry_points; entry_points.load(web=True); {seen}; {threads}"
    assert loaded(statement, tmp_path, of=("gunicorn.arbiter", "tasks_app.urls", "django_q.cluster"), **real) == {
        "gunicorn.arbiter",
        "tasks_app.urls",
        "django_q.cluster",
    }


def test_a_forge_that_nobody_built_is_never_replaced_by_another(settings: SettingsWrapper) -> None:
    settings.FORGE = "elsewhere"
    with pytest.raises(ImproperlyConfigured, match="FORGE=elsewhere"):
        wiring.forge()


@pytest.mark.parametrize(
    ("public_url", "owner", "contact"),
    [
        ("https://pages.example.org", "octocat", "https://pages.example.org"),
        ("http://localhost:8000", "octocat", "https://github.com/octocat"),
        ("http://10.0.0.7", "", ""),
    ],
)
def test_whoever_is_asked_for_data_learns_who_asks_and_where_to_complain(
    public_url: str, owner: str, contact: str, settings: SettingsWrapper
) -> None:
    settings.PUBLIC_URL, settings.GITHUB_OWNER, settings.ALLOW_PRIVATE_URLS = public_url, owner, True
    wiring.http.cache_clear()
    with HttpServer({"/data": Script()}) as server:
        wiring.http().fetch(server.url("/data"), seconds=5, max_bytes=10)
    wiring.http.cache_clear()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    said = server.asked[0].headers["user-agent"]
    assert said.startswith(f"llm-devops-engine/{version} (self-hosted service that publishes static pages; ")
    assert said.endswith(f"; contact: {contact})" if contact else "names, once)")
