"""The settings at a start: imported in a process of its own, with only the environment that a test gives."""

from __future__ import annotations

import ast
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import bare_environment

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
READY = {"SECRET": "a-secret-of-the-settings", "FORGE": "local", "LLM_PROVIDER": "simulated"}
SHOW = """
import ast
import json
from tasks_app import settings as s
names = [n for n in dir(s) if n.isupper() and n not in ("SECRET_KEY", "LOGGING")]
print(json.dumps({n: getattr(s, n) for n in names}, default=str))
"""
PRAGMAS = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tasks_app.settings"
import django
django.setup()
from django.db import connection
def ask(name):
    with connection.cursor() as cursor:
        return cursor.execute(f"PRAGMA {name}").fetchone()[0]
print(ask("journal_mode"), ask("synchronous"), ask("busy_timeout"), connection.transaction_mode)
"""


def run(code: str, data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = bare_environment(data, **variables)
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def loaded(data: Path, **variables: str) -> dict[str, object]:
    result = run(SHOW, data, **variables)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def refused(data: Path, **variables: str) -> str:
    result = run(SHOW, data, **variables)
    assert result.returncode != 0
    assert "ImproperlyConfigured: Wrong settings:" in result.stderr
    return result.stderr.partition("Wrong settings:")[2]


def test_a_bare_start_is_not_ready_and_says_everything_that_is_missing(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    text = "\n".join(found["MISSING"])
    assert len(found["MISSING"]) == 3
    assert all(
        word in text for word in ("SECRET", "FORGE=local", "GITHUB_TOKEN", "LLM_PROVIDER=simulated", "LLM_API_KEY")
    )
    assert found["DEBUG"] is False
    assert (found["PUBLIC_URL"], found["PAGES_ORIGIN"]) == ("http://localhost:8000", "http://127.0.0.1:8000")
    assert (found["ROUND_DEADLINE_SECONDS"], found["NOTIFY_FOR_SECONDS"], found["WORKERS"]) == (600, 259_200, 8)
    assert (found["THROTTLE_PER_MINUTE"], found["ALLOW_PRIVATE_URLS"], found["TRUSTED_PROXIES"]) == (120, False, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        (READY, ""),
        (READY | {"SECRET": "  "}, "SECRET"),
        (READY | {"FORGE": ""}, "FORGE"),
        (READY | {"LLM_PROVIDER": ""}, "LLM_API_KEY"),
        (READY | {"LLM_PROVIDER": "", "LLM_API_KEY": "key"}, ""),
        (READY | {"LLM_PROVIDER": "", "OPENAI_API_KEY": "key"}, ""),
        (READY | {"LLM_PROVIDER": "openai"}, "LLM_API_KEY"),
        (READY | {"FORGE": "", "GITHUB_TOKEN": "token-of-nobody"}, ""),
        (READY | {"FORGE": "github", "GITHUB_TOKEN": "token-of-nobody"}, ""),
        (READY | {"FORGE": "github"}, "GITHUB_TOKEN is not set"),
        (READY | {"GITHUB_TOKEN": "token-of-nobody"}, ""),
    ],
    ids=str,
)
def test_what_makes_the_service_ready(tmp_path: Path, variables: dict[str, str], missing: str) -> None:
    found = loaded(tmp_path, **variables)["MISSING"]
    assert len(found) == bool(missing)
    assert missing in "".join(found)


def test_aliases_and_empty_values(tmp_path: Path) -> None:
    over = {
        "OPENAI_BASE_URL": "http://a.example/v1",
        "LLM_BASE_URL": "",
        "LLM_MODEL": "m",
        "LLM_FALLBACK_MODELS": "x, y",
    }
    found = loaded(tmp_path, **READY, **over, DATABASE_URL="", PORT="9000", WORKERS=" ")
    assert (found["LLM_BASE_URL"], found["LLM_MODELS"], found["WORKERS"]) == ("http://a.example/v1", ["m", "x", "y"], 8)
    assert (found["PUBLIC_URL"], found["PAGES_ORIGIN"]) == ("http://localhost:9000", "http://127.0.0.1:9000")
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "db.sqlite3")


def test_every_wrong_value_is_named_at_once(tmp_path: Path) -> None:
    wrong = {
        "PORT": "many",
        "PUBLIC_URL": "example.com",
        "FORGE": "gitlab",
        "LLM_PROVIDER": "magic",
        "LLM_BASE_URL": "localhost:11434",
        "GITHUB_API_URL": "api",
        "ALLOW_PRIVATE_URLS": "perhaps",
        "ROUND_DEADLINE_SECONDS": "-1",
        "NOTIFY_FOR_SECONDS": "soon",
        "WORKERS": "0",
        "THROTTLE_PER_MINUTE": "x",
        "TRUSTED_PROXIES": "proxy.example",
        "DATABASE_URL": "mysql://u:hunter2@h/n",
        "REDIS_URL": "localhost:6379",
        "DEBUG": "2",
    }
    said = refused(tmp_path, **wrong)
    assert [name for name in wrong if name not in said] == []
    assert "hunter2" not in said


@pytest.mark.parametrize("url", ["postgres://[", "nonsense", "oracle://a/b"])
def test_a_database_address_that_is_none_is_named(tmp_path: Path, url: str) -> None:
    assert "DATABASE_URL" in refused(tmp_path, DATABASE_URL=url)


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "DATA_DIR" in refused(tmp_path, DATA_DIR=str(tmp_path / "file" / "data"))


@pytest.mark.parametrize("pages", ["http://localhost:9999", "https://LOCALHOST"])
def test_pages_and_admin_on_one_host_are_refused(tmp_path: Path, pages: str) -> None:
    said = refused(tmp_path, PUBLIC_URL="http://localhost:8000", PAGES_ORIGIN=pages)
    assert "same host" in said


#: For each secret the setting that it becomes, a good value, and what is hidden of it if that is not all.
SECRETS = {
    "SECRET": ("SECRET", "a-secret", ""),
    "SECRET_PREVIOUS": ("SECRET_PREVIOUS", "one-before", ""),
    "GITHUB_TOKEN": ("GITHUB_TOKEN", "token-of-nobody", ""),
    "LLM_API_KEY": ("LLM_API_KEY", "a-key", ""),
    "OPENAI_API_KEY": ("LLM_API_KEY", "another-key", ""),
    "ADMIN_PASSWORD": ("ADMIN_PASSWORD", "a-password", ""),
    "DJANGO_SECRET_KEY": ("SECRETS", "a-key-of-ours", ""),
    "METRICS_TOKEN": ("METRICS_TOKEN", "a-token", ""),
    "DATABASE_URL": ("DATABASES", "postgres://u:pass-word-of-it@h/n", "pass-word-of-it"),
    "REDIS_URL": ("REDIS_URL", "redis://:pass-word-of-it@h/0", "pass-word-of-it"),
    "SENTRY_DSN": ("SENTRY_DSN", "https://a-public-key@errors.example/7", ""),
    "ALERT_WEBHOOK_URL": ("ALERT_WEBHOOK_URL", "https://chat.example/hooks/a-path", ""),
    "WEBHOOK_SIGNING_SECRET": ("SECRETS", f"whsec_{'a2V5' * 8}", "a2V5" * 8),
}


def secrets_read() -> set[str]:
    """Return the variables that the settings read by `env.secret("…")`."""
    tree = ast.parse((ROOT / "tasks_app" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "env.secret"]
    return {ast.literal_eval(argument) for call in calls for argument in call.args}


def test_every_secret_may_stand_in_a_file_and_is_hidden(tmp_path: Path) -> None:
    assert SECRETS.keys() == secrets_read()
    for group in (SECRETS.keys() - {"LLM_API_KEY"}, SECRETS.keys() - {"OPENAI_API_KEY"}):
        for name in group:
            (tmp_path / name).write_text(SECRETS[name][1] + "\n")
        found = loaded(tmp_path / "data", **{f"{name}_FILE": str(tmp_path / name) for name in group})
        for name in group:
            setting, value, hidden = SECRETS[name]
            word = hidden or value
            assert word in json.dumps(found[setting])
            assert word in found["SECRETS"].values()


def test_every_file_of_a_secret_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, **{f"{name}_FILE": "/nonexistent/file" for name in SECRETS}, WORKERS="0")
    assert [name for name in SECRETS if f"{name}_FILE: Names a file that cannot be read" not in said] == []
    assert "WORKERS" in said


def test_the_secret_key_is_made_once_for_us_alone(tmp_path: Path) -> None:
    keys = {run("from tasks_app.settings import SECRET_KEY as k; print(k)", tmp_path, **READY).stdout for _ in range(2)}
    file = tmp_path / "django_secret_key"
    assert keys == {file.read_text() + "\n"}
    assert len(file.read_text()) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code = "from tasks_app.settings import SECRET_KEY as k; print(k)"
    assert run(code, tmp_path, DJANGO_SECRET_KEY="one-of-my-own").stdout == "one-of-my-own\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_a_process_that_has_read_the_settings_is_shielded_unless_it_is_to_be_debugged(tmp_path: Path) -> None:
    code = "import ctypes; from tasks_app import settings; print(ctypes.CDLL(None).prctl(3))"  # PR_GET_DUMPABLE
    assert run(code, tmp_path, **READY).stdout == "0\n"
    assert run(code, tmp_path, **READY, DEBUGGABLE="1").stdout == "1\n"
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_sqlite_is_opened_durable_and_for_many_writers(tmp_path: Path) -> None:
    result = run(PRAGMAS, tmp_path, **READY)
    # synchronous: 2 is FULL (https://www.sqlite.org/pragma.html#pragma_synchronous)
    assert result.stdout.split() == ["wal", "2", "20000", "IMMEDIATE"], result.stderr


def test_cookies_are_for_https_alone_where_the_public_address_is(tmp_path: Path) -> None:
    found = loaded(tmp_path, **READY, PUBLIC_URL="https://a.example", PAGES_ORIGIN="https://pages.example")
    assert (found["SESSION_COOKIE_SECURE"], found["CSRF_COOKIE_SECURE"]) == (True, True)
    assert {"a.example", "pages.example"} <= set(found["ALLOWED_HOSTS"])
    assert "https://a.example" in found["CSRF_TRUSTED_ORIGINS"]


def test_every_credential_is_read_as_a_secret() -> None:
    source = (ROOT / "tasks_app" / "settings.py").read_text()
    others = re.findall(r'env\.(?!secret\()\w+\("([A-Z_]*(?:SECRET|SECRET_PREVIOUS|TOKEN|PASSWORD|KEY|DSN))"', source)
    assert others == []


def test_the_password_that_the_first_start_made_is_redacted(tmp_path: Path) -> None:
    (tmp_path / "admin_password").write_text("made-at-the-start")
    assert loaded(tmp_path)["SECRETS"]["admin_password"] == "made-at-the-start"
