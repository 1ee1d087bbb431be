from __future__ import annotations

import html

import pytest

from engine.prompts.parsing.escaping import unescaped

PAGE = "<!DOCTYPE html>\n<html><p>a &lt; b &amp; c</p><script>const f = (x) => x < 3 && x > 1;</script></html>\n"
SCRIPT = "const f = (x) => x < 3 && x > 1;\n"


@pytest.mark.parametrize("quote", [False, True])
def test_a_reply_that_is_escaped_as_a_whole_is_undone(quote: bool) -> None:
    files = {path: html.escape(text, quote=quote).encode() for path, text in (("index.html", PAGE), ("app.js", SCRIPT))}
    assert unescaped(files) == {"index.html": PAGE.encode(), "app.js": SCRIPT.encode()}


@pytest.mark.parametrize(
    "files",
    [
        {"index.html": PAGE.encode()},
        {"index.html": b"<pre>&lt;!DOCTYPE html&gt;</pre>"},
        {"notes.md": b"&lt;html&gt; is the first tag."},
        {"index.html": b"An &lt;html&gt; page."},
        {"index.html": PAGE.encode(), "a.js": b"s = '&lt;html&gt;'"},
    ],
)
def test_what_is_meant_to_be_escaped_stays(files: dict[str, bytes]) -> None:
    assert unescaped(files) == files
