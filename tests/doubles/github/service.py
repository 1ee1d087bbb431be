"""One exchange from request to answer: faults, token, limits, the act, ETags, and the check against GitHub's
description."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.doubles.github import actions, commits, contents, git, objects, pages, rest
from tests.doubles.github.description import Exchange, description
from tests.doubles.github.log import READING, Call
from tests.doubles.github.routes import Refused, asked, find, said
from tests.doubles.github.wire import Answer, Request, Silence

if TYPE_CHECKING:
    from tests.doubles.github.faults import Fault
    from tests.doubles.github.log import Log
    from tests.doubles.github.routes import Route
    from tests.doubles.github.state import State

SERVED = (
    actions,
    rest,
    commits,
    contents,
    objects,
    pages,
)  # their import registers the routes


@dataclass
class _Turn:
    """An exchange under way."""

    request: Request
    kind: str
    route: Route | None = None
    values: dict[str, str] | None = None
    rule: Fault | None = None
    answer: Answer | Silence | None = None
    odd: bool = False


class Service:
    """Answers REST and git."""

    def __init__(self, state: State, log: Log) -> None:
        self.state, self.log = state, log
        self._description = description()

    # --- REST

    def rest(self, request: Request) -> Answer | Silence:
        """Answer a REST call."""
        request, known = self._direct(request)
        if known is None:
            return self._unknown(request)
        route, values = known
        turn = _Turn(
            request, route.kind, route, values, self.state.faults.take(route.kind, request.method, request.path)
        )
        self._act(turn)
        self._keep(turn)
        assert turn.answer is not None
        return turn.answer

    def _direct(self, request: Request) -> tuple[Request, tuple[Route, dict[str, str]] | None]:
        """Find what a call is for; /repositories/{id}, undocumented, is where renamed repositories are sent to."""
        target = request.target
        _, root, number, *rest = [*target.split("/", 3), "", ""][: 4 if target.count("/") > 2 else 3]
        if root == "repositories" and number.isdecimal():
            repo = self.state.repositories.get(int(number))
            target = f"/repos/{repo.full_name if repo else '-/-'}{'/' + rest[0] if rest else ''}"
            request = Request(request.method, target, request.query, request.headers, request.body)
        method = "GET" if request.method == "HEAD" else request.method
        return request, find(method, target)

    def _act(self, turn: _Turn) -> None:
        rule = turn.rule
        if rule and rule.when == "before":
            turn.answer = rule.answer(self.state.clock())
            turn.odd = turn.answer is not None
            if rule.stranger:
                self._stranger(turn)
        if turn.answer is None:
            with self.state.lock:
                turn.answer = self._answered(turn)
        if rule and rule.when == "after":
            self._afterwards(turn, rule)

    def _afterwards(self, turn: _Turn, rule: Fault) -> None:
        if rule.stranger:
            self._stranger(turn)
        odd = rule.answer(self.state.clock())
        if odd is not None:
            turn.answer, turn.odd = odd, True

    def _stranger(self, turn: _Turn) -> None:
        values = turn.values or {}
        repo = self.state.find(values.get("owner", ""), values.get("repo", ""))
        if repo:
            with self.state.lock:
                self.state.stranger_commits(repo)

    def _answered(self, turn: _Turn) -> Answer:
        assert turn.route
        try:
            answer = self._called(turn)
        except Refused as refused:
            answer = refused.answer()
        headers = self.state.limits.headers() | {"X-GitHub-Media-Type": "github.v3; format=json"}
        if self._shows_token(turn.request):
            headers["github-authentication-token-expiration"] = self.state.expires
            if self.state.scopes is not None:
                headers |= {"x-oauth-scopes": self.state.scopes, "x-accepted-oauth-scopes": "repo"}
        answer.headers = headers | answer.headers
        return answer

    def _called(self, turn: _Turn) -> Answer:
        route, request, limits = turn.route, turn.request, self.state.limits
        assert route
        assert turn.values is not None
        call = f"{route.method} {request.path}"
        if not request.headers.get("user-agent"):
            raise Refused(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
            )
        self._check_token(request, route)
        if route.kind != "rate":
            limits.check(call)
        if route.method not in READING:
            limits.write(call)
        self._check_renamed(request, turn.values)
        answer = route.handler(self.state, asked(request, turn.values, authenticated=self._shows_token(request)))
        answer = _conditional(request, answer) if route.method in READING else answer
        if route.kind != "rate" and answer.status != 304:
            limits.count()
        return answer

    def _check_token(self, request: Request, route: Route) -> None:
        state = self.state
        shown = _token(request)
        if shown and (state.revoked or shown != state.token):
            raise Refused(401, "Bad credentials")
        if route.method not in READING and not shown:
            raise Refused(401, "Requires authentication")
        if route.permission in state.lacking:
            needed = {"X-Accepted-GitHub-Permissions": f"{route.permission}=write"}
            raise Refused(403, "Resource not accessible by personal access token", headers=needed)

    def _check_renamed(self, request: Request, values: dict[str, str]) -> None:
        owner, name = values.get("owner", ""), values.get("repo", "")
        moved = None if self.state.find(owner, name) else self.state.renamed(owner, name)
        if moved:
            rest = request.target.split("/", 4)[4:]
            place = f"{self.state.api}/repositories/{moved.id}{'/' + rest[0] if rest else ''}"
            status = 301 if request.method in READING else 307
            raise Refused(status, "Moved Permanently", headers={"Location": place})

    def _shows_token(self, request: Request) -> bool:
        return _token(request) == self.state.token and not self.state.revoked

    def _unknown(self, request: Request) -> Answer:
        path = request.path.strip("/")
        if request.method in READING and path.count("/") == 1 and self.state.find(*path.split("/")):
            return Answer(200, f"<!DOCTYPE html>\n<title>{path}</title>\n".encode(), {"Content-Type": "text/html"})
        what = f"{request.method} {request.path} is not served by the double"
        self.log.add(Call(request.method, "", request.path, "unknown", 404, self.state.clock()), [what])
        return said(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})

    # --- git

    def git(self, request: Request) -> Answer | Silence:
        """Answer a request of git."""
        match = git.ADDRESS.fullmatch(request.path)
        assert match
        kind = git.kind(request)
        rule = self.state.faults.take(kind, request.method, request.path)
        turn = _Turn(request, kind, None, {"owner": match[1], "repo": match[2]}, rule)
        self._act_git(turn)
        self._keep(turn)
        assert turn.answer is not None
        return turn.answer

    def _act_git(self, turn: _Turn) -> None:
        rule = turn.rule
        with self.state.lock:
            if rule and rule.when == "before":
                turn.answer = rule.answer(self.state.clock())
                if rule.stranger:
                    self._stranger(turn)
            if turn.answer is None:
                turn.answer = git.answer(self.state, turn.request, rule)
            if rule and rule.when == "after":
                self._afterwards(turn, rule)

    # --- What is kept of it

    def _keep(self, turn: _Turn) -> None:
        request, answer = turn.request, turn.answer
        status = answer.status if isinstance(answer, Answer) else 0
        fault = (
            f"{turn.rule.when} {turn.rule.status or turn.rule.end or turn.rule.outcome}".strip() if turn.rule else ""
        )
        template = turn.route.template if turn.route else request.path
        call = Call(
            request.method,
            template,
            request.path,
            turn.kind,
            status,
            self.state.clock(),
            fault,
            "authorization" in request.headers,
            "if-none-match" in request.headers,
        )
        self.log.add(call, self._description.violations(_exchange(turn)) if turn.route else [])


def _token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() in ("bearer", "token") else ""


def _conditional(request: Request, answer: Answer) -> Answer:
    if answer.status != 200:
        return answer
    etag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
    if request.headers.get("if-none-match") == etag:
        return Answer(304, b"", {"ETag": etag})
    answer.headers |= {"ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60"}
    return answer


def _exchange(turn: _Turn) -> Exchange:
    assert turn.route
    assert turn.values is not None
    request = turn.request
    answer = turn.answer if isinstance(turn.answer, Answer) else Answer(0)
    genuine = isinstance(turn.answer, Answer) and not turn.odd
    return Exchange(
        turn.route.method,
        turn.route.template,
        turn.values,
        request.query,
        _plain_type(request.headers),
        request.body,
        answer.status,
        _plain_type({"content-type": answer.headers.get("Content-Type", "")}),
        answer.body,
        genuine,
    )


def _plain_type(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
