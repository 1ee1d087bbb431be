"""Small pages with checks and their verdicts, for `test_table`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = "https://someone.github.io/repo/"


@dataclass(frozen=True)
class Case:
    """A page: its `body`, the files beside it, checks with their verdicts, and texts (`says`) of the report.

    Each check has a page of its own, so one case may have many. `window`: seconds in which a check may become true.
    """

    name: str
    body: str
    checks: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    window: float = 3.0

    def site(self) -> dict[str, bytes]:
        page = f"<!doctype html><title>Page</title><body>{self.body}</body>"
        return {"index.html": page.encode(), **self.files}


_ID = "document.querySelector('#x')"

VALUES = (
    Case(
        "what holds is what an evaluator's `if` takes for true",
        "<p id=x>7</p><button id=b onclick='this.dataset.n = 1'></button>",
        {
            "document.title === 'Page'": "pass",
            f"!!{_ID}": "pass",
            _ID: "pass",
            f"() => !!{_ID}": "pass",
            f"function () {{ return !!{_ID} }}": "pass",
            f"(async () => {_ID}.textContent === '7')()": "pass",
            f"Promise.resolve(!!{_ID})": "pass",
            f"const e = {_ID}; e.textContent === '7'": "pass",
            "document.getElementById('x').textContent === '7'": "pass",
            f"({{ n: {_ID}.children.length, t: {_ID}.textContent }})": "pass",
            f"{_ID}.textContent.length": "pass",
            f"{_ID}.textContent": "pass",
            f"{_ID}.textContent.repeat(5000000)": "pass",
            f"(() => {{ const a = {{ e: {_ID}.textContent }}; a.a = a; return a }})()": "pass",
            "document.querySelector('#b').click() || document.querySelector('#b').dataset.n === '1'": "pass",
        },
        says=("ref: <Node>", '"t": "7"'),
    ),
    Case(
        "what is not true, throws, or is no JavaScript",
        "<p id=y>",
        {
            "NaN": "fail",
            "0": "fail",
            "''": "fail",
            "null": "fail",
            "undefined": "fail",
            "false": "fail",
            f"{_ID}.textContent": "error",
            "(() => { throw 'a text' })()": "error",
            "nowhere.to": "error",
            "foo bar(": "invalid",
            "return true": "invalid",
            "await fetch('a')": "invalid",
            "": "fail",
        },
        says=(
            '"NaN" (number)',
            "Cannot read properties of null",
            "nowhere is not defined",
            "a text",
            "SyntaxError",
        ),
        window=0.5,
    ),
    Case(
        "what holds on an empty page is vacuous, whatever else is done to that page",
        "<p id=x>",
        {
            "(document.body.innerHTML = '', document.nowhere)": "fail",
            "localStorage.setItem('k', 'v') || document.nowhere": "fail",
            "1 < 2": "vacuous",
            "document.body !== null": "vacuous",
            "localStorage.getItem('k') === null": "vacuous",
            "location.pathname === '/repo/'": "vacuous",
            "const e = 1; e === 1": "vacuous",
            "typeof e === 'undefined'": "vacuous",
            "({ a: 1 })": "vacuous",
            "() => true": "vacuous",
            "location.href = 'https://elsewhere.example/'": "vacuous",
            "new Promise(done => { location.href = 'https://elsewhere.example/'; "
            "setTimeout(() => done(true), 400) })": "vacuous",
            "(() => { const end = Date.now() + 1200; while (Date.now() < end); return true })()": "vacuous",
            f"!!{_ID}": "pass",
        },
        window=0.5,
    ),
)

TIME = (
    Case(
        "true a moment later, after 8 s, once, or never",
        "<p id=x>7</p><script>setTimeout(() => x.textContent = '8', 900); setTimeout(() => x.textContent = '9', 8000);"
        "let asked = 0; Object.defineProperty(window, 'once', { get: () => ++asked === 3 })</script>",
        {
            f"{_ID}.textContent === '8'": "pass",
            f"{_ID}.textContent === '9'": "pass",
            f"new Promise(done => setTimeout(() => done({_ID}.textContent === '9'), 8300))": "pass",
            "window.once": "pass",
            "new Promise(() => {})": "timeout",
            f"{_ID}.textContent === '10'": "fail",
        },
        window=10.0,
    ),
    Case(
        "a check has three readings however little time there is",
        "<script>let asked = 0; Object.defineProperty(window, 'third', { get: () => ++asked >= 3 })</script>",
        {"window.third": "pass", "window.nothing": "fail"},
        window=0.0,
    ),
    Case(
        "a picture that never comes",
        "<p id=x>7<img src='https://never.example/picture.png'>",
        {f"{_ID}.textContent[0] === '7'": "pass"},
    ),
)

FILES = (
    Case(
        "the site's files, its storage and its address",
        "<script>const rate = 1.5</script><link rel=stylesheet href=s.css><p id=x>7</p><script src=s.js></script>"
        "<script>window.types = Promise.all(['s.css', 's.js', 'i.svg'].map(f => fetch(f).then(a => "
        "a.headers.get('content-type'))));"
        "fetch('d/data.csv').then(async a => { window.got = [a.headers.get('content-type'), await a.text()] });"
        "fetch('/data.csv').then(a => document.body.dataset.root = a.status);"
        "fetch('nowhere').then(async a => document.body.dataset.lost = await a.text() + a.status);"
        "localStorage.setItem('k', 'v'); document.body.dataset.stored = localStorage.getItem('k'); "
        "document.cookie = 'k=v; path=/repo';"
        "document.body.dataset.url = new URLSearchParams(location.search).get('url') || 'none'</script>"
        "<script type=module>import { n } from './m.js'; import data from './d.json' with { type: 'json' }; "
        "document.body.dataset.n = n + data.n</script>"
        "<iframe src=about></iframe><iframe src=sub></iframe><iframe id=f src=in.html></iframe>"
        "<canvas id=c></canvas><svg id=s><circle r=3 /></svg><script>c.getContext('2d').fillRect(0, 0, 9, 9)</script>",
        {
            "document.querySelector('script').textContent.includes('rate')": "pass",
            f"getComputedStyle({_ID}).color === 'rgb(1, 2, 3)'": "pass",
            "window.ran === true": "pass",
            "window.types.then(t => t[0].startsWith('text/css') && t[1].startsWith('text/javascript') && t[2] === "
            "'image/svg+xml')": "pass",
            "got[0].startsWith('text/csv') && got[1] === 'a,b'": "pass",
            "document.body.dataset.root === '404'": "pass",
            "document.body.dataset.lost === 'lost404'": "pass",
            "document.body.dataset.stored === 'v' && document.cookie === 'k=v'": "pass",
            "document.body.dataset.url === 'none'": "pass",
            "document.body.dataset.n === '3'": "pass",
            "frames[0].document.body.textContent === 'About'": "pass",
            "frames[1].document.body.textContent === 'Sub' && frames[1].location.pathname === '/repo/sub/'": "pass",
            "document.querySelector('#f').contentDocument.title === 'In'": "pass",
            "document.querySelector('#c').getContext('2d').getImageData(1, 1, 1, 1).data[3] === 255": "pass",
            "document.querySelector('#s circle').r.baseVal.value === 3": "pass",
        },
        files={
            "d/data.csv": b"a,b",
            "s.css": b"#x{color:rgb(1,2,3)}",
            "s.js": b"window.ran=true",
            "i.svg": b"<svg/>",
            "m.js": b"export const n = 1",
            "d.json": b'{"n": 2}',
            "404.html": b"lost",
            "about.html": b"<body>About",
            "sub/index.html": b"<body>Sub",
            "in.html": b"<title>In</title>",
        },
    ),
    Case(
        "the first script's text where that is elsewhere, and a parameter that comes",
        "<script src=a.js></script><script>const rate = 1.5;"
        "if (!location.search) location.search = '?url=a.png'; else document.body.id = new "
        "URLSearchParams(location.search).get('url')</script>",
        {
            "document.querySelector('script').textContent.includes('rate')": "fail",
            "document.body.id === 'a.png'": "pass",
        },
        files={"a.js": b"1"},
        window=0.5,
    ),
)

HOSTS = (
    Case(
        "libraries that the mirror has, with and without a hash, and answers that another origin alone may read",
        "<link rel=stylesheet crossorigin href='https://cdn.example/npm/bootstrap@5.3.0/b.css'><p id=x>"
        "<script crossorigin=anonymous src='https://cdn.example/npm/marked@4.1.0/marked.js'></script>"
        "<script>fetch('https://api.example/private').then(() => document.body.id = 'read', () => "
        "document.body.id = 'refused');"
        "fetch('https://api.example/public').then(a => a.json()).then(d => window.data = d)</script>",
        {
            "typeof marked === 'function'": "pass",
            f"getComputedStyle({_ID}).color === 'rgb(9, 9, 9)'": "pass",
            "document.body.id === 'refused'": "pass",
            "window.data.n === 1": "pass",
        },
        says=("marked@4.1.0", "bootstrap@5.3.0", "CORS"),
    ),
    Case(
        "a library that the mirror lacks",
        "<script src='https://cdn.example/npm/absent@1.0.0/a.js'></script><p id=x>",
        {"typeof absent === 'function'": "inconclusive", f"!!{_ID}": "pass"},
        says=("out of reach: cdn.example (the mirror answers 404",),
        window=0.5,
    ),
    Case(
        "a style sheet that the mirror lacks",
        "<link rel=stylesheet href='https://cdn.example/npm/absent@1.0.0/a.css'><p id=x>$7",
        {f"{_ID}.textContent === '7'": "fail", f"getComputedStyle({_ID}).color === 'rgb(9, 9, 9)'": "inconclusive"},
        says=("out of reach: cdn.example (the mirror answers 404",),
        window=0.5,
    ),
    Case(
        "addresses that must not be asked, and a service worker",
        "<script>fetch('http://169.254.169.254/').catch(() => fetch('https://10.0.0.1/')).catch(() => "
        "document.body.id = 'x');"
        "navigator.serviceWorker.register('sw.js').then(r => document.body.className = r ? 'on' : 'off', () => "
        "document.body.className = 'off')</script>",
        {
            f"!!{_ID}": "pass",
            "document.body.id === 'y'": "fail",
            "document.body.className === 'off' && navigator.serviceWorker.controller === null": "pass",
        },
        files={"sw.js": b"self.addEventListener('fetch', () => {})"},
        says=("169.254.169.254 must not be contacted", "10.0.0.1 must not be contacted"),
    ),
)

HEARD = (
    Case(
        "errors with their lines, and dialogs, which are dismissed",
        "\n<script>\n\nnowhere()</script><script>\nfoo bar(</script><script>throw 'text'</script>"
        "<script>Promise.reject(new Error('why'))\nconsole.error('oops')</script><img src=gone.png><p id=x>"
        "<script>alert('Hi'); document.body.id = confirm('Sure?') ? 'yes' : 'no'; prompt('Name?')</script>",
        {f"!!{_ID}": "pass", "document.body.id === 'no'": "pass"},
        says=(
            "nowhere is not defined (index.html:4)",
            "SyntaxError: Unexpected identifier 'bar' (index.html:5)",
            "text (index.html:5)",
            "why (in a promise)",
            "error: oops (index.html:6)",
            "gone.png",
            "dialog dismissed: alert: Hi",
            "dialog dismissed: confirm: Sure?",
            "dialog dismissed: prompt: Name?",
        ),
    ),
)

CASES = (*VALUES, *TIME, *FILES, *HOSTS, *HEARD)

#: Those that `make test` runs too.
QUICK = frozenset(case.name for case in (HOSTS[0], HEARD[0]))
