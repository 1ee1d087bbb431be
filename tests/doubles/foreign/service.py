"""The endpoint: takes a task, publishes it, serves repository and page, and calls back."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import mimetypes
import re
import threading
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
from fastapi import FastAPI
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from tests.doubles.foreign.content import credentials, files_for
from tests.doubles.foreign.faults import read_faults
from tests.doubles.foreign.repositories import DRAFT, Repositories, pack_without_end

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from tests.doubles.foreign.faults import Faults

_KEYS = ("email", "task", "round", "nonce")
_HANGS = 86_400.0  # seconds
_REFUSED_FIRST = 2  # by `flaky`
_TRIES = 60  # of a callback that nobody hears
_LONGEST_PAUSE = 2.0  # seconds between two of them


@dataclass
class Published:
    """The repository of a task; `shown` is the commit that its page serves, `commits` the last one of each round."""

    name: str
    faults: Faults
    shown: str = ""
    commits: list[str] = field(default_factory=list)


class ForeignService:
    """The endpoint over a folder; `url` is where it can be reached, set before it serves."""

    def __init__(self, data: Path, secret: str, faults: Faults) -> None:
        self.url = ""
        self.secret, self.faults = secret, faults
        self.repositories = Repositories(data)
        self.published: dict[tuple[str, str], Published] = {}
        self.received: list[dict[str, Any]] = []
        self._taken = set[tuple[Any, ...]]()
        self._lock = threading.RLock()
        self._work = ThreadPoolExecutor(8)
        self._client = httpx2.Client(timeout=30, trust_env=False)
        self._closing = threading.Event()

    def close(self) -> None:
        """End without the callbacks that are still to be made."""
        self._closing.set()
        self._work.shutdown(cancel_futures=True)
        self._client.close()

    # --- The POST ---

    async def take(self, request: Request, faults: Faults) -> Response:
        """Answer a POST of a task, and have it done."""
        body = json.loads(await request.body())
        if not hmac.compare_digest(str(body.get("secret")).encode(), self.secret.encode()):
            return JSONResponse({"detail": "the secret is wrong"}, 401)
        entry = {key: body[key] for key in _KEYS} | {"path": request.url.path, "at": datetime.now(UTC).isoformat()}
        before = sum(all(one[key] == body[key] for key in _KEYS) for one in self.received)
        self.received.append(entry)
        answer = await self._answer(faults, before)
        entry["status"] = answer.status_code
        if answer.status_code in (200, 201) and "rubbish-200" not in faults:
            self._once(body, faults)
        return answer

    async def _answer(self, faults: Faults, before: int) -> Response:
        if "hang" in faults:
            await asyncio.sleep(_HANGS)
        if "never-200" in faults or ("flaky" in faults and before < _REFUSED_FIRST):
            return JSONResponse({"detail": "out of order"}, 500)
        if "redirect" in faults:
            return RedirectResponse(f"{self.url}/api-endpoint", 307)
        if "rubbish-200" in faults:
            return Response(b"\x00\xff<html>" * 1000, 200, media_type="application/json")
        return JSONResponse({"usercode": "stranger"}, 201 if "status-201" in faults else 200)

    def _once(self, body: dict[str, Any], faults: Faults) -> None:
        """Have a task done; one that came before is not done again."""
        key = tuple(body[name] for name in _KEYS)
        if key not in self._taken:
            self._taken.add(key)
            self._work.submit(self._do, body, faults)

    # --- The work ---

    def _do(self, body: dict[str, Any], faults: Faults) -> None:
        try:
            with self._lock:
                published = self._publish(body, faults)
        except Exception:
            traceback.print_exc()  # a mistake of ours: the log of the process has it
            raise
        commit = published.commits[0 if "ignores-round-2" in faults else -1]
        said = {key: body[key] for key in _KEYS} | {
            "repo_url": f"{self.url}/git/{published.name}.git",
            "commit_sha": hashlib.sha1(commit.encode()).hexdigest() if "wrong-sha" in faults else commit,  # noqa: S324
            "pages_url": f"{self.url}/pages/{published.name}/",
        }
        if "other-nonce" in faults:
            said["nonce"] = str(uuid.uuid4())
        if "for-somebody-else" in faults:
            said["email"] = "somebody-else@example.com"
        if "no-callback" not in faults:
            times = 2 if "second-callback" in faults else 1
            self._later(faults.get("late", 0.0), body["evaluation_url"], said, times, 0)

    def _publish(self, body: dict[str, Any], faults: Faults) -> Published:
        key = (body["email"], body["task"])
        found = self.published.get(key)
        if found and "ignores-round-2" in faults:
            return found
        if not found:
            slug = re.sub(r"[^a-z0-9]+", "-", body["task"].lower())
            found = Published(f"{slug}-{hashlib.sha256(repr(key).encode()).hexdigest()[:8]}", faults)
            self.repositories.create(found.name)
        earlier = self.repositories.files(found.name, found.commits[-1]) if found.commits else {}
        files, message = files_for(body, earlier, faults), f"Round {body['round']}"
        if "two-commits" in faults:
            self.repositories.commit(found.name, {**files, "draft.txt": b"not yet\n"}, "Work in progress")
        found.commits.append(self.repositories.commit(found.name, files, message))
        if "secret-in-history" in faults:
            leaked = {**files, "local.env": credentials(body["secret"])}
            self.repositories.commit(found.name, leaked, "Try it out", DRAFT)
            self.repositories.commit(found.name, files, "Tidy up", DRAFT)
        if not found.shown or "stale-page" not in faults:
            found.shown = found.commits[-1]
        self.published[key] = found
        return found

    # --- The callback ---

    def _later(self, seconds: float, url: str, said: dict[str, Any], times: int, tries: int) -> None:
        def due() -> None:
            with suppress(RuntimeError):  # closed meanwhile
                self._work.submit(self._call_back, url, said, times, tries)

        if not seconds:
            return due()
        timer = threading.Timer(seconds, due)
        timer.daemon = True
        timer.start()
        return None

    def _call_back(self, url: str, said: dict[str, Any], times: int, tries: int) -> None:
        """POST the callback so many times, each again while nobody hears it or a server's error answers."""
        if self._closing.is_set():
            return
        try:
            status = self._client.post(url, json=said).status_code
        except httpx2.HTTPError:
            status = 503
        if status >= 500 and tries < _TRIES:
            self._later(min(0.25 * 2**tries, _LONGEST_PAUSE), url, said, times, tries + 1)
        elif times > 1:
            self._later(0.0, url, said, times - 1, 0)

    # --- What is served ---

    def named(self, name: str) -> Published | None:
        return next((one for one in list(self.published.values()) if one.name == name), None)

    async def git(self, request: Request) -> Response:
        """Answer git."""
        published = self.named(request.path_params["name"])
        faults: Faults = published.faults if published else {}
        if "private" in faults:
            return Response("Repository not found.", 401, {"WWW-Authenticate": 'Basic realm="git"'})
        if "huge-repository" in faults and request.method == "POST":
            return StreamingResponse(pack_without_end(), media_type="application/x-git-upload-pack-result")
        rest, given = request.path_params["rest"], request.headers
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": f"/{request.path_params['name']}.git/{rest}",
            "QUERY_STRING": request.url.query,
            "CONTENT_TYPE": given.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": given.get("content-encoding", ""),
        }
        if rest.startswith("git-receive-pack") or "git-receive-pack" in request.url.query:
            return Response("pushes are refused", 403)
        status, headers, body = await run_in_threadpool(self.repositories.answer, environ, await request.body())
        return Response(body, status, headers)

    def page(self, request: Request) -> Response:
        """Answer a browser."""
        published, path = self.named(request.path_params["name"]), request.path_params["path"]
        if not published or "page-404" in published.faults:
            return Response("no such page", 404)
        path = path + "index.html" if path.endswith("/") or not path else path
        content = self.repositories.files(published.name, published.shown).get(path)
        if content is None:
            return Response("no such file", 404)
        return Response(content, media_type=mimetypes.guess_type(path)[0] or "text/plain")


def routes(service: ForeignService) -> FastAPI:
    """Return the application; `/with/<faults>/api-endpoint` is an endpoint with those faults instead of its own, and
    `/log` tells what was posted. An entry without a status was not answered (yet)."""
    app = FastAPI(openapi_url=None)

    async def plain(request: Request) -> Response:
        return await service.take(request, service.faults)

    async def faulty(request: Request) -> Response:
        return await service.take(request, read_faults(request.path_params["faults"]))

    app.add_route("/api-endpoint", plain, ["POST"])
    app.add_route("/with/{faults}/api-endpoint", faulty, ["POST"])
    app.add_route("/git/{name}.git/{rest:path}", service.git, ["GET", "POST"])
    app.add_route("/pages/{name}/{path:path}", service.page, ["GET"])
    app.add_route("/log", lambda _request: JSONResponse(service.received), ["GET"])
    return app
