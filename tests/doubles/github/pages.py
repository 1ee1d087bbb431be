"""The REST calls about Pages and their builds. https://docs.github.com/rest/pages/pages"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.github import bodies
from tests.doubles.github.rest import REPO, nothing, opened, writable
from tests.doubles.github.routes import Refused, route, said

if TYPE_CHECKING:
    from tests.doubles.github.builds import Build
    from tests.doubles.github.routes import Asked
    from tests.doubles.github.state import Repository, State
    from tests.doubles.github.wire import Answer


def address(state: State, repo: Repository) -> str:
    """Return where a repository's pages are: with the owner in small letters, as in the host names of github.io."""
    return f"{state.pages}/{repo.owner.login.lower()}/{repo.name}/"


def _body(state: State, repo: Repository) -> dict[str, Any]:
    builds = repo.builds.all
    status = repo.builds.status(builds[-1]) if builds else None
    return {
        "url": f"{state.api}/repos/{repo.full_name}/pages",
        "status": "building" if status == "queued" else status,
        "cname": None,
        "custom_404": False,
        "html_url": address(state, repo),
        "build_type": repo.build_type,
        "source": repo.source,
        "public": True,
        "https_enforced": True,
    }


def _with_pages(state: State, asked: Asked) -> Repository:
    repo = opened(state, asked)
    if repo.source is None:
        raise Refused(404, "Not Found")
    return repo


@route("GET", f"{REPO}/pages", "pages-read")
def get(state: State, asked: Asked) -> Answer:
    return said(200, _body(state, _with_pages(state, asked)))


@route("POST", f"{REPO}/pages", "pages", "pages")
def enable(state: State, asked: Asked) -> Answer:
    repo = writable(opened(state, asked))
    if repo.private:
        raise Refused(422, "Your current plan does not support GitHub Pages for this repository.")
    if repo.source is not None:
        raise Refused(409, "GitHub Pages is already enabled.")
    repo.source = _source(state, repo, asked)
    repo.build_type = str(asked.data.get("build_type", "legacy"))
    if repo.build_type == "legacy":
        state.build(repo)
    return said(201, _body(state, repo) | {"status": None})


@route("DELETE", f"{REPO}/pages", "pages", "pages")
def disable(state: State, asked: Asked) -> Answer:
    repo = writable(_with_pages(state, asked))
    repo.source = None
    return nothing()


@route("PUT", f"{REPO}/pages", "pages", "pages")
def change(state: State, asked: Asked) -> Answer:
    """Change the source, which starts no build."""
    repo = _with_pages(state, asked)
    if isinstance(asked.data.get("source"), dict):
        repo.source = _source(state, repo, asked)
    repo.build_type = str(asked.data.get("build_type", repo.build_type))
    return nothing()


def _source(state: State, repo: Repository, asked: Asked) -> dict[str, str]:
    """Return the branch. That Pages by a workflow need one too is assumed, since GitHub's documentation is silent."""
    source = asked.data.get("source") or {}
    branch = str(source.get("branch", "main"))
    may_be_empty = state.empty_pages and asked.data.get("build_type") == "workflow"
    if repo.ref(f"refs/heads/{branch}".encode()) is None and not may_be_empty:
        raise Refused(422, f"The {branch} branch must exist before GitHub Pages can be built.")
    return {"branch": branch, "path": str(source.get("path", "/"))}


@route("GET", f"{REPO}/pages/builds", "builds")
def builds(state: State, asked: Asked) -> Answer:
    repo = _with_pages(state, asked)
    return said(200, [_build(state, repo, build) for build in asked.page(repo.builds.all[::-1])])


@route("GET", f"{REPO}/pages/builds/latest", "builds")
def latest(state: State, asked: Asked) -> Answer:
    repo = _with_pages(state, asked)
    if not repo.builds.all:
        raise Refused(404, "Not Found")
    return said(200, _build(state, repo, repo.builds.all[-1]))


@route("GET", f"{REPO}/pages/builds/{{build_id}}", "builds")
def one(state: State, asked: Asked) -> Answer:
    repo = _with_pages(state, asked)
    for build in repo.builds.all:
        if str(build.id) == asked.values["build_id"]:
            return said(200, _build(state, repo, build))
    raise Refused(404, "Not Found")


@route("POST", f"{REPO}/pages/builds", "rebuild", "pages")
def rebuild(state: State, asked: Asked) -> Answer:
    state.build(_with_pages(state, asked))
    return said(
        201,
        {
            "url": f"{state.api}/repos/{asked.values['owner']}/{asked.values['repo']}/pages/builds/latest",
            "status": "queued",
        },
    )


def _build(state: State, repo: Repository, build: Build) -> dict[str, Any]:
    status = repo.builds.status(build)
    done = status in ("built", "errored")
    message = (build.message or "Page build failed.") if status == "errored" else None
    return {
        "url": f"{state.api}/repos/{repo.full_name}/pages/builds/{build.id}",
        "status": status,
        "error": {"message": message},
        "pusher": bodies.account(state, repo.owner),
        "commit": build.commit,
        "duration": int(1000 * build.seconds) if done else 0,
        "created_at": bodies.when(build.began),
        "updated_at": bodies.when(build.finished() if done else build.began),
    }
