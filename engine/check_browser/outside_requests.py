"""Fetches files from other hosts for a page, through the guard or a mirror, once for all visits."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from engine.adapters.http.guard import GuardedHttp
from engine.domain.addresses import is_private_host
from engine.domain.http import preflight_headers, preflight_problem
from engine.errors import Permanent, Transient
from engine.inputs.downloads import LARGEST_DATA

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playwright.async_api import Request

    from engine.adapters.browser.job import Job
    from engine.adapters.http.guard import Redirects
    from engine.domain.http import Answer

SECONDS = 8.0  # of one request
MOST_BYTES = LARGEST_DATA  # of one answer
MOST_BYTES_IN_ALL = 60_000_000
MOST_REQUESTS = 300  # more than a small web app makes

_PASSED_ON = frozenset({"accept", "accept-language", "content-type", "authorization", "origin", "referer"})
_LIBRARIES = frozenset({"script", "stylesheet", "font"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class OutsideRequests:
    """The other hosts of one verification. Methods raise Permanent for refused requests, Transient for failed ones."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._mirror = job.mirror.rstrip("/")
        # Our pages and the mirror may have a private address. They have their own guards, so that no foreign host can
        # redirect to them.
        self._world = GuardedHttp(allow_private=False)
        self._own = GuardedHttp(allow_private=False, allowed_origins=job.allowed_origins)
        self._mirrors = GuardedHttp(
            allow_private=False, allowed_origins=[_origin(self._mirror)] if self._mirror else []
        )
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="foreign")
        self._answers: dict[object, asyncio.Task[Answer]] = {}
        self._requests = 0
        self._bytes = 0

    async def get(self, request: Request, number: int) -> Answer:
        """Return another host's answer after all redirects. `number` counts earlier requests of this visit and address.

        A verification visits its page many times. The n-th request of an address is sent once and its answer is given
        to every visit, so that all visits see the same and no host gets many requests. A library is fetched once.
        """
        await self._ask_first(request)
        number = 0 if request.resource_type in _LIBRARIES else number
        return await self._once(request, number, self._ask)

    async def live(self, request: Request, number: int) -> Answer:
        """Return the answer of the page's own host, redirects included, since the caller checks their targets."""
        return await self._once(request, number, self._ask_live)

    async def _once(self, request: Request, number: int, ask: Callable[[Request], Awaitable[Answer]]) -> Answer:
        if request.method != "GET":
            return await ask(request)
        key = (request.url, number, tuple(sorted(_sent(request).items())))
        if key not in self._answers:
            self._answers[key] = asyncio.ensure_future(ask(request))
        return await asyncio.shield(self._answers[key])

    async def _ask_first(self, request: Request) -> None:
        """Send the preflight that a browser sends before some requests. Raises Permanent if the host refuses it.

        Playwright answers preflights itself, and allows everything.
        """
        names = preflight_headers(request.method, request.headers)
        if names is None or request.resource_type not in {"fetch", "xhr"}:
            return
        origin = request.headers.get("origin", "")
        key = ("preflight", request.url, request.method, *names)
        if key not in self._answers:
            sent = {"Origin": origin, "Access-Control-Request-Method": request.method}
            sent |= {"Access-Control-Request-Headers": ",".join(names)} if names else {}
            self._answers[key] = asyncio.ensure_future(self._options(request, sent))
        answer = await asyncio.shield(self._answers[key])
        if problem := preflight_problem(answer, origin, request.method, names):
            raise Permanent("cors_refused", f"it refuses the page's request before it is sent (CORS): {problem}")

    async def _options(self, request: Request, sent: Mapping[str, str]) -> Answer:
        url, guard = request.url, self._world
        if self._mirror and url.startswith("https://"):
            url, guard = f"{self._mirror}/{url.removeprefix('https://')}", self._mirrors

        def ask() -> Answer:
            return guard.request("OPTIONS", url, headers=sent, seconds=SECONDS, max_bytes=MOST_BYTES)

        self._requests += 1
        return await asyncio.get_running_loop().run_in_executor(self._pool, ask)

    async def _ask_live(self, request: Request) -> Answer:
        return await self._within_bounds(self._own, request, request.url, redirects="none")

    async def _ask(self, request: Request) -> Answer:
        if self._mirror and request.url.startswith("https://"):
            return await self._mirrored(request)
        redirects: Redirects = "get" if request.method == "GET" else "preserve"
        answer = await self._within_bounds(self._world, request, request.url, redirects=redirects)
        location = answer.headers.get("location")
        if answer.status in _REDIRECTS and location:  # a browser follows a redirect of a POST with a GET
            fetch = asyncio.get_running_loop().run_in_executor
            answer = await fetch(self._pool, self._fetch_after, urljoin(request.url, location))
        return answer

    async def _mirrored(self, request: Request) -> Answer:
        host = urlsplit(request.url).hostname or ""
        if is_private_host(host):
            raise Permanent("address_refused", f"{host} must not be contacted: it is private.")
        url = f"{self._mirror}/{request.url.removeprefix('https://')}"
        answer = await self._within_bounds(self._mirrors, request, url, redirects="get")
        if answer.status >= 400:
            path = urlsplit(request.url).path
            raise Transient("not_mirrored", f"the mirror answers {answer.status} for {path}")
        # Hosts of libraries send this header; a mirror may not.
        return replace(answer, headers={"access-control-allow-origin": "*", **answer.headers})

    async def _within_bounds(self, guard: GuardedHttp, request: Request, url: str, *, redirects: Redirects) -> Answer:
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise Permanent("too_many_requests", f"the page makes more than {MOST_REQUESTS} requests to other hosts")
        if self._bytes > MOST_BYTES_IN_ALL:
            raise Permanent(
                "too_many_bytes", f"the page takes more than {MOST_BYTES_IN_ALL // 1_000_000} MB from other hosts"
            )
        sent, body = _sent(request), request.post_data_buffer

        def ask() -> Answer:
            return guard.request(
                request.method, url, headers=sent, body=body, seconds=SECONDS, max_bytes=MOST_BYTES, redirects=redirects
            )

        answer = await asyncio.get_running_loop().run_in_executor(self._pool, ask)
        self._bytes += len(answer.body)
        if answer.truncated:
            raise Permanent("too_large", f"an answer is larger than {MOST_BYTES // 1_000_000} MB")
        return answer

    def _fetch_after(self, url: str) -> Answer:
        return self._world.fetch(url, seconds=SECONDS, max_bytes=MOST_BYTES)


def _sent(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name in _PASSED_ON}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
