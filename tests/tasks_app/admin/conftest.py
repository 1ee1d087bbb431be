"""Logins for the console: a superuser, an operator, a viewer; and a real browser that records policy violations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from tests.chromium import launched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

PASSWORD = "long-enough-1"


def person(name: str, *permissions: str) -> Client:
    """Return a client, logged in as staff with these permissions on our rows, for which CSRF is checked."""
    user = get_user_model().objects.create_user(name, password=PASSWORD, is_staff=True)
    for beginning in permissions:
        user.user_permissions.add(
            *Permission.objects.filter(content_type__app_label="tasks_app", codename__startswith=beginning)
        )
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return person("ada", "view_", "operate_")


@pytest.fixture
def viewer() -> Client:
    return person("vera", "view_")


@pytest.fixture
def press() -> Callable[..., object]:
    """Post as a form of the console does, with the token of the page that holds it."""

    def post(client: Client, address: str, **fields: object) -> object:
        client.get("/admin/password_change/")  # any page with a form sets the cookie
        token = client.cookies["csrftoken"].value
        return client.post(address, {"csrfmiddlewaretoken": token, **fields})

    return post


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """Run a browser for one module.

    Playwright's event loop runs in this thread meanwhile, so Django would refuse the tests' own queries.
    """
    with pytest.MonkeyPatch.context() as patch, launched() as running:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: violations of the policy, errors on the console, exceptions."""
    return []


@pytest.fixture
def tab(browser: Browser, live_server: LiveServer, complaints: list[str]) -> Iterator[Page]:
    """A tab in which a superuser is logged in to the console. The page's base address is the live server's."""
    get_user_model().objects.create_superuser("operator", password=PASSWORD)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("console", lambda said: complaints.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.goto("/admin/")
    page.fill("#id_username", "operator")
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    yield page
    context.close()
