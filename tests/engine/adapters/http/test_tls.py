"""TLS: the certificate must be for the host name although the connection goes to a vetted address."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.adapters.http.guard import GuardedHttp
from engine.errors import Transient
from tests.doubles.http_server import HttpServer, Script
from tests.engine.adapters.http.asking import get, names

if TYPE_CHECKING:
    from pathlib import Path


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
    with HttpServer({"/": Script(body=b"secure")}, ssl_context=shown) as server:
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
        HttpServer({"/": Script()}, ssl_context=shown) as server,
        pytest.raises(Transient, match=r"tls_failed.*self-signed"),
    ):
        get(names(good=["127.0.0.1"]), server.url(host="good.example", scheme="https"))
