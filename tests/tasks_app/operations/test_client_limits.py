from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.core import signing
from django.test import RequestFactory

from tasks_app.models import Event
from tasks_app.operations import client_limits
from tasks_app.operations.client_limits import (
    FAILED_LOGIN,
    LOGIN_WINDOW,
    LOGINS,
    LOGINS_OF_NAME,
    LOGINS_OF_NETWORK,
    WRONG_SECRET,
    client_address,
    client_network,
    device_cookie,
    login_failed,
    login_succeeded,
    login_wait,
    refusals_counted,
    wrong_secret_wait,
)

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


@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
@pytest.mark.parametrize("address", ["", "a b\tc", "é", "x" * 64, "2001:db8::1"])
def test_any_address_can_be_counted(settings: SettingsWrapper, address: str) -> None:
    settings.THROTTLE_PER_MINUTE = 1
    waits = [wrong_secret_wait(address) for _ in range(4)]
    assert waits[0] == 0
    assert 1 <= waits[3] <= 60


@pytest.mark.django_db
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


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("nonsense", "unknown"),
        ("1.2.3.4.5", "unknown"),
    ],
)
def test_what_an_address_counts_as(address: str, network: str) -> None:
    assert client_network(address) == network


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_no_attempt_is_lost_where_many_come_at_once(monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper) -> None:
    settings.THROTTLE_PER_MINUTE = 120
    monkeypatch.setattr(client_limits, "_note", lambda *_: None)
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: wrong_secret_wait("192.0.2.1"), range(300)))
    assert sum(wait == 0 for wait in waits) == 120


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_guessing_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = [login_wait("192.0.2.1", "ada") for _ in range(LOGINS + 3)]
    assert waits == [0] * (LOGINS + 1) + [9] * 2  # 1,700,000,001: nine seconds until the next turn
    assert login_wait("192.0.2.2", "ada") == 0
    monkeypatch.setattr(client_limits, "_now", lambda: 1_700_000_010)
    assert [login_wait("192.0.2.1", "ADA") for _ in range(2)] == [0, 10]


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_many_guessers_cannot_lock_out_an_operator_in_another_network(monkeypatch: pytest.MonkeyPatch) -> None:
    guessers = [f"2001:db8:0:{n:x}::1" for n in range(LOGINS_OF_NAME + 1)]
    for guesser in guessers:
        login_wait(guesser, "ada")
    for slot in range(3):
        monkeypatch.setattr(client_limits, "_now", lambda slot=slot: 1_700_000_010 + 10 * slot)
        waits = [login_wait(guesser, "ada") for guesser in guessers[:3] for _ in range(4)]
        assert waits == [0, 10, 10, 10] * 3  # past the bound of the name each network has its turn
        assert login_wait("192.0.2.9", "ada") == 0


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_a_network_that_tries_many_names_is_slowed_down_and_fills_no_cache(settings: SettingsWrapper) -> None:
    waits = [login_wait(f"2001:db8::{n:x}", f"name {n}") for n in range(LOGINS_OF_NETWORK + 200)]
    assert sum(wait == 0 for wait in waits) == LOGINS_OF_NETWORK + 1
    assert login_wait("2001:db8:0:1::1", "name 1") == 0
    if not settings.REDIS_URL:
        entries = len(list(settings.CACHES["default"]["LOCATION"].glob("*.djcache")))
        assert entries <= 2 * (LOGINS_OF_NETWORK + 1) + 10


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_a_network_counts_as_one_address() -> None:
    of_one_network = [login_wait(f"2001:db8:ffff::{n:x}", "bob") for n in range(30)]
    assert sum(wait == 0 for wait in of_one_network) == LOGINS + 1


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_a_known_device_has_a_count_of_its_own() -> None:
    cookie = device_cookie("ada")
    for n in range(LOGINS_OF_NAME + 50):
        login_wait(f"192.0.2.{n}", "ada")
    for _ in range(LOGINS + 5):
        login_wait("192.0.2.1", "ada")
    assert login_wait("192.0.2.1", "ada") > 0
    assert login_wait("192.0.2.1", "ada", cookie) == 0
    assert login_wait("192.0.2.1", "bob", cookie) == 0  # counts as an unknown device: it is Ada's
    assert sum(login_wait("192.0.2.9", "ada", cookie) == 0 for _ in range(30)) == LOGINS  # one more was above
    login_succeeded("192.0.2.1", "ada", device_cookie("ada", cookie))
    assert login_wait("192.0.2.1", "ada", cookie) == 0


