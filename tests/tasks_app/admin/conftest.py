"""A real browser in which a superuser is logged in, and which records policy violations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model

from tests.chromium import launched
from tests.tasks_app.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer


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
