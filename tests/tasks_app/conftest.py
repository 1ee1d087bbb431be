"""Logins for the console: an operator and a viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

if TYPE_CHECKING:
    from collections.abc import Callable

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
