"""Takes a published page down, and puts it back: Pages, and who may read or change the repository.

https://docs.github.com/en/rest/pages/pages#delete-a-github-pages-site
https://docs.github.com/en/rest/repos/repos#update-a-repository
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.adapters.github.errors import quoted
from engine.domain.repository import Reach
from engine.errors import Permanent, Transient

if TYPE_CHECKING:
    from engine.adapters.github.pages import GitHubPages
    from engine.adapters.github.rest import GitHubRest, RestAnswer
    from engine.domain.repository import Repository

#: The field of a repository that each reach sets.
_FIELDS = {Reach.PRIVATE: "private", Reach.ARCHIVE: "archived"}


class GitHubTakedowns:
    """Reads the repository first and writes only what differs, so that a call that died half-way can be repeated."""

    def __init__(self, rest: GitHubRest, pages: GitHubPages) -> None:
        self._rest = rest
        self._pages = pages

    def take_down(self, repository: Repository, reach: Reach) -> None:
        """Pages go first: of an archived repository GitHub changes nothing. Raises as `GitHubForge.take_down` does."""
        path = _path(repository)
        data = self._read(path)
        if data is None:
            return
        if data.get("has_pages") is not False:
            answer = self._rest.write("DELETE", f"{path}/pages", None, doing="takedown", key=f"pages {path}")
            if answer.status not in {204, 404}:  # 404: Pages are off
                raise _refusal(answer, "switch Pages off")
        field = _FIELDS.get(reach)
        if field and data.get(field) is not True:
            self._set(path, field, value=True)

    def put_back(self, repository: Repository, reach: Reach) -> None:
        """Pages come last: GitHub has none for a private repository of a free account. Raises as `take_down` does."""
        path = _path(repository)
        data = self._read(path)
        if data is None:
            raise Permanent("repository_gone", f"There is no repository {repository.owner}/{repository.name} any more.")
        field = _FIELDS.get(reach)
        if field and data.get(field) is not False:
            self._set(path, field, value=False)
        try:
            self._pages.enable(replace(repository, pages_url=""), repository.pages_source)
        except Permanent as error:
            if error.code != "repository_gone":
                raise
            # It was there just now: somebody archived it, or GitHub has blocked it.
            raise Permanent("takedown_refused", error.message) from None

    def _read(self, path: str) -> dict[str, Any] | None:
        answer = self._rest.get(path, doing="read")
        if answer.status == 404:
            return None
        if answer.status != 200 or not isinstance(answer.data, dict):
            raise _refusal(answer, "show the repository")
        return answer.data

    def _set(self, path: str, field: str, *, value: bool) -> None:
        answer = self._rest.write("PATCH", path, {field: value}, doing="takedown", key=f"edit {path}")
        if answer.status != 200:
            raise _refusal(answer, f"set the repository's field {field}")


def _path(repository: Repository) -> str:
    return f"/repos/{repository.owner}/{repository.name}"


def _refusal(answer: RestAnswer, what: str) -> Transient | Permanent:
    """Return the error of an answer. A 409 means that another change is under way, as while Pages are built."""
    said = f"{answer.status}{quoted(answer.message)}"
    if answer.status == 409:
        return Transient("forge_busy", f"GitHub cannot {what} yet: {said}")
    return Permanent("takedown_refused", f"GitHub does not {what}: {said}")
