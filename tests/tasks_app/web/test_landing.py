"""The landing page: the service's purpose, readiness, missing settings and simulated parts."""

from __future__ import annotations

import re
from contextlib import closing

import pytest
from django.test import Client

from engine.errors import OutOfService
from tasks_app.operations.breakers import breaker_trip
from tasks_app.operations.workers import worker_beat

pytestmark = pytest.mark.django_db


def page() -> str:
    answer = Client().get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_ready_service_says_so_and_names_every_part() -> None:
    worker_beat(worker="test:1")
    text = page()
    assert "Ready for tasks" in text
    for part in ("settings", "database", "migrations", "queue", "workers", "browser", "model", "forge"):
        assert f"<dt>{part}</dt>" in text


def test_missing_settings_are_listed_in_full(settings) -> None:
    settings.MISSING = ["SECRET is not set: no request can be checked.", "No forge: set <GITHUB_TOKEN>."]
    text = page()
    assert "Not ready" in text
    assert "SECRET is not set: no request can be checked." in text
    assert "No forge: set &lt;GITHUB_TOKEN&gt;." in text


def test_without_a_worker_it_is_not_ready_and_says_which_part_is_down() -> None:
    text = page()
    assert "Not ready" in text
    assert re.search(r'class="part down">\s*<dt>workers</dt>', text)


def test_an_open_breaker_is_named_as_text() -> None:
    breaker_trip(error=OutOfService("refused", "The key was refused <script>alert(1)</script>", kind="model"))
    text = page()
    assert "The key was refused &lt;script&gt;" in text
    assert "<script" not in text


def test_exactly_the_simulated_parts_are_named(settings) -> None:
    assert "No model is asked" in page()
    settings.LLM_PROVIDER = "openai"
    assert "No model is asked" not in page()
    assert "GitHub and GitHub Pages." in page()
    settings.FORGE = "github"
    assert "What is simulated" not in page()


def test_the_commands_name_this_service(settings) -> None:
    settings.PUBLIC_URL = "https://engine.example"
    text = page()
    assert "curl https://engine.example/handle_task" in text
    assert "send_task --sample sales --url https://engine.example" in text
    assert 'href="https://engine.example/admin/"' in text


def test_it_needs_no_script_no_inline_style_and_no_foreign_host(settings) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"
    text = page()
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", text)
    loaded = re.findall(r'<link[^>]+href="([^"]+)"', text)
    assert loaded == ["/static/tasks_app/icon.svg", "/static/tasks_app/landing.css"]
    for address in loaded:
        with closing(Client().get(address)) as file:
            assert file.status_code == 200
            assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(", b"".join(file).decode())


def test_no_secret_is_on_it(settings) -> None:
    text = page()
    for value in settings.SECRETS.values():
        assert not value or value not in text


def test_it_is_read_only() -> None:
    assert Client().post("/").status_code == 405
