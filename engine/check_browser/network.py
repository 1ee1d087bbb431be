"""Answers a page's requests: its own files from memory, as Pages would serve them, the rest from other hosts."""

from __future__ import annotations

import html
import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from playwright.async_api import Error

from engine.errors import EngineError, Permanent
from engine.site.lookup import media_type, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Request, Route, WebSocketRoute

    from engine.adapters.browser.job import Job
    from engine.check_browser.outside_requests import OutsideRequests
    from engine.domain.http import Answer

#: Of the hosts' headers, those that the browser makes up anew, and those that must not be believed.
_DROPPED = frozenset(
    {
        "content-encoding",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "set-cookie",
        "alt-svc",
        "location",
    }
)
_VERSIONED = re.compile(r"/(?:npm/|ajax/libs/|gh/)?((?:@[\w.-]+/)?[\w.-]+)[@/]v?(\d+(?:\.\d+)*[\w.-]*)")
#: What only changes how a page looks, and the expressions that read that.
_LOOKS = frozenset({"stylesheet", "font", "image", "media"})
_READS_LOOKS = re.compile(
    r"getComputedStyle|getBoundingClientRect|getClientRects|checkVisibility|innerText|styleSheets|\bsheet\b|document\.fonts|natural(?:Width|Height)"
    r"|\.complete\b|(?:offset|client|scroll)(?:Width|Height|Top|Left|Parent)"
)
_EMPTY = "<!doctype html><html><head></head><body></body></html>"
_MOST_LEFT = 20


class Nothing:
    """The network of an empty page: every document is empty and nothing else is there.

    `stays`: the page is not left after it was opened once, so that a check that goes elsewhere gives its value and not what a race makes of it.
    """

    def __init__(self, *, stays: bool = False) -> None:
        self._stays, self._opened = stays, False

    async def answer(self, route: Route) -> None:
        request = route.request
        with suppress(Error):
            if request.resource_type != "document":
                await route.abort("failed")
            elif self._stays and self._opened and request.frame.parent_frame is None:
                await route.abort("aborted")
            else:
                self._opened = True
                await route.fulfill(status=200, content_type="text/html", body=_EMPTY)

    async def refuse_socket(self, socket: WebSocketRoute) -> None:
        """Close a WebSocket before it is one."""
        await socket.close()


