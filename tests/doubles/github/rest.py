"""The REST calls about accounts and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.github import bodies
from tests.doubles.github.routes import Refused, route, said

if TYPE_CHECKING:
    from tests.doubles.github.routes import Asked
    from tests.doubles.github.state import Account, Repository, State
    from tests.doubles.github.wire import Answer

REPO = "/repos/{owner}/{repo}"


def opened(state: State, asked: Asked) -> Repository:
    """Return the repository that a call is about. Raises Refused: 404, or 301 and 307 for one that was renamed."""
    owner, name = asked.values["owner"], asked.values["repo"]
    found = state.find(owner, name)
    if found is None:
        raise Refused(404, "Not Found")
    return found


def writable(repo: Repository) -> Repository:
    """Return the repository if it is not archived."""
    if repo.archived:
        raise Refused(403, "Repository was archived so is read-only.")
    return repo


def nothing() -> Answer:
    """Return a 204."""
    answer = said(204, {})
    answer.body = b""
    del answer.headers["Content-Type"]
    return answer


def _account(state: State, login: str, kind: str = "") -> Account:
    found = state.accounts.get(login.lower())
    if found is None or kind not in ("", found.kind):
        raise Refused(404, "Not Found")
    return found


@route("GET", "/user", "user")
def own_user(state: State, asked: Asked) -> Answer:
    if not asked.authenticated:
        raise Refused(401, "Requires authentication")
    return said(200, bodies.own_account(state, _account(state, state.login)))


@route("GET", "/rate_limit", "rate")
def rate_limit(state: State, asked: Asked) -> Answer:
    return said(200, state.limits.body())


@route("GET", "/users/{username}", "owner")
def user(state: State, asked: Asked) -> Answer:
    return said(200, bodies.whole_account(state, _account(state, asked.values["username"])))


@route("GET", "/orgs/{org}", "owner")
def organisation(state: State, asked: Asked) -> Answer:
    return said(200, bodies.organisation(state, _account(state, asked.values["org"], "Organization")))


@route("POST", "/user/repos", "create", "administration")
def create(state: State, asked: Asked) -> Answer:
    return _create(state, asked, _account(state, state.login))


@route("POST", "/orgs/{org}/repos", "create", "administration")
def create_in_organisation(state: State, asked: Asked) -> Answer:
    return _create(state, asked, _account(state, asked.values["org"], "Organization"))


def _create(state: State, asked: Asked, owner: Account) -> Answer:
    wished = dict(asked.data)
    name, description = str(wished.pop("name", "")), wished.pop("description", None)
    made = state.create(owner, name, description, **wished)
    if wished.get("auto_init"):
        state.write(made, {"README.md": f"# {made.name}\n".encode()}, "Initial commit")
    body = bodies.whole_repository(state, made)
    return said(201, body, Location=body["url"])


@route("GET", REPO, "repository")
def get(state: State, asked: Asked) -> Answer:
    return said(200, bodies.whole_repository(state, opened(state, asked)))


@route("PATCH", REPO, "edit", "administration")
def edit(state: State, asked: Asked) -> Answer:
    repo = opened(state, asked)
    if asked.data.get("archived") is not False:
        writable(repo)
    repo.archived = bool(asked.data.get("archived", repo.archived))
    repo.private = bool(asked.data.get("private", repo.private))
    if repo.private:  # Pages of private repositories are not part of the free plan
        repo.source = None
    if "name" in asked.data:
        state.rename(repo, asked.data["name"])
    repo.description = asked.data.get("description", repo.description)
    return said(200, bodies.whole_repository(state, repo))


@route("DELETE", REPO, "delete", "administration")
def delete(state: State, asked: Asked) -> Answer:
    state.delete(opened(state, asked))
    return nothing()


@route("GET", "/users/{username}/repos", "list")
def of_user(state: State, asked: Asked) -> Answer:
    return _listed(state, asked, state.owned(_account(state, asked.values["username"]).login))


@route("GET", "/orgs/{org}/repos", "list")
def of_organisation(state: State, asked: Asked) -> Answer:
    return _listed(state, asked, state.owned(_account(state, asked.values["org"], "Organization").login))


@route("GET", "/user/repos", "list")
def own(state: State, asked: Asked) -> Answer:
    if not asked.authenticated:
        raise Refused(401, "Requires authentication")
    organisations = [each.login for each in state.accounts.values() if each.kind == "Organization"]
    return _listed(state, asked, [each for login in (state.login, *organisations) for each in state.owned(login)])


def _listed(state: State, asked: Asked, found: list[Repository]) -> Answer:
    orders = {
        "created": lambda each: each.created,
        "pushed": lambda each: each.pushed,
        "updated": lambda each: each.pushed,
    }
    sort = asked.query.get("sort", "full_name")
    direction = asked.query.get("direction", "asc" if sort == "full_name" else "desc")
    found = sorted(found, key=orders.get(sort, lambda each: each.full_name.lower()), reverse=direction == "desc")
    page = asked.page(found)
    headers = {}
    if page and page[-1] is not found[-1]:
        size, number = asked.query.get("per_page", "30"), int(asked.query.get("page", 1)) + 1
        headers["Link"] = (
            f'<{state.api}{_path(asked)}?per_page={size}&page={number}&sort={sort}&direction={direction}>; rel="next"'
        )
    return said(200, [bodies.repository(state, each) for each in page], **headers)


def _path(asked: Asked) -> str:
    for key, root in (("username", "users"), ("org", "orgs")):
        if key in asked.values:
            return f"/{root}/{asked.values[key]}/repos"
    return "/user/repos"


@route("GET", "/search/repositories", "search")
def search(state: State, asked: Asked) -> Answer:
    """Answer a search by words in name and description and by `user:` and `org:`, the other qualifiers are ignored."""
    words, owners = [], []
    for word in asked.query.get("q", "").split():
        key, colon, value = word.partition(":")
        if not colon:
            words.append(word.lower())
        elif key in ("user", "org"):
            owners.append(value.lower())
    found = [each for each in state.repositories.values() if _matches(each, words, owners)]
    items: list[dict[str, Any]] = [bodies.repository(state, each) | {"score": 1.0} for each in asked.page(found)]
    return said(200, {"total_count": len(found), "incomplete_results": False, "items": items})


def _matches(repo: Repository, words: list[str], owners: list[str]) -> bool:
    text = f"{repo.name} {repo.description or ''}".lower()
    return all(word in text for word in words) and (not owners or repo.owner.login.lower() in owners)
