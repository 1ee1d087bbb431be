"""Build scripts in a real browser: what they compute, and what becomes of those that do harm or make no sense."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright

from engine.adapters.browser.chromium_browser import NO_CHROMIUM, NO_PLACE, ChromiumBrowser, Machine
from engine.adapters.browser.job import Computed, ComputeJob
from engine.adapters.browser.places import place
from engine.check_browser.chromium import launch
from engine.check_browser.computing import compute
from engine.domain.browser_report import Computation, Fill
from tests.engine.check_browser.canary import canary
from tests.processes import mentioning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.async_api import Browser

    Runs = Callable[[str], Computed]

pytestmark = [pytest.mark.browser]

SALES = "\ufeffday,amount\r\n2024-03-31T00:30:00Z,1.5\r\n2024-03-31T01:30:00Z,2.25\r\n".encode()
FILES = {"sales.csv": SALES, "pixel.bin": bytes(range(256)), "old.txt": "Größe".encode("latin-1")}


@pytest.fixture(scope="module")
def computed(chromium: str, sandbox: bool) -> Iterator[Runs]:
    """Return a function that runs a script as the process does. All scripts of a test run share one browser."""
    job = ComputeJob("", FILES, chromium, sandbox, 20)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def started() -> Browser:
        browser, _ = await launch(await async_playwright().start(), job)
        return browser

    browser = asyncio.run_coroutine_threadsafe(started(), loop).result()

    def run(script: str) -> Computed:
        one = ComputeJob(script, job.files, job.executable, job.sandbox, job.seconds)
        result = asyncio.run_coroutine_threadsafe(compute(one, browser), loop).result()
        assert isinstance(result, Computed)
        return result

    yield run
    asyncio.run_coroutine_threadsafe(browser.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture
def built(computed: Runs) -> Runs:
    """Return a function that runs a script with a function body, which starts in the script's second line."""
    return lambda body: computed(f"async function build(files) {{\n{body}\n}}")


def alone(machine: Machine, body: str, seconds: float = 20, wait: float = 60) -> Computation:
    """Return what a script with a function body computes in a process of its own."""
    return ChromiumBrowser(machine).compute(
        f"async function build(files) {{\n{body}\n}}", FILES, seconds=seconds, wait=wait
    )


def test_results_are_exact(built: Runs) -> None:
    result = built(
        """
const rows = files["sales.csv"].trim().split("\\r\\n").slice(1).map((line) => line.split(","));
const hash = await crypto.subtle.digest("SHA-256", files["pixel.bin"]);
const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
const berlin = new Intl.DateTimeFormat("sv", {timeZone: "Europe/Berlin", dateStyle: "short", timeStyle: "short"});
const xml = new DOMParser().parseFromString("<a><b n='1'/><b n='2'/></a>", "text/xml");
return {
  files: {
    "result.json": {
      total: rows.reduce((sum, row) => sum + Number(row[1]), 0),
      local: rows.map((row) => berlin.format(new Date(row[0]))),
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone, offset: new Date("2024-07-01").getTimezoneOffset(),
      decimal: (1234.5).toLocaleString(), old: new TextDecoder("windows-1252").decode(files["old.txt"]),
      elements: xml.querySelectorAll("b").length, names: Object.keys(files),
    },
    "hash.txt": hex,
    "first.bin": files["pixel.bin"].subarray(0, 3),
    "many.json": Array.from({length: 30000}, (_, at) => at),
  },
  fills: {max: 2.25, title: "a < b", rows: [{a: 1}], yes: true},
};""",
    )
    assert result.error == ""
    assert json.loads(result.files["result.json"]) == {
        "total": 3.75,
        "local": ["2024-03-31 01:30", "2024-03-31 03:30"],
        "zone": "UTC",
        "offset": 0,
        "decimal": "1,234.5",
        "old": "Größe",
        "elements": 2,
        "names": ["sales.csv", "pixel.bin", "old.txt"],
    }
    assert result.files["hash.txt"].decode() == hashlib.sha256(bytes(range(256))).hexdigest()
    assert result.files["first.bin"] == b"\0\1\2"
    assert result.files["result.json"].startswith(b'{\n  "total"')
    assert result.files["many.json"].startswith(b"[0,1,")  # a large file is not indented
    assert {name: fill.text for name, fill in result.fills.items()} == {
        "max": "2.25",
        "title": "a < b",
        "rows": None,
        "yes": "true",
    }
    assert json.loads(result.fills["rows"].json) == [{"a": 1}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        "const build = async (files) => ({files: {'a.txt': 'x'}});",
        "function build() { return {files: {'a.txt': 'x'}} }",
        "function parse() { return 'x' }\nasync function build() { return {files: {'a.txt': parse()}} }",
    ],
)
def test_any_function_of_that_name_is_called(computed: Runs, script: str) -> None:
    assert computed(script) == Computed({"a.txt": b"x"})