@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
@pytest.mark.parametrize(
    "cookie",
    ["x", "a:b:c", signing.dumps(["1", "2"]), "\ud800", "x" * 9000],
    ids=["a letter", "no signature", "signed for something else", "half a character", "long"],
)
def test_a_cookie_that_is_not_ours_is_no_device(cookie: str) -> None:
    for _ in range(LOGINS + 1):
        login_wait("192.0.2.1", "ada", cookie)
    assert login_wait("192.0.2.1", "ada", cookie) > 0


@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_counts_last_as_long_as_their_window(monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper) -> None:
    if settings.REDIS_URL:
        pytest.skip("Redis has a clock of its own")
    began = datetime.now(UTC).timestamp()

    def pass_time(seconds: float) -> None:
        monkeypatch.setattr("time.time", lambda: began + seconds)

    for _ in range(LOGINS + 1):
        login_wait("192.0.2.1", "ada")
        login_failed("192.0.2.1", "ada")
    pass_time(LOGIN_WINDOW - 10)
    assert [login_wait("192.0.2.1", "ada") for _ in range(3)] == [0, 9, 9]
    pass_time(24 * 3600)
    assert refusals_counted(FAILED_LOGIN) == LOGINS + 1
    pass_time(25 * 3600 + 1)
    assert refusals_counted(FAILED_LOGIN) == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_what_is_typed_in_place_of_a_name_is_neither_logged_nor_kept(caplog: pytest.LogCaptureFixture) -> None:
    get_user_model().objects.create_user("ada")
    with caplog.at_level(logging.WARNING):
        login_failed("192.0.2.1", "my-password-in-the-wrong-field")
        login_failed("192.0.2.2", "ada")
    assert list(Event.objects.order_by("pk").values_list("text", flat=True)) == [
        "as an unknown name from 192.0.2.1: 1 lately",
        "as 'ada' from 192.0.2.2: 1 lately",
    ]
    assert "my-password" not in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_refusals_are_logged_recorded_and_counted(settings: SettingsWrapper, caplog: pytest.LogCaptureFixture) -> None:
    settings.THROTTLE_PER_MINUTE = 0
    with caplog.at_level(logging.WARNING):
        for _ in range(25):
            wrong_secret_wait("192.0.2.1")
        login_failed("192.0.2.1", "a\nb" + "x" * 500)
    texts = list(Event.objects.order_by("pk").values_list("what", "text"))
    assert texts[:2] == [(WRONG_SECRET, "from 192.0.2.1: 1 lately"), (WRONG_SECRET, "from 192.0.2.1: 10 lately")]
    assert len(texts) == 3
    assert len(texts[2][1]) < 150
    assert "\n" not in texts[2][1]
    assert [record.getMessage() for record in caplog.records] == [f"{what} {text}" for what, text in texts]
    assert (refusals_counted(WRONG_SECRET), refusals_counted(FAILED_LOGIN)) == (25, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh_cache", "_same_minute")
def test_many_strangers_leave_a_bounded_number_of_events(settings: SettingsWrapper) -> None:
    settings.THROTTLE_PER_MINUTE = 0
    for n in range(60):
        wrong_secret_wait(f"198.51.100.{n}")
    assert Event.objects.count() == client_limits.MOST_EVENTS
