from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tasks_app.operations.client_limits import LOGINS_PER_MINUTE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fresh_cache")]

PASSWORD = "long-enough-1"


@pytest.fixture(autouse=True)
def _in_one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no minute end in the middle of a test."""
    monkeypatch.setattr("tasks_app.operations.client_limits._WINDOW", 10**9)


def log_in(name: str, password: str, address: str = "192.0.2.1") -> object:
    client = Client(headers={"host": "localhost:8000"}, REMOTE_ADDR=address)
    return client.post("/admin/login/", {"username": name, "password": password, "next": "/admin/"})


def test_the_eleventh_guess_in_a_minute_is_refused_even_if_it_is_right() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    for _ in range(LOGINS_PER_MINUTE):
        assert log_in("ada", "wrong").status_code == 200
    refused = log_in("ADA", PASSWORD)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Too many failed logins." in refused.content.decode()


def test_others_and_other_addresses_are_not_locked_out() -> None:
    for name in ("ada", "bob"):
        get_user_model().objects.create_superuser(name, password=PASSWORD)
    for _ in range(LOGINS_PER_MINUTE + 1):
        log_in("ada", "wrong")
    assert log_in("bob", PASSWORD).status_code == 302
    assert log_in("ada", PASSWORD, "192.0.2.2").status_code == 302


def test_a_right_password_forgets_the_wrong_ones() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    for _ in range(3):
        for _ in range(LOGINS_PER_MINUTE - 1):
            assert log_in("ada", "wrong").status_code == 200
        assert log_in("ada", PASSWORD).status_code == 302


def test_the_cookies_are_for_this_site_and_no_script(settings) -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    cookies = log_in("ada", PASSWORD).cookies
    for name in ("sessionid", "csrftoken"):
        assert cookies[name]["httponly"]
        assert cookies[name]["samesite"] == "Lax"
    settings.SESSION_COOKIE_SECURE = True  # as with a PUBLIC_URL of https
    assert log_in("ada", PASSWORD).cookies["sessionid"]["secure"]