def test_a_script_may_return_only_fills(built: Runs) -> None:
    assert built("return {fills: {n: 1}}") == Computed(fills={"n": Fill("1", "1")})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("\n\nreturn files['no.csv'].length", "tools/build.js:4: TypeError: Cannot read properties of undefined"),
        ("throw new Error('a row of sales.csv has no amount')", "tools/build.js:2: Error: a row of sales.csv has no"),
        ("throw 'up'", "tools/build.js: up was thrown"),
        ("throw null", "tools/build.js: null was thrown"),
        ("return null", "tools/build.js: build() returned null; it must return {files: {path: content}, fills:"),
        ("return 5", "tools/build.js: build() returned a value of the type number"),
        ("return [1]", "tools/build.js: build() returned a Array"),
        ("", "tools/build.js: build() returned a value of the type undefined"),
        ("return {'a.json': 1}", "tools/build.js: build() returned an object with a.json; it must return"),
        ("return {files: []}", "tools/build.js: build() returned files that are no object"),
        ("return {files: {'a.json': null}}", "tools/build.js: a.json is null"),
        (
            "const o = {}; o.o = o; return {files: {'a.json': o}}",
            "tools/build.js: a.json is no JSON: Converting circular",
        ),
        ("return {files: {'a.json': {x: 1n}}}", 'tools/build.js: a.json: "x" is a BigInt'),
        ("return {files: {'a.json': () => 1}}", "tools/build.js: a.json is a function"),
        ("return {files: {'a.json': {f() {}}}}", 'tools/build.js: a.json: "f" is a function'),
        ("return {files: {'a.json': {m: new Map()}}}", 'tools/build.js: a.json: "m" is a Map, which JSON has not'),
        ("return {files: {'a.json': {m: 0 / 0}}}", 'tools/build.js: a.json: "m" is NaN, which JSON has not'),
        (
            "return {files: {'a.json': Promise.resolve(1)}}",
            "tools/build.js: a.json is a Promise, which JSON has not: an",
        ),
        ("return {fills: {n: 1 / 0}}", "tools/build.js: fills.n is Infinity"),
        ("return {fills: {n: undefined}}", "tools/build.js: fills.n is undefined"),
    ],
)
def test_what_makes_no_sense_is_an_error_with_its_line(built: Runs, body: str, error: str) -> None:
    result = built(body)
    assert result.error.startswith(error)
    assert (result.files, result.fills) == ({}, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("let x = 1;\nfunction build( {", "tools/build.js:2: SyntaxError: "),
        ("export async function build() {}", "tools/build.js:1: SyntaxError: Unexpected token 'export'"),
        ("\nmodule.exports = {build}; function build() {}", "tools/build.js:2: ReferenceError: module is not defined"),
        ("let x = 1", "tools/build.js: it defines no function build(files)"),
        ("", "tools/build.js: it defines no function build(files)"),
        ("const build = 7", "tools/build.js: it defines no function build(files)"),
    ],
)
def test_a_script_that_does_not_load_is_an_error_with_its_line(computed: Runs, script: str, error: str) -> None:
    assert computed(script).error.startswith(error)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "refused"),
    [
        ("Date.now()", "Date.now()"),
        ("new Date()", "new Date()"),
        ("Date()", "Date()"),
        ("new (new Date(0).constructor)()", "new Date()"),
        ("new Intl.DateTimeFormat('en').format()", "Intl.DateTimeFormat without a date"),
        ("new Intl.DateTimeFormat('en').formatToParts()", "Intl.DateTimeFormat without a date"),
        ("performance.now()", "performance"),
        ("Math.random()", "Math.random()"),
        ("crypto.randomUUID()", "crypto.randomUUID()"),
        ("crypto.getRandomValues(new Uint8Array(1))", "crypto.getRandomValues()"),
    ],
)
def test_clock_and_random_numbers_are_refused_with_the_reason(built: Runs, expression: str, refused: str) -> None:
    result = built(f"return {{files: {{'a.txt': String({expression})}}}}")
    assert result.error.startswith(
        f"tools/build.js:2: Error: {refused} cannot be used in tools/build.js: it must give the same whenever it runs"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        (
            "let n = 0; const channel = new MessageChannel();"  # how often something happens in 50 ms
            "channel.port1.onmessage = () => { n++; channel.port2.postMessage(1) }; channel.port2.postMessage(1);"
            "await new Promise((done) => setTimeout(done, 50)); return {files: {'n.txt': String(n)}}"
        ),
        "return {files: {'n.txt': URL.createObjectURL(new Blob(['x']))}}",  # the identity of an object
        "return {files: {'n.txt': String(document.timeline.currentTime)}}",
    ],
)
def test_two_runs_that_differ_are_an_error_that_names_the_file(built: Runs, body: str) -> None:
    assert built(body).error == "tools/build.js: two runs on the same files gave a different n.txt"


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "await fetch(URL_)",
        "new XMLHttpRequest().open('GET', URL_)",
        "new WebSocket(URL_.replace('http', 'ws'))",
        "navigator.sendBeacon(URL_, 'x')",
        "new EventSource(URL_)",
        "window.open(URL_)",
        "new Worker(URL_)",
        "await import(URL_)",
        "await fetch('file:///etc/passwd')",
        "return {files: {'a.txt': localStorage.getItem('a') + ''}}",
        "indexedDB.open('a')",
        "alert(1)",
    ],
)
def test_network_windows_and_storage_are_refused(built: Runs, body: str) -> None:
    with canary() as port:
        result = built(body.replace("URL_", json.dumps(f"http://127.0.0.1:{port.port}/")))
        assert result.error.startswith("tools/build.js")
        assert "cannot be used" in result.error or "Failed to fetch dynamically imported module" in result.error
        assert port.knocks == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        # Functions of another realm, without our refusals.
        (
            "const frame = document.createElement('iframe'); document.documentElement.append(frame);"
            "return {files: {'a.txt': String(frame.contentWindow.fetch)}}"
        ),
        (
            "const frame = document.createElement('iframe'); frame.src = URL_; document.documentElement.append(frame);"
            "await new Promise((done) => setTimeout(done, 500)); return {files: {'a.txt': frame.contentWindow.name}}"
        ),
        "location.href = URL_; await new Promise((done) => setTimeout(done, 2000)); return {}",
        (
            "const form = document.createElement('form'); form.action = URL_; document.documentElement.append(form);"
            "form.submit(); await new Promise((done) => setTimeout(done, 500)); return {fills: {a: frames[0].name}}"
        ),
        "eval('1'); return {}",
        "new Function('return 1')(); return {}",
    ],
)
def test_ways_around_the_refusals_end_at_the_pages_walls(built: Runs, body: str) -> None:
    with canary() as port:
        result = built(body.replace("URL_", json.dumps(f"http://127.0.0.1:{port.port}/")))
        assert result.error
        assert (result.files, port.knocks) == ({}, [])


