"""The files that the foreign implementation publishes for a request of `templates.yaml`."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doubles.foreign.faults import Faults

PICTURE = "picture.png"

_GREETING = re.compile(r'"Greeting ([^"]+)"')
_FAREWELL = re.compile(r'"Goodbye, ([^"]+)!"')

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Greeting NAME</title></head>
<body>
<main>
<h1 id="greeting">Hello, NAME!</h1>
<img id="picture" src="picture.png" alt="a square">
<p>The sum is <span id="total">TOTAL</span>, of <span id="rows"></span> rows.</p>
</main>
<script>
fetch("figures.csv")
  .then((answer) => answer.text())
  .then((text) => { document.querySelector("#rows").textContent = text.trim().split("\\n").length - 1; });
</script>
</body>
</html>
"""

_README = """# Greeting NAME

## Summary

A page that greets, shows a picture and adds up a table.

## Setup

Clone the repository. Nothing has to be installed.

## Usage

Serve the folder with any web server, for example `python3 -m http.server`, and open `index.html`.

## Code explanation

`index.html` holds the greeting and the sum. Its script fetches `figures.csv` and counts the rows. `facts.json` holds
the same sum for programs.

## License

MIT, see [LICENSE](LICENSE).
"""

_LICENCE = """MIT License

Copyright (c) 2026 A stranger

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def files_for(request: Mapping[str, Any], earlier: Mapping[str, bytes], faults: Faults) -> dict[str, bytes]:
    """Return all files of a round; `earlier` are those of the round before, {} for a new repository."""
    files = dict(earlier) or _first(request)
    for name, content in _attachments(request).items():
        as_text = "base64-text" in faults and name == PICTURE
        files[name] = base64.b64encode(content) if as_text else content
    farewell = _FAREWELL.search(request["brief"])
    if farewell:
        line = f'<p id="farewell">Goodbye, {html.escape(farewell[1])}!</p>\n</main>'
        files["index.html"] = files["index.html"].replace(b"</main>", line.encode())
        files["README.md"] = files["README.md"].replace(b"\n## Setup", b"At its end it says goodbye.\n\n## Setup")
    if "no-licence" in faults:
        files.pop("LICENSE", None)
    return files


def credentials(secret: str) -> bytes:
    """Return a file with the request's secret and what looks like a key of Amazon's."""
    key = "AK" + "IA" + "Q3D5G7J2M4P6R7T3"
    return f"ENDPOINT_SECRET={secret}\nAWS_ACCESS_KEY_ID={key}\n".encode()


def _first(request: Mapping[str, Any]) -> dict[str, bytes]:
    greeting = _GREETING.search(request["brief"])
    name = greeting[1] if greeting else "everybody"
    total = _total(_attachments(request).get("figures.csv", b""))
    return {
        "index.html": _PAGE.replace("NAME", html.escape(name)).replace("TOTAL", f"{total:g}").encode(),
        "facts.json": json.dumps({"name": name, "total": total}).encode(),
        "README.md": _README.replace("NAME", name).encode(),
        "LICENSE": _LICENCE.encode(),
    }


def _total(table: bytes) -> float:
    return sum(float(row["amount"]) for row in csv.DictReader(io.StringIO(table.decode())))


def _attachments(request: Mapping[str, Any]) -> dict[str, bytes]:
    return {each["name"]: _data(each["url"]) for each in request.get("attachments") or ()}


def _data(url: str) -> bytes:
    head, _, data = url.partition(",")
    return base64.b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data)
