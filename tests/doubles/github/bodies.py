"""The bodies of GitHub's answers about accounts, repositories and commits, as its description wants them."""

from __future__ import annotations

import stat
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dulwich.objects import Commit

    from tests.doubles.github.state import Account, Repository, State

_USER_URLS = (
    "followers",
    "following{/other_user}",
    "gists{/gist_id}",
    "starred{/owner}{/repo}",
    "subscriptions",
    "organizations:orgs",
    "repos",
    "events{/privacy}",
    "received_events",
)
_REPOSITORY_URLS = (
    "archive:{archive_format}{/ref}",
    "assignees{/user}",
    "blobs:git/blobs{/sha}",
    "branches{/branch}",
    "collaborators{/collaborator}",
    "comments{/number}",
    "commits{/sha}",
    "compare:compare/{base}...{head}",
    "contents:contents/{+path}",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits:git/commits{/sha}",
    "git_refs:git/refs{/sha}",
    "git_tags:git/tags{/sha}",
    "hooks",
    "issue_comment:issues/comments{/number}",
    "issue_events:issues/events{/number}",
    "issues{/number}",
    "keys{/key_id}",
    "labels{/name}",
    "languages",
    "merges",
    "milestones{/number}",
    "notifications{?since,all,participating}",
    "pulls{/number}",
    "releases{/id}",
    "stargazers",
    "statuses:statuses/{sha}",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees:git/trees{/sha}",
)


def when(seconds: float) -> str:
    """Return a time as GitHub writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _urls(names: tuple[str, ...], base: str) -> dict[str, str]:
    urls = {}
    for name in names:
        key, colon, path = name.partition(":")
        key = key.partition("{")[0]
        urls[f"{key}_url"] = f"{base}/{path if colon else name}"
    return urls


def account(state: State, who: Account) -> dict[str, Any]:
    """Return an account as others' bodies hold it."""
    url = f"{state.api}/users/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": f"U_{who.id}",
        "gravatar_id": "",
        "type": who.kind,
        "site_admin": False,
        "avatar_url": f"{state.api}/avatars/{who.id}",
        "url": url,
        "html_url": f"{state.api}/{who.login}",
        "user_view_type": "public",
        **_urls(_USER_URLS, url),
    }


