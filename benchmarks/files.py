"""Two hundred files of every kind: what the model is told of each, and what a page that follows it shows.

`python -m benchmarks.files` serves the files and a page over HTTP. The page reads each file with the code of the
advice, or, where there is none, as ordinary code does, with the separator that the model is told.
"""

from __future__ import annotations

import argparse
import base64
import http.server
import json
import os
import re
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmarks.generated_files import generated_files
from benchmarks.measurement import opening, target
from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine
from engine.domain.brief import AttachedFile
from engine.inputs.attachments import describe, fault
from engine.inputs.reading_code import ADVICE, RESULTS, reading_codes, reading_script, with_advice
from tests.chromium import chromium, launched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.generated_files import GeneratedFile

FORMULA = "right = the page shows what the generator wrote, or, of a file that no page can read, the model is told why"

_PAGE = """<!doctype html><title>Files</title><script>
window.shown = {};
(async () => {
%s
  window.done = true;
})();
</script>"""
_READ = """\
  try {
    window.shown[%s] = JSON.stringify(await (async () => {
%s
return %s;
    })());
  } catch (error) { window.shown[%s] = String(error); }"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file, what the model is told in a line, whether it gets code, what the page shows, and whether it is right."""

    name: str
    told: str
    advised: bool
    shown: str
    right: bool

    @property
    def how(self) -> str:
        return "with code" if self.advised else "by ordinary code" if self.shown else "unreadable"


def advised_files(files: Sequence[GeneratedFile], browser: ChromiumBrowser) -> list[AttachedFile]:
    """Return the files as the service has them for a prompt, with the code that the browser ran on them."""
    attached = [AttachedFile(file.name, file.media_type, file.content) for file in files]
    codes = {file.name: found for file in attached if (found := reading_codes(file))}
    contents = {file.name: base64.b64encode(file.content) for file in attached if file.name in codes}
    computed = browser.compute(reading_script(codes), contents, seconds=20, wait=20)
    results = json.loads(computed.files[RESULTS])
    return [with_advice(file, codes.get(file.name, ()), results) for file in attached]


def see(files: Sequence[GeneratedFile], attached: Sequence[AttachedFile]) -> list[Seen]:
    """Serve the files beside a page that reads each as its description says, open it, and compare what it shows."""
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            (Path(folder) / file.name).write_bytes(file.content)
        page = _PAGE % "\n".join(map(_reading, attached))
        (Path(folder) / "index.html").write_text(page)
        with _served(folder) as origin, launched() as browser:
            opened = browser.new_page()
            opened.goto(f"{origin}/index.html")
            opened.wait_for_function("window.done", timeout=60_000)
            shown = opened.evaluate("window.shown")
    return [_seen(file, one, shown.get(file.name, "")) for file, one in zip(files, attached, strict=True)]


def _reading(file: AttachedFile) -> str:
    code, gives = _code(file)
    name = json.dumps(file.name)
    return _READ % (name, code.replace("</", "<\\/"), gives, name)


def _code(file: AttachedFile) -> tuple[str, str]:
    """Return the code that reads a file and the expression of what it gives, as a page's author would write it."""
    description = describe(file)
    if ADVICE in file.note:
        code = file.note.partition(":\nconst response")[2]
        gives = next(name for name in ("data", "rows", "text") if f"const {name} =" in code or f"...{name}]" in code)
        return f"const response{code}", "{header, rows}" if "[header, ..." in code else f"{{{gives}}}"
    fetched = f'const answer = await fetch("{quote(file.name)}");'
    if re.search(r"^JSON: |^It is called JSON", description, re.MULTILINE):
        return f"{fetched} const data = await answer.json();", "{data}"
    if found := re.search(r"^Table: (?:separator '(\S+)', )?header", description, re.MULTILINE):
        separator = found[1] or "\\n"
        lines = "(await answer.text()).split('\\n').filter((line) => line)"
        return (
            f"{fetched} const [header, ...rows] = {lines}.map((line) => line.split('{separator}'));",
            "{header, rows}",
        )
    return f"{fetched} const text = await answer.text();", "{text}"


def _seen(file: GeneratedFile, attached: AttachedFile, shown: str) -> Seen:
    description = describe(attached)
    lines = [line for line in description.splitlines()[1:] if not line.startswith((ADVICE, "const ", "Its address"))]
    told = next((line for line in lines if line.startswith(("It ", "Table", "JSON", "A "))), lines[0] if lines else "")
    if "said" in file.holds:
        right = file.holds["said"] in f"{description} {fault(attached)}" and ADVICE not in attached.note
        return Seen(file.name, told, False, "", right)
    return Seen(file.name, told, ADVICE in attached.note, shown, _same(shown, file.holds))


def _same(shown: str, holds: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(shown) == holds)
    except ValueError:
        return False


@contextmanager
def _served(folder: str) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    opening(FORMULA)
    files = generated_files()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder), chromium(), sandbox=os.geteuid() != 0)
        attached = advised_files(files, ChromiumBrowser(machine))
    took = time.monotonic() - began
    seen = see(files, attached)
    print("file | what the model is told | code | what the page shows | right", "--- | --- | --- | --- | ---", sep="\n")
    for one in seen:
        print(one.name, one.told[:90], "yes" if one.advised else "", one.shown[:60], one.right or "WRONG", sep=" | ")
    counts = Counter(one.how for one in seen)
    right = Counter(one.how for one in seen if one.right)
    for kind, count in counts.items():
        print(f"{kind}: {count}, right {right[kind]}")
    print(f"the advice took {took:.1f} s for all")
    target("files of which a page shows something else than they hold", len(seen) - right.total(), at_most=0)


if __name__ == "__main__":
    main()
