"""Answers a page's requests: its own files from memory by the rules of Pages, other files from their hosts."""

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

#: Headers of hosts that the browser sets itself, or that we must not forward.
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
#: Resource types that only affect a page's appearance, and expressions that depend on the appearance.
_APPEARANCE = frozenset({"stylesheet", "font", "image", "media"})
_READS_APPEARANCE = re.compile(
    r"getComputedStyle|getBoundingClientRect|getClientRects|checkVisibility|innerText|styleSheets|\bsheet\b"
    r"|document\.fonts|natural(?:Width|Height)|\.complete\b|(?:offset|client|scroll)(?:Width|Height|Top|Left|Parent)"
)
_EMPTY = "<!doctype html><html><head></head><body></body></html>"
_MOST_LEFT = 20


class Nothing:
    """The network of an empty page: every document is empty, and all other requests fail.

    `stays`: only the first navigation succeeds, so that an expression that navigates still gives its value.
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
        await socket.close()


class Isolation:
    """The network of a build script: one page at `home` and its `scripts` by path. All other requests fail.

    The page's policy gives it an origin that nothing shares, and forbids windows, frames, workers, storage and forms.
    """

    _PAGE = '<!doctype html><html lang="en"><head><meta charset="utf-8"><script crossorigin src="/{first}"></script>'
    _POLICY = "default-src 'none'; script-src {origin}; base-uri 'none'; form-action 'none'; sandbox allow-scripts"

    def __init__(self, home: str, scripts: Mapping[str, str]) -> None:
        self._home, self._scripts, self._opened = home, scripts, False

    async def answer(self, route: Route) -> None:
        """Answer the page once and its scripts, the first of which is in it."""
        request = route.request
        with suppress(Error):
            script = self._scripts.get(request.url.removeprefix(self._home))
            if request.url == self._home and request.is_navigation_request() and not self._opened:
                self._opened = True
                policy = self._POLICY.format(origin=self._home.rstrip("/"))
                headers = {"Content-Type": "text/html", "Content-Security-Policy": policy}
                await route.fulfill(
                    status=200, headers=headers, body=self._PAGE.format(first=next(iter(self._scripts)))
                )
            elif script is not None and request.resource_type == "script":
                headers = {"Content-Type": "text/javascript; charset=utf-8", "Access-Control-Allow-Origin": "*"}
                await route.fulfill(status=200, headers=headers, body=script)
            else:
                await route.abort("blockedbyclient")

    async def refuse_socket(self, socket: WebSocketRoute) -> None:
        await socket.close()


class Network:
    """The network of one visit.

    `unreachable` and `refused` give the reasons by foreign host, `hosts` the libraries by host; `left` holds addresses
    outside of the site that the page tried to navigate to.
    """

    def __init__(self, job: Job, foreign: OutsideRequests) -> None:
        self._job, self._foreign = job, foreign
        self._page = urlsplit(job.url)
        self.unreachable: dict[str, str] = {}
        self._needed: set[str] = set()  # unreachable hosts of more than the appearance
        self.refused: dict[str, str] = {}
        self.hosts: dict[str, list[str]] = {}
        self.left: list[str] = []
        self._requests = Counter[str]()  # by address

    def blamed(self, expression: str) -> dict[str, str]:
        """Return the unreachable hosts, with reasons, that may explain why an expression does not hold.

        A style sheet, a font or a picture explains it only if the expression reads the page's appearance.
        """
        reads = _READS_APPEARANCE.search(expression) is not None
        return {host: why for host, why in self.unreachable.items() if reads or host in self._needed}

    async def answer(self, route: Route) -> None:
        """Answer one request of the page. The page may close or reload meanwhile."""
        try:
            await self._answer(route, route.request)
        except (Error, ValueError):
            with suppress(Error):
                await route.abort("failed")

    async def refuse_socket(self, socket: WebSocketRoute) -> None:
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
            await self._serve_file(route, unquote(parts.path), self._job.files)
        elif at_home:
            await self._serve_live(route, request)
        else:
            await self._serve_foreign(route, request)

    async def _serve_file(self, route: Route, path: str, files: Mapping[str, bytes]) -> None:
        base = unquote(self._page.path)
        found = resolve(path.removeprefix(base), files.__contains__) if path.startswith(base) else None
        if found and found.endswith("/"):
            if route.request.is_navigation_request():
                await self._lead_to(route, base + found)
                return
            found += "index.html"
        file = found or ("404.html" if "404.html" in files else None)
        headers = {"Content-Type": media_type(file) if file else "text/html", "Access-Control-Allow-Origin": "*"}
        await route.fulfill(status=200 if found else 404, headers=headers, body=files[file] if file else b"404")

    async def _lead_to(self, route: Route, location: str) -> None:
        """Answer with a page that refreshes, because the target of a redirect would bypass the router.

        https://github.com/microsoft/playwright/issues/3993
        """
        url = html.escape(urljoin(route.request.url, location))
        page = f'<!doctype html><meta http-equiv="refresh" content="0;url={url}">'
        await route.fulfill(status=200, content_type="text/html", body=page)

    async def _serve_live(self, route: Route, request: Request) -> None:
        """Answer from the live page's host. Our own host serves only GET and HEAD below /pages/ here."""
        ours = self._job.allowed_origins and self._page.path.startswith("/pages/")
        if ours and not _reads_pages(request):
            await route.fulfill(status=404, body="404", content_type="text/html")
            return
        answer = await self._fetch(route, request, live=True)
        if answer is None:
            return
        location = urljoin(request.url, answer.headers.get("location", ""))
        if 300 <= answer.status < 400:
            follow = request.is_navigation_request() and location != request.url
            await (self._lead_to(route, location) if follow else route.abort("failed"))
        else:
            await route.fulfill(status=answer.status, headers=_forwarded_headers(answer), body=answer.body)

    async def _serve_foreign(self, route: Route, request: Request) -> None:
        answer = await self._fetch(route, request, live=False)
        if answer is None:
            return
        host = _host(request.url)
        self._record_library(host, urlsplit(request.url).path)
        if answer.status == 429 or answer.status >= 500:
            self._record_unreachable(request, f"it answers {answer.status}")
        # Without this header Playwright allows every origin: https://github.com/microsoft/playwright/issues/12929
        headers = {"access-control-allow-origin": "https://no-origin.invalid", **_forwarded_headers(answer)}
        status = answer.status if not 300 <= answer.status < 400 else 502
        await route.fulfill(status=status, headers=headers, body=answer.body)

    async def _fetch(self, route: Route, request: Request, *, live: bool) -> Answer | None:
        """Return the host's answer; None after a failure, which also aborts the request."""
        number = self._requests[request.url]
        self._requests[request.url] += 1
        try:
            return await (self._foreign.live(request, number) if live else self._foreign.get(request, number))
        except EngineError as error:
            permanent = isinstance(error, Permanent)
            if permanent:
                self.refused[_host(request.url)] = error.message
            else:
                self._record_unreachable(request, error.message)
            await route.abort("blockedbyclient" if permanent else "failed")
            return None

    def _record_unreachable(self, request: Request, why: str) -> None:
        host = _host(request.url)
        self.unreachable[host] = why
        if request.resource_type not in _APPEARANCE:
            self._needed.add(host)

    def _record_library(self, host: str, path: str) -> None:
        names = self.hosts.setdefault(host, [])
        if (found := _VERSIONED.search(path)) and (name := f"{found[1]}@{found[2]}") not in names:
            names.append(name)


def _reads_pages(request: Request) -> bool:
    path = urlsplit(request.url).path
    has_dots = {"..", "."} & set(re.split(r"[/\\]", unquote(path)))
    return path.startswith("/pages/") and not has_dots and request.method in {"GET", "HEAD"}


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:100]


def _forwarded_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in _DROPPED}
