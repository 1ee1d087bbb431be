from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory

from tasks_app.operations.client_limits import client_address, login_succeeded, login_wait, wrong_secret_wait

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: it may say what it likes
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # what the client itself wrote in front is not believed
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("192.0.2.9", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "x" * 500, "x" * 64),
    ],
)
def test_only_trusted_proxies_say_who_asks(settings: SettingsWrapper, peer: str, forwarded: str, client: str) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "192.0.2.9"]
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **extra)) == client


def test_by_default_nobody_is_believed() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert client_address(request) == "127.0.0.1"


@pytest.mark.usefixtures("_fresh_cache")
@pytest.mark.parametrize("address", ["", "a b\tc", "é", "x" * 64, "2001:db8::1"])
def test_any_address_can_be_counted(settings: SettingsWrapper, address: str) -> None:
    settings.THROTTLE_PER_MINUTE = 1
    waits = [wrong_secret_wait(address) for _ in range(4)]
    assert waits[0] == 0
    assert 1 <= waits[3] <= 60


@pytest.mark.parametrize("lost", ["redis", "disk"])
def test_without_a_cache_nobody_is_held_up_and_a_wrong_secret_is_a_wrong_secret(
    settings: SettingsWrapper, lost: str, tmp_path: Path
) -> None:
    no_folder = tmp_path / "file"
    no_folder.write_text("a file where the cache's folder should be")
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9"}
        if lost == "redis"
        else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": no_folder}
    }
    settings.THROTTLE_PER_MINUTE = 1
    assert [wrong_secret_wait("192.0.2.1") for _ in range(3)] == [0, 0, 0]
    assert login_wait("192.0.2.1", "operator") == 0
    login_succeeded("192.0.2.1", "operator")
