from __future__ import annotations

import pytest

from engine.formats.xml_text import read_xml, svg_problem
from tests.little_time import little_time

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaa">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(12))
    + b"]><z>&m;</z>"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="3"/></svg>'


def test_elements_are_counted_by_their_local_name() -> None:
    found = read_xml(b'<?xml version="1.0"?>\n<rss xmlns:a="u"><item/><item><a:item/></item></rss>')
    assert (found.root, found.counts["item"]) == ("rss", 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not well-formed"),
        (b"<a><b></a>", "not well-formed"),
        (b"<a>&nbsp;</a>", "not well-formed"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "encoding"),
        (BOMB, "declares the entity"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares the entity"),
        (b"<a>" * 5_000, "deep"),
        (b"<a/>" * 2, "not well-formed"),
        (b"\xff\xfe\x00", "well-formed"),
    ],
)  # fmt: skip
def test_what_is_no_safe_xml_is_refused_in_a_sentence(content: bytes, said: str) -> None:
    with little_time(), pytest.raises(ValueError, match=said):
        read_xml(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SVG, ""),
        (b'<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
            b'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">' + SVG, ""),
        (b"\n" + SVG, ""),
        (b"<svg><circle/></svg>", "lacks xmlns"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "draws nothing"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><p xmlns="x"><text/></p></svg>', "draws nothing"),
        (b"<html><svg/></html>", "root is <html>"),
        (b"A pelican", "not well-formed"),
        (SVG + b"trailing", "not well-formed"),
    ],
)  # fmt: skip
def test_an_svg_is_one_that_would_be_shown(content: bytes, said: str) -> None:
    assert (said in svg_problem(content)) is True
    assert bool(svg_problem(content)) is bool(said)
