from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.addresses import address_problem, is_private_host, parse_url, port_problem

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]

HOSTILE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "4000::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:808:808:0:0:80ff:fffe",  # Teredo of a client at 127.0.0.1
    "2001:0:7f00:1:0:0:f7f7:f7f7",  # Teredo by a server at 127.0.0.1
    "2606:4700::5efe:7f00:1",
    "not an address",
    "",
]

NEVER = [
    "169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "224.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::",
]


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_address_may_be_contacted(ip: str) -> None:
    assert address_problem(ip) is None


@pytest.mark.parametrize("ip", HOSTILE)
def test_hostile_address_is_refused(ip: str) -> None:
    assert address_problem(ip)


@pytest.mark.parametrize(
    "ip", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.7", "fd12::1", "::ffff:127.0.0.1", "100.64.0.1"]
)
def test_private_address_is_admitted_where_private_is_allowed(ip: str) -> None:
    assert address_problem(ip, allow_private=True) is None


@pytest.mark.parametrize("ip", [*NEVER, *(f"::ffff:{ip}" for ip in NEVER if "." in ip)])
def test_metadata_multicast_and_unspecified_are_refused_even_then(ip: str) -> None:
    assert address_problem(ip, allow_private=True)


@given(st.ip_addresses(v=4, network="127.0.0.0/8") | st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_no_wrapping_hides_a_private_address(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    wrapped = [0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80, 0xFFFF << 48 | number]
    assert all(address_problem(str(ipaddress.IPv6Address(address))) for address in wrapped)


@pytest.mark.parametrize(
    ("url", "host", "port", "normal"),
    [
        ("https://example.com", "example.com", 443, "https://example.com/"),
        ("HTTP://Example.COM.:8080/a?b#c", "example.com", 8080, "http://example.com:8080/a?b"),
        ("http://[::1]:80/x", "::1", 80, "http://[::1]/x"),
        ("https://b\u00fccher.example/\u00e4", "xn--bcher-kva.example", 443, "https://xn--bcher-kva.example/\u00e4"),
        ("http://my_evaluator:9000/notify", "my_evaluator", 9000, "http://my_evaluator:9000/notify"),
        ("http://2130706433/", "2130706433", 80, "http://2130706433/"),
    ],
)
def test_url_is_taken_apart(url: str, host: str, port: int, normal: str) -> None:
    target = parse_url(url)
    assert (target.host, target.port, target.url) == (host, port, normal)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http:///path",
        "http://",
        "http://user@example.com/",
        "http://user:pass@example.com/",
        "http://example.com@127.0.0.1/",
        "http://@127.0.0.1/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:x/",
        "http://example.com:-1/",
        "http://exa mple.com/",
        "http://example.com/\r\nX: y",
        "http://example.com/\x00",
        "http://example.com\\@127.0.0.1/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[not-an-address]/",
        "http://%31%32%37.0.0.1/",
        "http://exam!ple.com/",
        "http://a..b/",
        "http://-a.example/",
        f"http://{'a' * 64}.example/",
        "http://" + "a" * 8000,
        " http://example.com/",
        "http://example.com/\ud800",
    ],
)
def test_unusable_url_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_url(url)


@given(st.text(max_size=60) | st.from_regex(r"https?://[^/]{0,30}(/.{0,20})?", fullmatch=True))
def test_any_text_gives_a_target_or_a_value_error(text: str) -> None:
    try:
        target = parse_url(text)
    except ValueError:
        return
    assert target.host.isascii()
    assert 0 < target.port < 65536
    assert parse_url(target.url) == target


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "admin.localhost",
        "printer.local",
        "metadata.google.internal",
        "localhost.localdomain",
        "ip6-localhost",
        "nas.home.arpa",
        "127.0.0.1",
        "10.0.0.8",
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "169.254.169.254",
        "::1",
        "[::1]",
        "::ffff:7f00:1",
        "fd00::1",
    ],
)
def test_private_host_is_known_without_a_look_up(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "1.1.1.1",
        "134744072",
        "0x08.0x08.2056",
        "2606:4700::1111",
        "local.example",
        "a",
        "1.2.3.4.5",
        "999999999999",
        "08.1",
        "256.1.1.1",
    ],
)
def test_other_host_is_left_to_the_guard(host: str) -> None:
    assert not is_private_host(host)


def test_full_width_notation_of_loopback_is_private() -> None:
    assert is_private_host(parse_url("http://\uff11\uff12\uff17.0.0.1/").host)


@pytest.mark.parametrize(
    "url", ["http://a.example/", "https://a.example/", "https://a.example:80/", "http://a.example:443"]
)
@pytest.mark.parametrize("port", [1024, 3000, 5000, 7860, 8000, 8080, 8443, 9000, 32768, 65535])
def test_web_ports_may_be_contacted(url: str, port: int) -> None:
    assert port_problem(parse_url(url)) is None
    assert port_problem(parse_url(f"http://a.example:{port}/")) is None


@pytest.mark.parametrize(
    "port",
    [
        *(1, 7, 22, 23, 25, 53, 79, 81, 110, 111, 143, 389, 465, 587, 636, 993, 1023),
        *(1720, 2049, 4045, 5060, 6000, 6667, 6697, 10080),  # of the fetch standard
        *(2375, 3306, 3389, 5432, 6379, 9200, 11211, 27017),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_ports_of_other_services_are_named(scheme: str, port: int) -> None:
    assert f"Port {port} " in (port_problem(parse_url(f"{scheme}://a.example:{port}/")) or "")
