"""The REST calls that read commits. https://docs.github.com/rest/commits/commits"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tests.doubles.github import bodies
from tests.doubles.github.rest import REPO, opened
from tests.doubles.github.routes import Refused, route, said

if TYPE_CHECKING:
    from dulwich.objects import Commit

    from tests.doubles.github.routes import Asked
    from tests.doubles.github.state import Repository, State
    from tests.doubles.github.wire import Answer


def resolved(repo: Repository, name: str) -> Commit:
    """Return the commit that a branch's name or a SHA means. Raises Refused: 409 for an empty repository, 404, 422."""
    if not repo.git.refs.as_dict():
        raise Refused(409, "Git Repository is empty.")
    branch = name.removeprefix("refs/").removeprefix("heads/")
    sha = repo.main if name == "HEAD" else repo.ref(f"refs/heads/{branch}".encode())
    try:
        return repo.commit(sha or name)
    except (KeyError, ValueError):
        raise Refused(422, f"No commit found for SHA: {name}") from None


@route("GET", f"{REPO}/commits", "commits")
def listed(state: State, asked: Asked) -> Answer:
    repo = opened(state, asked)
    head = resolved(repo, asked.query.get("sha", "HEAD"))
    found = asked.page(list(repo.history(head.id.decode())))
    return said(200, [bodies.commit(state, repo, commit) for commit in found])


@route("GET", f"{REPO}/commits/{{ref}}", "commits")
def one(state: State, asked: Asked) -> Answer:
    repo = opened(state, asked)
    return said(200, bodies.commit(state, repo, resolved(repo, asked.values["ref"])))


@route("GET", f"{REPO}/compare/{{basehead}}", "compare")
def compare(state: State, asked: Asked) -> Answer:
    """Compare `base...head`; the files are left out."""
    repo = opened(state, asked)
    base, dots, head = asked.values["basehead"].partition("...")
    if not dots:
        raise Refused(404, "Not Found")
    try:
        left, right = resolved(repo, base), resolved(repo, head)
    except Refused:
        raise Refused(404, "Not Found") from None
    behind, ahead = _chain(repo, left), _chain(repo, right)
    common = next((sha for sha in behind if sha in ahead), None)
    if common is None:
        raise Refused(404, f"No common ancestor between {base} and {head}.")
    new = [commit for sha, commit in ahead.items() if sha not in behind][::-1]
    missing = [sha for sha in behind if sha not in ahead]
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}.get((bool(new), bool(missing)))
    page = f"{state.api}/{repo.full_name}/compare/{base}...{head}"
    return said(
        200,
        {
            "url": f"{state.api}/repos/{repo.full_name}/compare/{base}...{head}",
            "html_url": page,
            "permalink_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": bodies.commit(state, repo, left),
            "merge_base_commit": bodies.commit(state, repo, behind[common]),
            "status": status or "identical",
            "ahead_by": len(new),
            "behind_by": len(missing),
            "total_commits": len(new),
            "commits": [bodies.commit(state, repo, commit) for commit in islice(new, 250)],
            "files": [],
        },
    )


def _chain(repo: Repository, commit: Commit) -> dict[bytes, Commit]:
    return {each.id: each for each in repo.history(commit.id.decode())}
