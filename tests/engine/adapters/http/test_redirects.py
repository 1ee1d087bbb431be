"""Redirects: the guard checks each address as it checked the first."""

from __future__ import annotations

import pytest

from engine.adapters.http.guard import GuardedHttp
from engine.errors import Permanent, Transient
from tests.doubles.http_server import HttpServer, Script
from tests.engine.adapters.http.asking import get


def test_redirect_to_a_private_address_is_refused(server: HttpServer, canary: HttpServer) -> None:
    server.scripts["/away"] = Script(302, {"Location": canary.url()})
    http = GuardedHttp(allow_private=False, allowed_origins=[server.url("")])
    with pytest.raises(Permanent, match="address_refused"):
        get(http, server.url("/away"))
    assert canary.connections == 0


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://u:p@127.0.0.1/", "gopher://127.0.0.1/", "http://[/"]
)
def test_redirect_to_an_unusable_url_is_refused(server: HttpServer, location: str) -> None:
    server.scripts["/away"] = Script(302, {"Location": location})
    with pytest.raises(Permanent, match="address_refused"):
        get(GuardedHttp(allow_private=True), server.url("/away"))


def test_redirect_to_the_port_of_another_service_is_refused(server: HttpServer) -> None:
    server.scripts["/away"] = Script(307, {"Location": "http://127.0.0.1:6379/"})
    with pytest.raises(Permanent, match=r"address_refused.*Port 6379 "):
        get(GuardedHttp(allow_private=True), server.url("/away"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_get_follows_redirects_and_keeps_no_cookie(server: HttpServer, status: int) -> None:
    server.scripts["/away"] = Script(status, {"Location": "/", "Set-Cookie": "session=1"})
    answer = get(GuardedHttp(allow_private=True), server.url("/away"))
    assert (answer.body, answer.url) == (b"hello", server.url("/"))
    assert "cookie" not in server.asked[1].headers


def test_redirects_for_ever_end(server: HttpServer) -> None:
    server.scripts["/loop"] = Script(302, {"Location": "/loop"})
    with pytest.raises(Transient, match="too_many_redirects"):
        get(GuardedHttp(allow_private=True), server.url("/loop"))
    assert len(server.asked) == 6


def test_redirects_are_left_alone_unless_asked_for(server: HttpServer) -> None:
    server.scripts["/away"] = Script(302, {"Location": "/"})
    answer = GuardedHttp(allow_private=True).request("GET", server.url("/away"), seconds=5, max_bytes=10)
    assert (answer.status, len(server.asked)) == (302, 1)


def test_credentials_stay_with_their_origin(server: HttpServer, canary: HttpServer) -> None:
    server.scripts |= {"/here": Script(307, {"Location": "/away"}), "/away": Script(307, {"Location": canary.url()})}
    GuardedHttp(allow_private=True).request(
        "GET", server.url("/here"), headers={"Authorization": "Bearer x"}, seconds=5, max_bytes=10, redirects="get"
    )
    assert [asked.headers.get("authorization") for asked in server.asked + canary.asked] == [
        "Bearer x",
        "Bearer x",
        None,
    ]