@pytest.mark.slow
def test_what_reaches_the_network_silently_reaches_nobody(built: Runs) -> None:
    with canary() as port:
        result = built(
            f"""const url = "http://127.0.0.1:{port.port}/";
const tags = {{img: "src", link: "href", script: "src", video: "src", object: "data"}};
for (const [tag, name] of Object.entries(tags)) {{
  const element = document.createElement(tag);
  if (tag === "link") element.rel = "stylesheet";
  element[name] = url;
  document.head.append(element);
}}
document.head.insertAdjacentHTML("beforeend", `<style>@import "${{url}}"</style>`);
document.head.insertAdjacentHTML("beforeend", `<link rel="preconnect" href="${{url}}">`);
await new Promise((done) => setTimeout(done, 1000));
return {{files: {{"a.txt": "x"}}}};""",
        )
        assert (result.files, port.knocks) == ({"a.txt": b"x"}, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            "return {files: Object.fromEntries(Array.from({length: 10000}, (_, at) => [`f${at}.txt`, 'x']))}",
            "build() returned 10,000 files, at most 40 are taken",
        ),
        ("return {files: {'a.txt': 'x'.repeat(1000001)}}", "a.txt is larger than 1,000,000 bytes"),
        ("return {files: {'a.txt': 'ü'.repeat(600000)}}", "a.txt is larger than 1,000,000 bytes"),
        ("return {files: {'a.json': Array.from({length: 300000}, (_, at) => at)}}", "a.json is larger than 1,000,000"),
        (
            "return {files: Object.fromEntries(Array.from({length: 6}, (_, at) => [`f${at}`, 'x'.repeat(900000)]))}",
            "all files together are larger than 5,000,000 bytes",
        ),
        (
            "return {fills: Object.fromEntries(Array.from({length: 501}, (_, at) => [at, 1]))}",
            "build() returned 501 fills, at most 500 are taken",
        ),
        ("return {fills: {a: 'x'.repeat(1000001)}}", "all fills together are larger than 1,000,000 bytes"),
    ],
)
def test_too_much_is_refused_in_the_page(built: Runs, body: str, error: str) -> None:
    assert built(body).error.startswith(f"tools/build.js: {error}")


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
@pytest.mark.parametrize("body", ["for (;;);", "return new Promise(() => {})"])
def test_a_script_without_an_end_is_ended(machine: Machine, homes: Path, body: str) -> None:
    result = alone(machine, body, seconds=2)
    assert result.error == "tools/build.js: its two runs did not end within 2 s"
    assert mentioning(str(homes)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
def test_a_script_that_never_loads_is_ended(machine: Machine) -> None:
    ended = ChromiumBrowser(machine).compute("for (;;);", {}, seconds=2, wait=60)
    assert ended.error == "tools/build.js: its two runs did not end within 2 s"


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
def test_a_process_of_its_own_returns_files_and_fills(machine: Machine) -> None:
    result = alone(machine, "return {files: {'first.bin': files['pixel.bin'].subarray(0, 2)}, fills: {a: 'ü'}}")
    assert result == Computation({"first.bin": b"\0\1"}, {"a": Fill('"ü"', "ü")})


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "const all = []; for (let n = 0; n < 40; n++) all.push(new Uint8Array(4e7).fill(1)); return {}",
        "new Uint8Array(1.6e9); return {}",
    ],
    ids=["in parts", "at once"],
)
def test_the_kernel_refuses_buffers_beyond_the_limit(built: Runs, body: str) -> None:
    assert built(body).error == "tools/build.js:2: RangeError: Array buffer allocation failed"


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
@pytest.mark.parametrize(
    "body",
    [
        "const all = []; for (;;) all.push(new Array(1e6).fill({}))",
        "const all = []; for (let at = 0; ; at++) all.push({at, text: 'x' + at})",
        "for (;;) document.head.append(document.createElement('p'))",
    ],
    ids=["arrays", "objects", "elements"],
)
def test_a_script_that_takes_too_much_memory_is_ended(machine: Machine, homes: Path, body: str) -> None:
    error = alone(machine, body, seconds=60).error
    assert error == "tools/build.js: it was ended, most likely because it took more than 512 MB of memory"
    assert mentioning(str(homes)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
def test_without_a_browser_nothing_is_computed_and_the_reason_is_said(machine: Machine, tmp_path: Path) -> None:
    missing = Machine(tmp_path / "places", executable=str(tmp_path / "none"))
    assert alone(missing, "").not_run.startswith(f"{tmp_path / 'none'} does not start as a Chromium")
    with ExitStack() as taken:
        for _ in range(machine.places):
            taken.enter_context(place(machine.folder, machine.places, 1))
        assert alone(machine, "", wait=1).not_run == NO_PLACE


@pytest.mark.slow
@pytest.mark.usefixtures("homes")
def test_a_browser_that_is_too_slow_is_not_the_scripts_fault(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.adapters.browser.chromium_browser.STARTING", -19.9)
    assert alone(machine, "return new Promise(() => {})").not_run == "the check browser: its time was over"


def test_a_machine_without_chromium_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert ChromiumBrowser(Machine(tmp_path)).compute("", {}, seconds=1, wait=1) == Computation(not_run=NO_CHROMIUM)
