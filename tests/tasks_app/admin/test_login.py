from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from tasks_app.models import Event
from tasks_app.operations.client_limits import LOGINS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fresh_cache", "_same_minute")]

PASSWORD = "long-enough-1"


def browser(address: str = "192.0.2.1") -> Client:
    return Client(headers={"host": "localhost:8000"}, REMOTE_ADDR=address)


def log_in(name: str, password: str, address: str = "192.0.2.1", client: Client | None = None) -> object:
    client = client or browser(address)
    return client.post("/admin/login/", {"username": name, "password": password, "next": "/admin/"})


def test_guesses_past_the_bound_are_refused_even_if_they_are_right() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    for _ in range(LOGINS + 1):
        assert log_in("ada", "wrong").status_code == 200
    refused = log_in("ADA", PASSWORD)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Too many failed logins." in refused.content.decode()


def test_others_and_other_addresses_are_not_locked_out() -> None:
    for name in ("ada", "bob"):
        get_user_model().objects.create_superuser(name, password=PASSWORD)
    for _ in range(LOGINS + 1):
        log_in("ada", "wrong")
    assert log_in("bob", PASSWORD).status_code == 302
    assert log_in("ada", PASSWORD, "192.0.2.2").status_code == 302


def test_a_right_password_forgets_the_wrong_ones() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    for _ in range(3):
        for _ in range(LOGINS - 1):
            assert log_in("ada", "wrong").status_code == 200
        assert log_in("ada", PASSWORD).status_code == 302


@pytest.mark.slow
def test_an_operator_who_was_here_before_gets_in_whatever_others_guess_from_the_same_address() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    known = browser()
    assert log_in("ada", PASSWORD, client=known).status_code == 302
    for _ in range(40):
        log_in("ada", "wrong")
    assert log_in("ada", PASSWORD).status_code == 429
    del known.cookies["sessionid"]
    assert log_in("ada", PASSWORD, client=known).status_code == 302


def test_an_empty_password_forgets_no_guess() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    for _ in range(LOGINS + 1):
        log_in("ada", "wrong")
        assert log_in("ada", "").status_code == 200
    assert log_in("ada", "wrong").status_code == 429


def test_a_failed_login_leaves_an_event() -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    log_in("ada", "wrong")
    assert Event.objects.get().text == "as 'ada' from 192.0.2.1: 1 lately"


def test_the_cookies_are_for_this_site_and_no_script(settings) -> None:
    get_user_model().objects.create_superuser("ada", password=PASSWORD)
    cookies = log_in("ada", PASSWORD).cookies
    for name in ("sessionid", "csrftoken", "device"):
        assert cookies[name]["httponly"]
        assert cookies[name]["samesite"] == "Lax"
    settings.SESSION_COOKIE_SECURE = True  # as with a PUBLIC_URL of https
    assert log_in("ada", PASSWORD).cookies["sessionid"]["secure"]
