"""Predicates about the links and resources of a page or a Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.plan.deciding.test_decide import FAIL, PASS, UNVERIFIABLE, decided

if TYPE_CHECKING:
    from engine.domain.checks import Verdict

API = "https://api.example.org/v1/rates.json"


@pytest.mark.parametrize(
    ("page", "to", "expected"),
    [
        ("<a href='about.md'>a</a>", "about.md", (PASS, "it links 'about.md'")),
        ("<a href='./about.md#x'>a</a><img src=pelican.svg>", ["./about.md", "/pelican.svg"],
            (PASS, "it links './about.md', '/pelican.svg'")),
        ("<a href='docs/'>a</a>", "docs/index.html", (PASS, "it links 'docs/index.html'")),
        ("<a href='docs/index.html'>a</a>", "docs/", (PASS, "it links 'docs/'")),
        ("<a href='about.md'>a</a>", ["about.md", "pelican.svg", "uid.txt"],
            (FAIL, "not linked: pelican.svg, uid.txt")),
        ("<p>about.md</p>", "about.md", (FAIL, "not linked: about.md")),
        ("<script>for (const f of ['about.md']) link(f)</script>", "about.md",
            (UNVERIFIABLE, "only a script's text names about.md")),
        ("<script src=app.js></script>", "data.json", (PASS, "it links 'data.json'")),
        ("<a href='missing.txt'>a</a>", "missing.txt", (PASS, "it links 'missing.txt'")),
        (f"<script>fetch('{API}')</script>", API, (PASS, f"it links '{API}'")),
        (f"<script>const url = '{API}'; fetch(url)</script>", API, (UNVERIFIABLE, f"only a script's text names {API}")),
        (f"<p>{API}</p>", API, (FAIL, f"not linked: {API}")),
        ("<a href='https://example.org'>a</a>", "https://example.org/", (PASS, "it links 'https://example.org/'")),
        ("<a href='https://example.org/?a=1&amp;b=2'>a</a>", "https://example.org/?a=1&b=2",
            (PASS, "it links 'https://example.org/?a=1&b=2'")),
        ("<a href='https://example.org/more'>a</a>", "https://example.org/",
            (FAIL, "not linked: https://example.org/")),
        ("<a href='#top'>a</a>", "#top", (PASS, "it links '#top'")),
    ],
)  # fmt: skip
def test_a_page_links_what_stands_in_its_addresses(
    page: str, to: str | list[str], expected: tuple[Verdict, str]
) -> None:
    files = {"index.html": page.encode(), "app.js": b"fetch('data.json')", "docs/index.html": b"x"}
    assert decided({"kind": "links", "to": to}, files) == expected


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("[a](../about.md)", True),
        ("[a](<../about.md>), [b](b.md)", True),
        ('[a](../about.md "About (me)")', True),
        ("![a](../about.md)", True),
        ("[a][1]\n\n[1]: ../about.md\n", True),
        ("<a href='../about.md'>a</a>", True),
        ("[a](/about.md)", False),
        ("about.md", False),
        ("[a](about.md)", False),
        ("[about.md](b.md)", False),
    ],
)
def test_a_markdown_file_links_its_destinations(text: str, holds: bool) -> None:
    predicate = {"kind": "links", "path": "docs/a.md", "to": ["about.md"]}
    assert decided(predicate, {"docs/a.md": text.encode(), "about.md": b"x"})[0] is (PASS if holds else FAIL)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"See {API}.", True),
        (f"<{API}>", True),
        (f"[the rates]({API})", True),
        (f"{API}l", False),
        ("https://api.example.org/v1", False),
    ],
)
def test_a_markdown_file_links_addresses_that_stand_in_it(text: str, holds: bool) -> None:
    predicate = {"kind": "links", "path": "README.md", "to": [API]}
    assert decided(predicate, {"README.md": text.encode()})[0] is (PASS if holds else FAIL)
