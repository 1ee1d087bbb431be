from __future__ import annotations

import pytest

from engine.core.checks import Verdict
from engine.core.page_links import at_home, leads_somewhere, linked_from, links_all
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
    assert links_all("index.html", ["a.txt"]).result(files).verdict is Verdict.PASS


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
    result = links_all("index.html", ["a.txt"]).result({"index.html": page, "a.txt": b"a"})
    assert (result.verdict, result.detail) == (Verdict.FAIL, "not linked: a.txt")


def test_a_name_in_a_scripts_text_alone_is_not_decided() -> None:
    page = b"<script>for (const name of ['a.txt']) list.append(link(name))</script>"
    assert links_all("index.html", ["a.txt"]).result({"index.html": page, "a.txt": b""}).verdict is Verdict.UNVERIFIABLE


def test_a_link_of_a_script_is_relative_to_the_page_and_one_of_a_style_to_itself() -> None:
    files = {
        "index.html": b"<script src=js/app.js></script><link href=css/x.css>",
        "js/app.js": b"fetch('a.json')",
        "css/x.css": b"@import 'b.css';",
    }
    assert {"a.json", "css/b.css"} <= linked_from("index.html", files)


@pytest.mark.parametrize(
    ("page", "broken"),
    [
        (b"<a href='about.html'>x</a><a href='about'>y</a><a href='docs/'>z</a><a href=''>s</a><a href='#t'>t</a>", ""),
        (b"<a href='mailto:a@b.c'>x</a><a href='//x.org/y'>y</a><a href='?x=1'>z</a>", ""),
        (b"<a href='gone.html'>x</a>", "gone.html"),
        (b"<a href='/about.html'>x</a>", "/about.html"),
        (b"<a href='../up.html'>x</a>", "../up.html"),
        (b"<script>const t = '<a href=\"x.html\">'</script>", ""),
    ],
)
def test_a_link_that_leads_nowhere_is_named(page: bytes, broken: str) -> None:
    files = {"index.html": page, "about.html": b"", "docs/index.html": b""}
    result = leads_somewhere("index.html").result(files)
    assert result.verdict is (Verdict.FAIL if broken else Verdict.PASS)
    assert broken in result.detail


def test_a_page_in_a_folder_links_from_there() -> None:
    files = {
        "docs/a.html": b"<a href='../index.html'>x</a><a href='b.html'>y</a>",
        "index.html": b"",
        "docs/b.html": b"",
    }
    assert leads_somewhere("docs/a.html").result(files).verdict is Verdict.PASS


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
        links_all("index.html", ["a.txt"]).result({"index.html": page, "a.txt": b""})


@pytest.mark.parametrize(
    ("source", "mended", "moved"),
    [
        (b"fetch('/a.json').then(show)", b"fetch('./a.json').then(show)", ["/a.json"]),
        (b"<img src=/i.png alt=''><a href=\"/a.json?x=1\">a</a>", b"<img src=./i.png alt=''><a href=\"./a.json?x=1\">a</a>", ["/i.png", "/a.json?x=1"]),
        (b"import { a } from '/app.js'", b"import { a } from './app.js'", ["/app.js"]),
        (b"body { background: url(/i.png) }", b"body { background: url(./i.png) }", ["/i.png"]),
        (b"fetch('/my%20data.csv'); '\xff'", b"fetch('./my%20data.csv'); '\xff'", ["/my%20data.csv"]),
        (b"<script>fetch('/a.json')</script><script>fetch('/a.json')</script>", b"<script>fetch('./a.json')</script><script>fetch('./a.json')</script>", ["/a.json"]),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_host_and_lies_beside_the_page_is_asked_of_the_site(
    source: bytes, mended: bytes, moved: list[str]
) -> None:
    files = {"a.json", "app.js", "i.png", "my data.csv"}
    assert at_home(source, files) == (mended, moved)
    assert at_home(mended, files) == (mended, [])


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
    assert at_home(source, {"a.json"}) == (source, [])