class Network:
    """One visit's network. `unreachable` names foreign hosts that could not be reached, `refused` those that must not be."""

    def __init__(self, job: Job, foreign: OutsideRequests) -> None:
        self._job, self._foreign = job, foreign
        self._page = urlsplit(job.url)
        self.unreachable: dict[str, str] = {}
        self._needed: set[str] = set()  # those of them that were asked for more than looks
        self.refused: dict[str, str] = {}
        self.hosts: dict[str, list[str]] = {}
        self.left: list[str] = []
        self._times = Counter[str]()  # that this visit asked for an address

    def blamed(self, expression: str) -> dict[str, str]:
        """Return which hosts that could not be reached, and why, may be the reason that an expression does not hold.

        A style sheet, a font or a picture is none for an expression that reads nothing of how the page looks.
        """
        looks = _READS_LOOKS.search(expression) is not None
        return {host: why for host, why in self.unreachable.items() if looks or host in self._needed}

    async def answer(self, route: Route) -> None:
        """Answer one request of the page, whatever it asks for. What the page does meanwhile (closing, reloading) is no matter."""
        try:
            await self._answer(route, route.request)
        except (Error, ValueError):
            with suppress(Error):
                await route.abort("failed")

    async def refuse_socket(self, socket: WebSocketRoute) -> None:
        """Close a WebSocket before it is one."""
        self.refused[_host(socket.url)] = "WebSockets are not opened in a check"
        await socket.close()

    async def _answer(self, route: Route, request: Request) -> None:
        parts = urlsplit(request.url)
        at_home = (parts.scheme, parts.netloc) == (self._page.scheme, self._page.netloc)
        inside = at_home and unquote(parts.path).startswith(unquote(self._page.path))
        if request.is_navigation_request() and request.frame.parent_frame is None and not inside:
            if len(self.left) < _MOST_LEFT:
                self.left.append(request.url[:300])
            await route.abort("aborted")
        elif request.headers.get("service-worker"):
            await route.abort("blockedbyclient")
        elif at_home and self._job.files is not None:
            await self._own(route, unquote(parts.path), self._job.files)
        elif at_home:
            await self._live(route, request)
        else:
            await self._other(route, request)

    async def _own(self, route: Route, path: str, files: Mapping[str, bytes]) -> None:
        base = unquote(self._page.path)
        found = resolve(path.removeprefix(base), files.__contains__) if path.startswith(base) else None
        if found and found.endswith("/"):
            if route.request.is_navigation_request():
                await self._onwards(route, base + found)
                return
            found += "index.html"
        file = found or ("404.html" if "404.html" in files else None)
        headers = {"Content-Type": media_type(file) if file else "text/html", "Access-Control-Allow-Origin": "*"}
        await route.fulfill(status=200 if found else 404, headers=headers, body=files[file] if file else b"404")

    async def _onwards(self, route: Route, location: str) -> None:
        """Lead elsewhere by a page and not by a redirect: what a redirect leads to is asked past the router.

        https://github.com/microsoft/playwright/issues/3993
        """
        url = html.escape(urljoin(route.request.url, location))
        page = f'<!doctype html><meta http-equiv="refresh" content="0;url={url}">'
        await route.fulfill(status=200, content_type="text/html", body=page)

    async def _live(self, route: Route, request: Request) -> None:
        """The live page's host; of our own host, whose pages are under /pages/, nothing but pages, and for nobody but a reader."""
        ours = self._job.allowed_origins and self._page.path.startswith("/pages/")
        if ours and not _reads_pages(request):
            await route.fulfill(status=404, body="404", content_type="text/html")
            return
        answer = await self._fetch(route, request, live=True)
        if answer is None:
            return
        location = urljoin(request.url, answer.headers.get("location", ""))
        if 300 <= answer.status < 400:
            onwards = request.is_navigation_request() and location != request.url
            await (self._onwards(route, location) if onwards else route.abort("failed"))
        else:
            await route.fulfill(status=answer.status, headers=_forwarded_headers(answer), body=answer.body)

    async def _other(self, route: Route, request: Request) -> None:
        answer = await self._fetch(route, request, live=False)
        if answer is None:
            return
        host = _host(request.url)
        self._note(host, urlsplit(request.url).path)
        if answer.status == 429 or answer.status >= 500:
            self._miss(request, f"it answers {answer.status}")
        # Playwright would allow every origin where the host says nothing: https://github.com/microsoft/playwright/issues/12929
        headers = {"access-control-allow-origin": "https://no-origin.invalid", **_forwarded_headers(answer)}
        status = answer.status if not 300 <= answer.status < 400 else 502
        await route.fulfill(status=status, headers=headers, body=answer.body)

    async def _fetch(self, route: Route, request: Request, *, live: bool) -> Answer | None:
        """Return the host's answer; None where there is none and the request was ended."""
        number = self._times[request.url]
        self._times[request.url] += 1
        try:
            return await (self._foreign.live(request, number) if live else self._foreign.get(request, number))
        except EngineError as error:
            permanent = isinstance(error, Permanent)
            if permanent:
                self.refused[_host(request.url)] = error.message
            else:
                self._miss(request, error.message)
            await route.abort("blockedbyclient" if permanent else "failed")
            return None

    def _miss(self, request: Request, why: str) -> None:
        host = _host(request.url)
        self.unreachable[host] = why
        if request.resource_type not in _LOOKS:
            self._needed.add(host)

    def _note(self, host: str, path: str) -> None:
        names = self.hosts.setdefault(host, [])
        if (found := _VERSIONED.search(path)) and (name := f"{found[1]}@{found[2]}") not in names:
            names.append(name)


def _reads_pages(request: Request) -> bool:
    path = urlsplit(request.url).path
    straight = not {"..", "."} & set(re.split(r"[/\\]", unquote(path)))
    return path.startswith("/pages/") and straight and request.method in {"GET", "HEAD"}


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:100]


def _forwarded_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _DROPPED}