def whole_account(state: State, who: Account) -> dict[str, Any]:
    """Return an account as GET /users/{username} does."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("company", "location", "email", "hireable", "bio", "twitter_username", "name")
    )
    counts = {"public_repos": len(state.owned(who.login)), "public_gists": 0, "followers": 0, "following": 0}
    dates = {"created_at": "2020-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"}
    return account(state, who) | nothing | counts | dates | {"blog": ""}


def own_account(state: State, who: Account) -> dict[str, Any]:
    """Return an account as GET /user does."""
    private = {
        "private_gists": 0,
        "total_private_repos": 0,
        "owned_private_repos": 0,
        "disk_usage": 1,
        "collaborators": 0,
        "two_factor_authentication": True,
        "user_view_type": "private",
    }
    return whole_account(state, who) | private


def organisation(state: State, who: Account) -> dict[str, Any]:
    """Return an organisation as GET /orgs/{org} does."""
    url = f"{state.api}/orgs/{who.login}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": f"O_{who.id}",
        "url": url,
        "description": None,
        "type": "Organization",
        "avatar_url": f"{state.api}/avatars/{who.id}",
        "html_url": f"{state.api}/{who.login}",
        "archived_at": None,
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": len(state.owned(who.login)),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": "2020-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        **_urls(("repos", "events", "hooks", "issues"), url),
    }


def repository(state: State, repo: Repository) -> dict[str, Any]:
    """Return a repository as lists hold it."""
    url, page = f"{state.api}/repos/{repo.full_name}", f"{state.api}/{repo.full_name}"
    host = page.partition("//")[2]
    features = {
        name: repo.options.get(name, default)
        for name, default in (
            ("has_issues", True),
            ("has_projects", True),
            ("has_wiki", True),
            ("has_downloads", True),
            ("has_discussions", False),
            ("is_template", False),
        )
    }
    counts = dict.fromkeys(
        ("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers", "watchers_count"),
        0,
    )
    return {
        "id": repo.id,
        "node_id": f"R_{repo.id}",
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": account(state, repo.owner),
        "html_url": page,
        "url": url,
        "description": repo.description or None,
        "fork": False,
        "clone_url": f"{page}.git",
        "git_url": f"git://{host}.git",
        "ssh_url": f"git@{host}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": repo.options.get("homepage"),
        "language": None,
        "archived": repo.archived,
        "disabled": False,
        "license": None,
        "size": 0,
        "default_branch": "main",
        "topics": [],
        "visibility": "private" if repo.private else "public",
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "has_pages": repo.source is not None,
        "pushed_at": when(repo.pushed),
        "created_at": when(repo.created),
        "updated_at": when(repo.pushed),
        "permissions": {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True},
        **features,
        **counts,
        **_urls(_REPOSITORY_URLS, url),
    }


def whole_repository(state: State, repo: Repository) -> dict[str, Any]:
    """Return a repository as GET /repos/{owner}/{repo} does."""
    return repository(state, repo) | {"network_count": 0, "subscribers_count": 0}


_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _signed_by(line: bytes, at: int) -> dict[str, str]:
    name, _, address = line.decode(errors="replace").partition(" <")
    return {"name": name, "email": address.rstrip(">"), "date": when(at)}


def git_commit(state: State, repo: Repository, made: Commit) -> dict[str, Any]:
    """Return a commit as the git data API does."""
    url, page = f"{state.api}/repos/{repo.full_name}/git", f"{state.api}/{repo.full_name}"
    sha = made.id.decode()
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{url}/commits/{sha}",
        "html_url": f"{page}/commit/{sha}",
        "author": _signed_by(made.author, made.author_time),
        "committer": _signed_by(made.committer, made.commit_time),
        "message": made.message.decode(errors="replace"),
        "verification": _UNSIGNED,
        "tree": {"sha": made.tree.decode(), "url": f"{url}/trees/{made.tree.decode()}"},
        "parents": [
            {"sha": one.decode(), "url": f"{url}/commits/{one.decode()}", "html_url": f"{page}/commit/{one.decode()}"}
            for one in made.parents
        ],
    }


def commit(state: State, repo: Repository, made: Commit) -> dict[str, Any]:
    """Return a commit as GET /repos/{owner}/{repo}/commits/{ref} does."""
    inner = git_commit(state, repo, made)
    url = f"{state.api}/repos/{repo.full_name}/commits"
    sha = inner["sha"]
    return {
        "sha": sha,
        "node_id": inner["node_id"],
        "url": f"{url}/{sha}",
        "html_url": inner["html_url"],
        "comments_url": f"{url}/{sha}/comments",
        "author": None,
        "committer": None,
        "commit": {
            "author": inner["author"],
            "committer": inner["committer"],
            "message": inner["message"],
            "tree": inner["tree"],
            "url": inner["url"],
            "comment_count": 0,
            "verification": _UNSIGNED,
        },
        "parents": [one | {"url": f"{url}/{one['sha']}"} for one in inner["parents"]],
    }


def file(state: State, repo: Repository, path: str, sha: str, content: bytes) -> dict[str, Any]:
    """Return a file as the contents API does."""
    url = f"{state.api}/repos/{repo.full_name}"
    here, git = f"{url}/contents/{path}?ref=main", f"{url}/git/blobs/{sha}"
    page = f"{state.api}/{repo.full_name}/blob/main/{path}"
    return {
        "type": "file",
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": len(content),
        "url": here,
        "html_url": page,
        "git_url": git,
        "download_url": f"{state.api}/{repo.full_name}/raw/main/{path}",
        "encoding": "base64",
        "content": b64encode(content).decode(),
        "_links": {"self": here, "git": git, "html": page},
    }


def entry(state: State, repo: Repository, path: str, mode: int, sha: str) -> dict[str, Any]:
    """Return one line of a tree as the git data API does."""
    kind = "tree" if stat.S_ISDIR(mode) else "blob"
    return {
        "path": path,
        "mode": f"{mode:06o}",
        "type": kind,
        "sha": sha,
        "url": f"{state.api}/repos/{repo.full_name}/git/{kind}s/{sha}",
    }
