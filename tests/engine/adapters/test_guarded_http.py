from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.adapters.guarded_http import GuardedHttp
from engine.errors import Permanent, Transient
from tests.doubles.http_server import HttpServer, Script, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.ports import Answer


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serving({"/": Script(body=b"hello", headers={"X-Seen": "1", "Set-Cookie": "a=b"})}) as running:
        yield running


@pytest.fixture
def canary() -> Iterator[HttpServer]:
    with serving({"/": Script(body=b"internal")}) as running:
        yield running


def get(http: GuardedHttp, url: str, *, seconds: float = 5, max_bytes: int = 100_000) -> Answer:
    return http.fetch(url, seconds=seconds, max_bytes=max_bytes)


def names(**addresses: Sequence[str]) -> GuardedHttp:
    """A guard for private addresses whose resolver knows these names."""
    return GuardedHttp(allow_private=True, resolve=lambda host: addresses[host.split(".")[0]])


def test_answer_holds_status_headers_and_body(server: HttpServer) -> None:
    answer = get(GuardedHttp(allow_private=True), server.url())
    assert (answer.status, answer.body, answer.url, answer.truncated) == (200, b"hello", server.url(), False)
    assert answer.headers["x-seen"] == "1"
    assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"


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


def test_proxies_of_the_environment_are_ignored(
    server: HttpServer, canary: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url())
    assert get(GuardedHttp(allow_private=True), server.url()).body == b"hello"
    assert canary.connections == 0


def test_body_is_cut_at_the_limit_and_says_so(server: HttpServer) -> None:
    server.scripts["/big"] = Script(body=b"x" * 300_000)
    http = GuardedHttp(allow_private=True)
    cut = get(http, server.url("/big"), max_bytes=1000)
    whole = get(http, server.url("/big"), max_bytes=300_000)
    assert (len(cut.body), cut.truncated, len(whole.body), whole.truncated) == (1000, True, 300_000, False)


def test_compression_bomb_is_cut_at_the_limit(server: HttpServer) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.scripts["/bomb"] = Script(body=bomb, headers={"Content-Encoding": "gzip"})
    answer = get(GuardedHttp(allow_private=True), server.url("/bomb"), max_bytes=1000)
    assert (answer.body, answer.truncated) == (bytes(1000), True)
    assert server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("script", [Script(hang=True), Script(head_drip=0.05), Script(body=b"x" * 500, drip=0.05)])
def test_slow_answer_is_given_up_at_the_deadline(server: HttpServer, script: Script) -> None:
    server.scripts["/slow"] = script
    begun = time.monotonic()
    with pytest.raises(Transient, match="timed_out"):
        get(GuardedHttp(allow_private=True), server.url("/slow"), seconds=0.4)
    assert time.monotonic() - begun < 8


def test_redirects_share_one_deadline(server: HttpServer) -> None:
    server.scripts["/slow"] = Script(302, {"Location": "/slow"}, body=b"x" * 8, drip=0.25)
    begun = time.monotonic()
    with pytest.raises(Transient, match="timed_out"):
        get(GuardedHttp(allow_private=True), server.url("/slow"), seconds=0.5)
    assert time.monotonic() - begun < 6


def test_server_that_reads_nothing_is_given_up_at_the_deadline() -> None:
    http = GuardedHttp(allow_private=True)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(Transient, match="timed_out"):
            http.request("POST", url, body=bytes(50_000_000), seconds=0.4, max_bytes=10)
    assert time.monotonic() - begun < 5


def test_handshake_that_never_comes_is_given_up_within_the_connect_time() -> None:
    http = GuardedHttp(allow_private=True)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(Transient, match="timed_out"):
            http.request("GET", url, seconds=30, connect_seconds=0.3, max_bytes=10)
    assert time.monotonic() - begun < 5


def test_resolver_that_hangs_is_given_up_within_the_connect_time() -> None:
    release = threading.Event()

    def stuck(_: str) -> Sequence[str]:
        release.wait(30)
        return ["127.0.0.1"]

    with pytest.raises(Transient, match="timed_out"):
        GuardedHttp(allow_private=True, resolve=stuck).request(
            "GET", "http://slow.example/", seconds=30, connect_seconds=0.2, max_bytes=10
        )
    release.set()


def test_name_without_an_address_may_get_one_later() -> None:
    def unknown(_: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(Transient, match=r"dns_failed: The name gone\.example"):
        get(GuardedHttp(allow_private=False, resolve=unknown), "http://gone.example/")


def test_closed_port_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(Transient, match="connect_failed"):
        get(GuardedHttp(allow_private=True), f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "raw",
    [
        b"not http\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    ],
)
def test_answer_that_is_no_whole_http_is_transient(server: HttpServer, raw: bytes) -> None:
    server.scripts["/raw"] = Script(raw=raw)
    with pytest.raises(Transient, match=r"bad_answer|connection_lost"):
        get(GuardedHttp(allow_private=True), server.url("/raw"))


def test_header_that_is_no_header_is_never_sent(server: HttpServer) -> None:
    with pytest.raises(Permanent, match="bad_request"):
        GuardedHttp(allow_private=True).request(
            "GET", server.url(), headers={"X": "a\r\nB: c"}, seconds=5, max_bytes=10
        )
    assert not server.asked


# --- TLS: the certificate must be for the name, though the connection goes to an address ----------------------------------------


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a self-signed certificate; return a server's context that shows it and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = folder / "both.pem"
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(pem)
    return shown, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())


def _alternative(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)


@pytest.mark.parametrize(
    ("named", "asked", "accepted"),
    [
        ("good.example", "good.example", True),
        ("good.example", "bad.example", False),
        ("127.0.0.1", "bad.example", False),
    ],
)
def test_certificate_is_verified_for_the_name_not_the_address(
    tmp_path: Path, named: str, asked: str, accepted: bool
) -> None:
    shown, trusting = certificate_for(named, tmp_path)
    seen: list[str | None] = []
    shown.sni_callback = lambda _socket, name, _context: seen.append(name)
    http = GuardedHttp(allow_private=True, resolve=lambda _: ["127.0.0.1"], ssl_context=trusting)
    with serving({"/": Script(body=b"secure")}, ssl_context=shown) as server:
        url = server.url(host=asked, scheme="https")
        if accepted:
            assert get(http, url).body == b"secure"
        else:
            with pytest.raises(Transient, match="tls_failed"):
                get(http, url)
        assert (len(server.asked), seen) == (int(accepted), [asked])


def test_unknown_authority_is_refused_with_the_systems_trust(tmp_path: Path) -> None:
    shown, _ = certificate_for("good.example", tmp_path)
    with (
        serving({"/": Script()}, ssl_context=shown) as server,
        pytest.raises(Transient, match=r"tls_failed.*self-signed"),
    ):
        get(names(good=["127.0.0.1"]), server.url(host="good.example", scheme="https"))
