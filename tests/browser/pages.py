"""Small pages with checks and what must come out: the table of `test_table`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = "https://someone.github.io/repo/"


@dataclass(frozen=True)
class Case:
    """One page: `body` of its index.html, `files` beside it, `checks` with their verdicts, `says` what the report tells somewhere.

    `window`: seconds in which a check may become true.
    """

    name: str
    body: str
    checks: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    words: str = ""
    query: str = ""
    window: float = 3.0
    whole: bool = False  # the body is the whole document

    def site(self) -> dict[str, bytes]:
        page = self.body if self.whole else f"<!doctype html><title>Page</title><body>{self.body}</body>"
        return {"index.html": page.encode(), **self.files}


def _case(name: str, body: str, checks: Mapping[str, str], **more: object) -> Case:
    return Case(name, body, checks, **more)  # type: ignore[arg-type]


_ID = "document.querySelector('#x')"

VALUES = (
    _case("a title and an element", "<p id=x>7", {"document.title === 'Page'": "pass", f"!!{_ID}": "pass"}),
    _case("a node is a value", "<p id=x>7", {_ID: "pass"}, says=("ref: <Node>",)),
    _case(
        "a function expression", "<p id=x>7", {f"() => !!{_ID}": "pass", f"function () {{ return !!{_ID} }}": "pass"}
    ),
    _case("an async expression", "<p id=x>7", {f"(async () => {_ID}.textContent === '7')()": "pass"}),
    _case("a promise", "<p id=x>7", {f"Promise.resolve(!!{_ID})": "pass"}),
    _case("statements with a last value", "<p id=x>7", {f"const e = {_ID}; e.textContent === '7'": "pass"}),
    _case(
        "an object",
        "<p id=x>7",
        {f"({{ n: {_ID}.children.length, t: {_ID}.textContent }})": "pass"},
        says=('"t": "7"',),
    ),
    _case("a number and a text", "<p id=x>7", {f"{_ID}.textContent.length": "pass", f"{_ID}.textContent": "pass"}),
    _case("a huge value is cut", "<p id=x>7", {f"{_ID}.textContent.repeat(5000000)": "pass"}),
    _case(
        "a cyclic value",
        "<p id=x>7",
        {f"(() => {{ const a = {{ e: {_ID}.textContent }}; a.a = a; return a }})()": "pass"},
    ),
    _case(
        "no truth in NaN, 0, an empty text, null, undefined and false",
        "<p id=x>",
        {
            "NaN": "fail",
            "0": "fail",
            "''": "fail",
            "null": "fail",
            "undefined": "fail",
            "false": "fail",
        },
        says=('"NaN" (number)',),
    ),
    _case(
        "what throws is an error",
        "<p id=y>",
        {f"{_ID}.textContent": "error", "(() => { throw 'a text' })()": "error", "nowhere.to": "error"},
        says=("Cannot read properties of null", "nowhere is not defined", "a text"),
    ),
    _case(
        "no JavaScript",
        "<p id=x>",
        {"foo bar(": "invalid", "return true": "invalid", "await fetch('a')": "invalid", "": "fail"},
        says=("SyntaxError",),
    ),
    _case(
        "what holds on an empty page shows nothing",
        "<p id=x>",
        {
            "1 < 2": "vacuous",
            "document.body !== null": "vacuous",
            "true": "vacuous",
            "location.pathname === '/repo/'": "vacuous",
        },
    ),
    _case(
        "a check before does not hide that one is vacuous",
        "<p id=x>",
        {"location.href = 'https://elsewhere.example/'": "vacuous", "({ a: 1 })": "vacuous", f"!!{_ID}": "pass"},
    ),
    _case(
        "a check that leaves the empty page, and one that is busy there for a second, are vacuous all the same",
        "<p id=x>",
        {
            "new Promise(done => { location.href = 'https://elsewhere.example/'; setTimeout(() => done(true), 400) })": "vacuous",
            "(() => { const end = Date.now() + 1200; while (Date.now() < end); return true })()": "vacuous",
            f"!!{_ID}": "pass",
        },
    ),
    _case(
        "a check with a side effect holds for its own sake",
        "<button id=x onclick='this.dataset.n = 1'>",
        {f"{_ID}.click() || {_ID}.dataset.n === '1'": "pass"},
    ),
)

TIME = (
    _case(
        "true a moment later", "<script>setTimeout(() => document.body.id = 'x', 900)</script>", {f"!!{_ID}": "pass"}
    ),
    _case(
        "true only after 8 s",
        "<script>setTimeout(() => document.body.id = 'x', 8000)</script>",
        {f"!!{_ID}": "pass"},
        window=10.0,
    ),
    _case(
        "a promise that settles after 8 s, and one that never does, hold up no other",
        "<p id=x>7",
        {
            f"new Promise(e => setTimeout(() => e(!!{_ID}), 8000))": "pass",
            "new Promise(() => {})": "timeout",
            f"!!{_ID}": "pass",
        },
        window=10.0,
    ),
    _case(
        "true once and no more",
        "<script>let asked = 0; Object.defineProperty(window, 'once', { get: () => ++asked === 3 })</script>",
        {"window.once": "fail"},
    ),
    _case(
        "a check that another one undoes is tried alone",
        "<p id=x>7",
        {f"{_ID}.textContent === '7'": "pass", f"({_ID}.textContent = '8', nowhere())": "error"},
        window=0.5,
    ),
    _case(
        "a check that flickers beside others still fails",
        "<p id=x>7<script>let asked = 0; Object.defineProperty(window, 'once', { get: () => ++asked === 2 })</script>",
        {"window.once": "fail", f"!!{_ID}": "pass"},
        window=0.5,
    ),
    _case(
        "a check has three readings however little time there is",
        "<script>let asked = 0; Object.defineProperty(window, 'third', { get: () => ++asked >= 3 })</script>",
        {"window.third": "pass", "window.nothing": "fail"},
        window=0.0,
    ),
    _case(
        "a picture that never comes",
        "<p id=x>7<img src='https://never.example/picture.png'>",
        {f"{_ID}.textContent[0] === '7'": "pass"},
    ),
)

FILES = (
    _case(
        "the first script's text",
        "<script>const rate = 1.5</script><script>document.body.id = 'x'</script>",
        {"document.querySelector('script').textContent.includes('rate')": "pass"},
    ),
    _case(
        "the first script's text where that is elsewhere",
        "<script src=a.js></script><script>const rate = 1.5</script>",
        {"document.querySelector('script').textContent.includes('rate')": "fail"},
        files={"a.js": b"1"},
    ),
    _case(
        "siblings are fetched with their types",
        "<script>fetch('d/data.csv').then(async a => { window.got = [a.headers.get('content-type'), await a.text()] })</script>",
        {"got[0].startsWith('text/csv')": "pass", "got[1] === 'a,b'": "pass"},
        files={"d/data.csv": b"a,b"},
    ),
    _case(
        "types of styles and scripts",
        "<link rel=stylesheet href=s.css><p id=x>7<script src=s.js></script><script>"
        "window.types = Promise.all(['s.css', 's.js', 'i.svg'].map(f => fetch(f).then(a => a.headers.get('content-type'))))</script>",
        {
            f"getComputedStyle({_ID}).color === 'rgb(1, 2, 3)'": "pass",
            "window.ran === true": "pass",
            "window.types.then(t => t[0].startsWith('text/css') && t[1].startsWith('text/javascript') && t[2] === 'image/svg+xml')": "pass",
        },
        files={"s.css": b"#x{color:rgb(1,2,3)}", "s.js": b"window.ran=true", "i.svg": b"<svg/>"},
    ),
    _case(
        "modules and what they import",
        "<script type=module>import { n } from './m.js'; import data from './d.json' with { type: 'json' };"
        "document.body.dataset.n = n + data.n</script>",
        {"document.body.dataset.n === '3'": "pass"},
        files={"m.js": b"export const n = 1", "d.json": b'{"n": 2}'},
    ),
    _case("storage", "<script>localStorage.setItem('k', 'v'); document.body.id = localStorage.getItem('k')</script>", {"document.body.id === 'v'": "pass"}),
    _case("a cookie", "<script>document.cookie = 'k=v; path=/repo'</script>", {"document.cookie === 'k=v'": "pass"}),
    _case(
        "a parameter in the address",
        "<script>document.body.id = new URLSearchParams(location.search).get('url') || 'none'</script>",
        {"document.body.id === 'none'": "pass"},
    ),
    _case(
        "a parameter that comes",
        "<script>if (!location.search) location.search = '?url=a.png'; else document.body.id = new URLSearchParams(location.search).get('url')</script>",
        {"document.body.id === 'a.png'": "pass"},
    ),
    _case(
        "an address from the host's root leads nowhere, as on Pages",
        "<script>fetch('/data.csv').then(a => document.body.id = 's' + a.status)</script>",
        {"document.body.id === 's404'": "pass"},
        files={"data.csv": b"a"},
    ),
    _case(
        "the site's own 404 page",
        "<script>fetch('nowhere').then(async a => document.body.id = await a.text() + a.status)</script>",
        {"document.body.id === 'lost404'": "pass"},
        files={"404.html": b"lost"},
    ),
    _case(
        "a page without its ending, and a folder",
        "<iframe src=about></iframe><iframe src=sub></iframe>",
        {
            "frames[0].document.body.textContent === 'About'": "pass",
            "frames[1].document.body.textContent === 'Sub' && frames[1].location.pathname === '/repo/sub/'": "pass",
        },
        files={"about.html": b"<body>About", "sub/index.html": b"<body>Sub"},
    ),
    _case(
        "an iframe of a sibling",
        "<iframe id=f src=in.html></iframe>",
        {"document.querySelector('#f').contentDocument.title === 'In'": "pass"},
        files={"in.html": b"<title>In</title>"},
    ),
    _case("pictures drawn", "<canvas id=c></canvas><svg id=s><circle r=3 /></svg><script>c.getContext('2d').fillRect(0, 0, 9, 9)</script>", {
        "document.querySelector('#c').getContext('2d').getImageData(1, 1, 1, 1).data[3] === 255": "pass",
        "document.querySelector('#s circle').r.baseVal.value === 3": "pass",
    }),
)  # fmt: skip

HOSTS = (
    _case(
        "a library that the mirror has",
        "<script src='https://cdn.example/npm/marked@4.1.0/marked.js'></script>",
        {"typeof marked === 'function'": "pass"},
        says=("marked@4.1.0",),
    ),
    _case(
        "a library with its hash, and a style",
        "<link rel=stylesheet crossorigin href='https://cdn.example/npm/bootstrap@5.3.0/b.css'><p id=x>"
        "<script crossorigin=anonymous src='https://cdn.example/npm/marked@4.1.0/marked.js'></script>",
        {"typeof marked === 'function'": "pass", f"getComputedStyle({_ID}).color === 'rgb(9, 9, 9)'": "pass"},
        says=("bootstrap@5.3.0",),
    ),
    _case(
        "an answer that another origin alone may read",
        "<script>fetch('https://api.example/private').then(() => document.body.id = 'read', () => document.body.id = 'refused');"
        "fetch('https://api.example/public').then(a => a.json()).then(d => window.data = d)</script>",
        {"document.body.id === 'refused'": "pass", "window.data.n === 1": "pass"},
        says=("CORS",),
    ),
    _case(
        "a library that the mirror lacks",
        "<script src='https://cdn.example/npm/absent@1.0.0/a.js'></script><p id=x>",
        {"typeof absent === 'function'": "inconclusive", f"!!{_ID}": "pass"},
        says=("out of reach: cdn.example (the mirror answers 404",),
    ),
    _case(
        "a style sheet that the mirror lacks",
        "<link rel=stylesheet href='https://cdn.example/npm/absent@1.0.0/a.css'><p id=x>$7",
        {f"{_ID}.textContent === '7'": "fail", f"getComputedStyle({_ID}).color === 'rgb(9, 9, 9)'": "inconclusive"},
        says=("out of reach: cdn.example (the mirror answers 404",),
    ),
    _case(
        "an address that must not be asked",
        "<script>fetch('http://169.254.169.254/').catch(() => fetch('https://10.0.0.1/')).catch(() => document.body.id = 'x')</script>",
        {f"!!{_ID}": "pass", "document.body.id === 'y'": "fail"},
        says=("169.254.169.254 must not be contacted", "10.0.0.1 must not be contacted"),
    ),
    _case(
        "a service worker",
        "<script>navigator.serviceWorker.register('sw.js').then(r => document.body.id = r ? 'on' : 'off', () => document.body.id = 'off')</script>",
        {
            "document.body.id === 'off'": "pass",
            "navigator.serviceWorker.controller === null && document.body.id !== ''": "pass",
        },
        files={"sw.js": b"self.addEventListener('fetch', () => {})"},
    ),
)

HEARD = (
    _case(
        "errors with their lines",
        "\n<script>\n\nnowhere()</script><script>\nfoo bar(</script><script>throw 'text'</script>"
        "<script>Promise.reject(new Error('why'))\nconsole.error('oops')</script><img src=gone.png><p id=x>",
        {f"!!{_ID}": "pass"},
        says=(
            "nowhere is not defined (index.html:4)",
            "SyntaxError: Unexpected identifier 'bar' (index.html:5)",
            "text (index.html:5)",
            "why (in a promise)",
            "error: oops (index.html:6)",
            "gone.png",
        ),
    ),
    _case(
        "dialogs are dismissed and told",
        "<script>alert('Hi'); document.body.id = confirm('Sure?') ? 'yes' : 'no'; prompt('Name?')</script>",
        {"document.body.id === 'no'": "pass"},
        says=("dialog dismissed: alert: Hi", "dialog dismissed: confirm: Sure?", "dialog dismissed: prompt: Name?"),
    ),
)

USE = (
    _case(
        "a form that is used first",
        "<form id=f><input name=username><button>Go</button></form><p id=out></p><script>"
        "f.onsubmit = e => { e.preventDefault(); out.textContent = f.username.value }</script>",
        {"document.querySelector('#out').textContent !== ''": "pass"},
        words="Enter a username and submit the form.",
        says=("after the check filled 1 fields of the form f and sent it",),
    ),
    _case(
        "a form that nobody was to use",
        "<form id=f><input name=n><button>Go</button></form><p id=out></p><script>"
        "f.onsubmit = e => { e.preventDefault(); out.textContent = 'sent' }</script>",
        {"document.querySelector('#out').textContent === 'sent'": "fail"},
    ),
    _case(
        "a tab that is clicked first",
        "<div role=tablist><button role=tab aria-selected=true>One</button><button role=tab id=two>Two</button></div><p id=out>one</p>"
        "<script>two.onclick = () => { out.textContent = 'two' }</script>",
        {"document.querySelector('#out').textContent === 'two'": "pass"},
        words="Clicking a tab shows its panel.",
        says=("after the check pressed Two",),
    ),
)

CASES = (*VALUES, *TIME, *FILES, *HOSTS, *HEARD, *USE)

#: Those that `make test` runs too: each costs about five CPU seconds, and the folder's quick tests are to take less than a minute.
QUICK = frozenset(
    {
        "a title and an element",
        "true a moment later",
        "the first script's text",
        "a library that the mirror has",
        "errors with their lines",
    }
)
