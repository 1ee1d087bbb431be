from __future__ import annotations

import pytest

from engine.site.links import MOST_ADDRESSES, addresses_from, linked_from, resolved, unlinked, with_relative_addresses
from tests.little_time import little_time


@pytest.mark.parametrize(
    "page",
    [
        b'<a href="a.txt">a</a>',
        b"<a class=x href='./a.txt#top'>a</a>",
        b"<img alt='' src=a.txt>",
        b"<object data=\"a.txt?x=1\"></object>",
        b"<script>fetch('a.txt').then(show)</script>",
        b"<script src='app.js'></script>",
        b"<link rel=stylesheet href='css/x.css'>",
        b"<A HREF = \"a.txt\" >a</A>",
        b"<a href='sub/../a.txt'>a</a>",
    ],
)  # fmt: skip
def test_what_a_page_links_or_loads_is_found(page: bytes) -> None:
    files = {
        "index.html": page,
        "a.txt": b"a",
        "app.js": b"fetch(`a.txt`)",
        "css/x.css": b"body{background:url(../a.txt)}",
    }
    assert unlinked("index.html", ["a.txt"], files) == ([], [])


@pytest.mark.parametrize(
    "page",
    [
        b"<p>a.txt</p>",
        b"<!-- <a href='a.txt'> -->",
        b"<a href='https://example.org/a.txt'>a</a>",
        b"<a href='/a.txt'>a</a>",
        b"<a href='other/a.txt'>a</a>",
        b"<a href='b-a.txt'>a</a>",
        b"<a data-href='a.txt'>a</a>",
    ],
)
def test_a_name_that_is_no_link_is_none(page: bytes) -> None:
    assert unlinked("index.html", ["a.txt"], {"index.html": page, "a.txt": b"a"}) == (["a.txt"], [])


def test_a_name_in_a_scripts_text_alone_may_be_linked_by_it() -> None:
    page = b"<script>for (const name of ['a.txt']) list.append(link(name))</script>"
    files = {"index.html": page, "a.txt": b"", "b.txt": b""}
    assert unlinked("index.html", ["a.txt", "b.txt"], files) == (["b.txt"], ["a.txt"])
    loaded = {**files, "index.html": b"<script src=app.js></script>", "app.js": page}
    assert unlinked("index.html", ["a.txt", "b.txt"], loaded) == (["b.txt"], ["a.txt"])


def test_a_link_of_a_script_is_relative_to_the_page_and_one_of_a_style_to_itself() -> None:
    files = {
        "index.html": b"<script src=js/app.js></script><link href=css/x.css>",
        "js/app.js": b"fetch('a.json')",
        "css/x.css": b"@import 'b.css';",
    }
    assert {"a.json", "css/b.css"} <= linked_from("index.html", files)


@pytest.mark.parametrize(
    ("page", "address", "path"),
    [
        ("index.html", "about.html", "about.html"),
        ("index.html", "about", "about.html"),
        ("index.html", "docs/", "docs/index.html"),
        ("index.html", "./docs/b.html#top", "docs/b.html"),
        ("index.html", "my%20data.csv?x=1", "my data.csv"),
        ("docs/a.html", "../index.html", "index.html"),
        ("docs/a.html", "b.html", "docs/b.html"),
        ("index.html", "gone.html", "gone.html"),
        ("index.html", "../up.html", ""),
        ("index.html", "/about.html", ""),
        ("index.html", "//x.org/y", ""),
        ("index.html", "mailto:a@b.c", ""),
        ("index.html", "?x=1", ""),
        ("index.html", "#t", ""),
        ("index.html", "${name}", ""),
    ],
)
def test_an_address_leads_to_a_path_of_the_site_or_out_of_it(page: str, address: str, path: str) -> None:
    assert resolved(page, address, {"about.html", "docs/index.html", "docs/b.html", "my data.csv"}) == path


def test_the_addresses_of_a_page_are_returned_as_they_stand_for_and_so_many_of_a_file() -> None:
    page = b"<a href='https://x.test/?a=1&amp;b=2'>x</a><script>fetch('a.json')</script>"
    assert addresses_from("index.html", {"index.html": page}) == {"https://x.test/?a=1&b=2", "a.json"}
    many = "".join(f"<a href='{number}.txt'>x</a>" for number in range(MOST_ADDRESSES + 10)).encode()
    assert len(addresses_from("index.html", {"index.html": many})) == MOST_ADDRESSES


@pytest.mark.parametrize(
    "page",
    [
        b"<!--" * 60_000,
        b"<script>" * 30_000,
        b"<a href=" * 30_000,
        b" href = " * 30_000,
        b"fetch('" * 30_000,
        b"url(" * 60_000,
    ],
)
def test_hostile_pages_are_read_in_no_time(page: bytes) -> None:
    with little_time():
        assert unlinked("index.html", ["a.txt"], {"index.html": page, "a.txt": b""}) == (["a.txt"], [])


@pytest.mark.parametrize(
    ("source", "mended", "moved"),
    [
        (b"fetch('/a.json').then(show)", b"fetch('./a.json').then(show)", ["/a.json"]),
        (b"<img src=/i.png alt=''><a href=\"/a.json?x=1\">a</a>",
            b"<img src=./i.png alt=''><a href=\"./a.json?x=1\">a</a>", ["/i.png", "/a.json?x=1"]),
        (b"import { a } from '/app.js'", b"import { a } from './app.js'", ["/app.js"]),
        (b"body { background: url(/i.png) }", b"body { background: url(./i.png) }", ["/i.png"]),
        (b"fetch('/my%20data.csv'); '\xff'", b"fetch('./my%20data.csv'); '\xff'", ["/my%20data.csv"]),
        (b"<script>fetch('/a.json')</script><script>fetch('/a.json')</script>",
            b"<script>fetch('./a.json')</script><script>fetch('./a.json')</script>", ["/a.json"]),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_host_and_lies_beside_the_page_is_asked_of_the_site(
    source: bytes, mended: bytes, moved: list[str]
) -> None:
    files = {"a.json", "app.js", "i.png", "my data.csv"}
    assert with_relative_addresses(source, files) == (mended, moved)
    assert with_relative_addresses(mended, files) == (mended, [])


@pytest.mark.parametrize(
    "source",
    [
        b"fetch('/b.json')",
        b"fetch('//a.json/a.json')",
        b"fetch('https://x.test/a.json')",
        b"<a href='/repo/a.json'>a</a>",
        b"if (location.pathname === '/a.json') go()",
        b"<a href='a.json'>a</a>",
        b"<a href='/'>home</a>",
    ],
)
def test_other_addresses_stay_as_they_are(source: bytes) -> None:
    assert with_relative_addresses(source, {"a.json"}) == (source, [])
