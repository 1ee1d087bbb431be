"""Addresses that are refused before a connection, in any spelling, and the choice among a name's addresses."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from engine.adapters.http.guard import GuardedHttp
from engine.errors import Permanent, Transient
from tests.engine.adapters.http.asking import get, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.doubles.http_server import HttpServer


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_loopback_in_any_notation_is_refused_before_a_connection(canary: HttpServer, host: str) -> None:
    with pytest.raises(Permanent, match="address_refused"):
        get(GuardedHttp(allow_private=False), canary.url(host=host))
    assert canary.connections == 0


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "http://u:p@example.com/", "http://", "http://a b/"]
)
def test_unusable_url_is_refused(url: str) -> None:
    with pytest.raises(Permanent, match="address_refused"):
        get(GuardedHttp(allow_private=True), url)


@pytest.mark.parametrize("address", ["169.254.169.254", "224.0.0.1", "0.0.0.0", "::ffff:169.254.169.254"])
def test_metadata_address_is_refused_even_where_private_is_allowed(address: str) -> None:
    with pytest.raises(Permanent, match="address_refused"):
        get(names(evil=[address]), "http://evil.example/")


def test_name_that_leads_to_loopback_is_refused(canary: HttpServer) -> None:
    http = GuardedHttp(allow_private=False, resolve=lambda _: ["127.0.0.1"])
    with pytest.raises(Permanent, match=r"evil\.example must not be contacted: 127\.0\.0\.1 is loopback"):
        get(http, canary.url(host="evil.example"))
    assert canary.connections == 0


def test_one_private_answer_among_public_ones_refuses_them_all(canary: HttpServer) -> None:
    http = GuardedHttp(allow_private=False, resolve=lambda _: ["1.1.1.1", "127.0.0.1"])
    with pytest.raises(Permanent, match="address_refused"):
        get(http, canary.url(host="mixed.example"))
    assert canary.connections == 0


def test_name_is_resolved_once_and_the_connection_stays_on_that_answer(server: HttpServer) -> None:
    answers = [["127.0.0.1"], ["127.0.0.9"]]
    http = GuardedHttp(allow_private=True, resolve=lambda _: answers.pop(0))
    assert get(http, server.url(host="rebinding.example")).body == b"hello"
    assert answers == [["127.0.0.9"]]
    assert server.asked[0].headers["host"] == f"rebinding.example:{server.port}"


def test_next_address_is_tried_where_the_first_does_not_answer(server: HttpServer) -> None:
    assert get(names(two=["127.0.0.9", "127.0.0.1"]), server.url(host="two.example")).body == b"hello"


def test_own_origin_is_allowed_and_no_other_port_of_it(server: HttpServer, canary: HttpServer) -> None:
    http = GuardedHttp(allow_private=False, allowed_origins=[server.url("")])
    assert get(http, server.url()).body == b"hello"
    with pytest.raises(Permanent, match="address_refused"):
        get(http, canary.url())
    assert canary.connections == 0


def test_name_without_an_address_may_get_one_later() -> None:
    def unknown(_: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(Transient, match=r"dns_failed: The name gone\.example"):
        get(GuardedHttp(allow_private=False, resolve=unknown), "http://gone.example/")


@pytest.mark.parametrize("port", [22, 25, 587, 6379, 11211])
@pytest.mark.parametrize("private", [True, False])
def test_port_of_another_service_is_refused_before_a_look_up(port: int, private: bool) -> None:
    asked: list[str] = []
    http = GuardedHttp(allow_private=private, resolve=lambda host: [asked.append(host) or "127.0.0.1"])
    with pytest.raises(Permanent, match=f"address_refused: mail.example must not be contacted there. Port {port} "):
        get(http, f"http://mail.example:{port}/")
    assert asked == []


def test_own_origin_may_have_any_port() -> None:
    http = GuardedHttp(allow_private=False, allowed_origins=["http://127.0.0.1:81"])
    with pytest.raises(Transient, match="connect_failed"):
        get(http, "http://127.0.0.1:81/")
