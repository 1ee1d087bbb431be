"""Decides which addresses the service may contact. A URL from outside is checked here before any byte is sent."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import idna

LONGEST_URL = 8_000
DEFAULT_PORTS = {"http": 80, "https": 443}

#: The ports from 1024 on that web browsers refuse, since other services may take a request there for a command of
#: theirs (https://fetch.spec.whatwg.org/#port-blocking), and those of databases, queues and remote control, which
#: often take commands from anybody who reaches them.
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080}
    | {1433, 1521, 3306, 5432, 5984, 6379, 6380, 9042, 9200, 9300, 11211, *range(27017, 27020)}
    | {1883, 4222, 4369, 5671, 5672, 8883, 9092, 25672, 61613, 61616}
    | {2181, 2375, 2376, 2377, 2379, 2380, 3389, 5900, 5901, 5985, 5986, 6443, 10250, 10255}
)
_FIRST_FREE_PORT = 1024

_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Refused even with `allow_private`. A metadata service gives a machine's credentials to any caller inside.
_ALWAYS_REFUSED = tuple(
    (ipaddress.ip_network(network), reason)
    for network, reason in (
        ("169.254.0.0/16", "link-local, where clouds keep their metadata service"),
        ("fe80::/10", "link-local"),
        ("100.100.100.200/32", "a cloud's metadata service"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("fd00:ec2::/32", "a cloud's metadata service"),
        ("192.0.0.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("0.0.0.0/8", "unspecified"),
        ("::/128", "unspecified"),
        ("240.0.0.0/4", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("64:ff9b:1::/48", "a local translation prefix"),
    )
)

#: Refused unless `allow_private` is set.
_PRIVATE = tuple(
    (ipaddress.ip_network(network), reason)
    for network, reason in (
        ("127.0.0.0/8", "loopback"),
        ("::1/128", "loopback"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.64.0.0/10", "private (shared address space)"),
        ("fc00::/7", "private"),
    )
)

# https://www.iana.org/assignments/ipv6-address-space: only 2000::/3 is handed out as global unicast.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# https://www.rfc-editor.org/rfc/rfc9637: documentation, unknown to Python 3.11.
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")

#: Prefixes whose last 32 bits are an IPv4 address: compatible, mapped, translated, NAT64 (RFC 4291, 2765, 6052).
_IPV4_IN_TAIL = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))

_ISATAP_INTERFACES = (0x0000_5EFE, 0x0200_5EFE)

# Names that are never public: RFC 6761, 6762, 8375, and names that home and cloud networks use.
_PRIVATE_SUFFIXES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")
_PRIVATE_NAMES = ("ip6-localhost", "ip6-loopback")

_UNFIT = re.compile(r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u3000\ufeff\ud800-\udfff\\]")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL's parts. `host` is lower-case ASCII without brackets or final dot; `url` has no fragment."""

    scheme: str
    host: str
    port: int
    url: str

    @property
    def netloc(self) -> str:
        """The value of a Host header: the host, with the port unless it is the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host`, with the port unless it is the scheme's default."""
        return f"{self.scheme}://{self.netloc}"


def parse_url(url: str) -> ParsedUrl:
    """Parse a URL without a DNS look-up. Raises ValueError with a sentence about the problem."""
    if len(url) > LONGEST_URL:
        raise ValueError(f"The URL is longer than {LONGEST_URL} characters.")
    if _UNFIT.search(url):
        raise ValueError("The URL holds a space, a control character or a backslash.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"The URL is not valid: {error}.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("Only http:// and https:// URLs can be used.")
    if "@" in parts.netloc:
        raise ValueError("The URL names a user or a password, which is not allowed.")
    if port == 0:
        raise ValueError("Port 0 cannot be contacted.")
    target = ParsedUrl(parts.scheme, _ascii_host(parts), port or DEFAULT_PORTS[parts.scheme], "")
    query = f"?{parts.query}" if parts.query else ""
    return ParsedUrl(target.scheme, target.host, target.port, f"{target.origin}{parts.path or '/'}{query}")


def port_problem(target: ParsedUrl) -> str | None:
    """Return why the port of a URL must not be contacted; None if it may be.

    The ports 80, 443 and those from 1024 on may, unless another well-known service than the web has the port.
    """
    port = target.port
    if port in DEFAULT_PORTS.values() or (port >= _FIRST_FREE_PORT and port not in _BAD_PORTS):
        return None
    return f"Port {port} belongs to another service than the web, and is not contacted."


def address_problem(ip: str, *, allow_private: bool = False) -> str | None:
    """Return why an IP address must not be contacted; None if it may be.

    `allow_private` admits loopback and private networks, never link-local, multicast, reserved and metadata addresses.
    Python's `is_global` is not sufficient: it is true for 224.0.0.1 and for addresses that embed 127.0.0.1.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "not an IP address"
    for judged in _embedded(address) or (address,):
        if reason := _problem(judged, allow_private=allow_private):
            return reason if judged == address else f"{reason}, embedded as {judged}"
    return None


def is_private_host(host: str) -> bool:
    """Say, without a DNS look-up, whether a host is a non-public address in any notation or a private name."""
    name = host.strip("[]").rstrip(".").lower()
    if literal := _literal(name):
        return address_problem(str(literal)) is not None
    return name in _PRIVATE_NAMES or any(name == suffix or name.endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES)


def _ascii_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host:
        if "%" in host:
            raise ValueError("The URL's address names a network interface.")
        return str(ipaddress.IPv6Address(host))
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        raise ValueError("The URL's host name cannot be written in ASCII.") from None
    if not name:
        raise ValueError("The URL names no host.")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("The URL's host name is not valid.")
    return name.lower()


def _embedded(address: _IPAddress) -> tuple[ipaddress.IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address embeds and its traffic may reach."""
    if isinstance(address, ipaddress.IPv4Address) or address.packed in (bytes(16), bytes(15) + b"\x01"):
        return ()
    if address.teredo:
        return address.teredo
    if address.sixtofour:
        return (address.sixtofour,)
    tail = int(address) & 0xFFFF_FFFF
    if any(address in prefix for prefix in _IPV4_IN_TAIL) or int(address) >> 32 & 0xFFFF_FFFF in _ISATAP_INTERFACES:
        return (ipaddress.IPv4Address(tail),)
    return ()


def _problem(address: _IPAddress, *, allow_private: bool) -> str | None:
    for network, reason in _ALWAYS_REFUSED:
        if address in network:
            return reason
    for network, reason in _PRIVATE:
        if address in network:
            return None if allow_private else reason
    unrouted = address.version == 6 and (address not in _GLOBAL_UNICAST or address in _DOCUMENTATION)
    return "not a public address" if unrouted or address.is_multicast or not address.is_global else None


def _literal(name: str) -> _IPAddress | None:
    """Parse an address, also in the notations of inet_aton: 2130706433, 0x7f.1, 0177.0.0.1."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    pieces = name.split(".")
    if len(pieces) > 4 or not all(re.fullmatch(r"0x[0-9a-f]*|\d+", piece, re.ASCII) for piece in pieces):
        return None
    try:
        *front, last = (_number(piece) for piece in pieces)
        value = sum(piece << 8 * (3 - place) for place, piece in enumerate(front)) + last
        return ipaddress.IPv4Address(value) if all(piece < 256 for piece in front) else None
    except ValueError:
        return None


def _number(piece: str) -> int:
    if piece.startswith("0x"):
        return int(piece[2:] or "0", 16)
    return int(piece, 8 if piece.startswith("0") else 10)
