"""Switches GitHub Pages on, reads its builds and asks for another build.

https://docs.github.com/en/rest/pages/pages
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.adapters.github.builds import builds_of, look_at
from engine.adapters.github.errors import quoted, unreachable, words_of
from engine.domain.repository import PagesBuild, PagesSource, Repository
from engine.errors import OutOfService, Permanent, RateLimited, Transient

if TYPE_CHECKING:
    from engine.adapters.github.push import GitHubPush
    from engine.adapters.github.rest import GitHubRest, RestAnswer

#: What GitHub calls the sources.
_BUILD_TYPES: dict[PagesSource, dict[str, object]] = {
    PagesSource.BRANCH: {"build_type": "legacy", "source": {"branch": "main", "path": "/"}},
    PagesSource.WORKFLOW: {"build_type": "workflow"},
}
NOT_READY = 2.0  # seconds until the next attempt
#: Lists of builds that are cached with their ETags: an unchanged list does not count against the primary limit.
REMEMBERED = 500


class GitHubPages:
    """GitHub Pages through `rest`; `git.missing` explains a 404."""

    def __init__(self, rest: GitHubRest, git: GitHubPush) -> None:
        self._rest = rest
        self._git = git
        self._builds: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._order: dict[tuple[str, str, str], bool] = {}

    def of(self, repository: Repository) -> Repository | None:
        """Return the repository with its Pages address, None if Pages is off. Raises Transient, OutOfService."""
        answer = self._rest.get(f"/repos/{repository.owner}/{repository.name}/pages")
        return _with_pages_url(repository, answer) if answer.status == 200 else None

    def enable(self, repository: Repository, source: PagesSource) -> Repository:
        """Have Pages published by `source`. A repository with an address and this source costs no call.

        A new source starts no build: the next push does (https://github.com/SailorDave17/race-timer/issues/175).
        Raises Transient (no branch yet, unclear result), OutOfService, Permanent (repository_gone, pages_refused).
        """
        if not repository.pages_url and source is PagesSource.WORKFLOW:
            # A POST that finds Pages on would be followed by a PUT, and the pace allows one write at a time.
            repository = self.of(repository) or repository
        if not repository.pages_url:
            repository = self._switched_on(repository, source)
        if repository.pages_source is source:
            return repository
        return self._changed(repository, source)

    def _switched_on(self, repository: Repository, source: PagesSource) -> Repository:
        """Switch Pages on; if it is on already, return it as it is."""
        path = f"/repos/{repository.owner}/{repository.name}/pages"
        try:
            answer = self._rest.write(
                "POST", path, _BUILD_TYPES[source], doing="pages", key=f"pages {repository.owner}/{repository.name}"
            )
        except (RateLimited, OutOfService):
            raise
        except Transient as doubt:
            if known := self.of(repository):
                return known
            raise doubt from None
        if answer.status == 201 and (enabled := _with_pages_url(repository, answer)):
            return enabled
        if answer.status in {201, 409} and (known := self.of(repository)):
            return known
        raise self._refusal(repository, answer)

    def _changed(self, repository: Repository, source: PagesSource) -> Repository:
        """Change what publishes Pages. A repeated call changes nothing, so an unclear result is tried again."""
        path = f"/repos/{repository.owner}/{repository.name}/pages"
        key = f"pages {repository.owner}/{repository.name}"
        answer = self._rest.write("PUT", path, _BUILD_TYPES[source], doing="pages", key=key)
        if answer.status == 204:
            return replace(repository, pages_source=source)
        raise self._refusal(repository, answer)

    def look(self, repository: Repository, sha: str) -> PagesBuild:
        """Ask once for the state of a commit's Pages build. Raises Transient, OutOfService, never Permanent."""
        path = f"/repos/{repository.owner}/{repository.name}"
        etag, before = self._builds.get(path, ("", None))
        answer = self._rest.get(f"{path}/pages/builds", query={"per_page": "30"}, etag=etag, doing="looks")
        if answer.status == 304:
            data = before
        elif answer.status == 200:
            data = answer.data
            self._remember(path, answer.headers.get("etag", ""), data)
        else:
            return PagesBuild("queued", None, f"GitHub shows no builds: {answer.status}{quoted(answer.message)}")
        return look_at(builds_of(data), sha, lambda other: self._is_later(path, sha, other))

    def rebuild(self, repository: Repository) -> None:
        """Ask once for another build. Raises RateLimited, Transient, OutOfService, Permanent(build_refused)."""
        path = f"/repos/{repository.owner}/{repository.name}/pages/builds"
        key = f"build {repository.owner}/{repository.name}"
        answer = self._rest.write("POST", path, None, doing="builds", key=key)
        if answer.status != 201:
            raise Permanent("build_refused", f"GitHub refused one more build: {answer.status}{quoted(answer.message)}")

    def _refusal(self, repository: Repository, answer: RestAnswer) -> Transient | Permanent:
        refusal = f"{answer.status}{quoted(answer.message)}"
        if answer.status == 404:
            return self._git.missing(repository, doing="pages")
        if answer.status == 422 and re.search(r"\bplans?\b", words_of(answer.message)):
            return Permanent("pages_refused", f"GitHub does not switch Pages on: {refusal}")
        if answer.status in {201, 409, 422}:
            return Transient("pages_not_ready", f"GitHub cannot switch Pages on yet: {refusal}", NOT_READY)
        return unreachable("pages", f"an answer that is none: {refusal}")

    def _remember(self, path: str, etag: str, data: Any) -> None:
        if etag:
            self._builds[path] = (etag, data)
            self._builds.move_to_end(path)
        while len(self._builds) > REMEMBERED:
            self._builds.popitem(last=False)

    def _is_later(self, path: str, sha: str, other: str) -> bool:
        """Say whether `other` has replaced `sha`: it has unless it is an ancestor of `sha`."""
        key = (path, sha, other)
        if key not in self._order:
            answer = self._rest.get(f"{path}/compare/{sha}...{other}", query={"per_page": "1"})
            if answer.status != 200 or not isinstance(answer.data, dict):
                return False
            self._order[key] = answer.data.get("status") in {"ahead", "diverged"}
        return self._order[key]


def _with_pages_url(repository: Repository, answer: RestAnswer) -> Repository | None:
    url = answer.data.get("html_url") if isinstance(answer.data, dict) else None
    if not url:
        return None
    source = PagesSource.WORKFLOW if answer.data.get("build_type") == "workflow" else PagesSource.BRANCH
    return replace(repository, pages_url=str(url), pages_source=source)
