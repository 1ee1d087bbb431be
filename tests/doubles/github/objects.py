"""The git data API, for comparing ways of publishing. https://docs.github.com/rest/git"""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dulwich.object_store import commit_tree_changes
from dulwich.objects import Blob, Commit, ObjectID, Tree

from tests.doubles.github import bodies
from tests.doubles.github.rest import REPO, opened
from tests.doubles.github.routes import Refused, route, said

if TYPE_CHECKING:
    from tests.doubles.github.routes import Asked
    from tests.doubles.github.state import Repository, State
    from tests.doubles.github.wire import Answer


def _filled(state: State, asked: Asked) -> Repository:
    """Return the repository of a call, which takes no objects before its first commit."""
    repo = opened(state, asked)
    if not repo.git.refs.as_dict():
        raise Refused(409, "Git Repository is empty.")
    return repo


def _stored(repo: Repository, sha: str, what: type, refusal: str) -> Any:
    try:
        found = repo.git.object_store[ObjectID(sha.encode())]
    except (KeyError, ValueError):
        found = None
    if not isinstance(found, what):
        raise Refused(422, refusal)
    return found


@route("POST", f"{REPO}/git/blobs", "objects", "contents")
def blob(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    text = asked.data["content"]
    made = Blob.from_string(b64decode(text) if asked.data.get("encoding") == "base64" else text.encode())
    repo.git.object_store.add_object(made)
    sha = made.id.decode()
    return said(201, {"sha": sha, "url": f"{state.api}/repos/{repo.full_name}/git/blobs/{sha}"})


@route("POST", f"{REPO}/git/trees", "objects", "contents")
def tree(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    store, base = repo.git.object_store, asked.data.get("base_tree")
    start = _tree_of(repo, base) if base else Tree()
    changes = [(entry["path"].encode(), *_entry(repo, entry)) for entry in asked.data["tree"]]
    sha = commit_tree_changes(store, start, changes)
    return said(201, _tree(state, repo, store[sha]))


def _entry(repo: Repository, entry: dict[str, Any]) -> tuple[int | None, ObjectID | None]:
    if "content" in entry:
        made = Blob.from_string(entry["content"].encode())
        repo.git.object_store.add_object(made)
        return int(entry["mode"], 8), made.id
    if entry.get("sha") is None:
        return None, None
    return int(entry["mode"], 8), _stored(repo, entry["sha"], Blob, "tree.sha is not a valid blob").id


@route("GET", f"{REPO}/git/trees/{{tree_sha}}", "objects")
def get_tree(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    head = repo.ref(f"refs/heads/{asked.values['tree_sha']}".encode())
    return said(200, _tree(state, repo, _tree_of(repo, head or asked.values["tree_sha"])))


def _tree_of(repo: Repository, sha: str) -> Tree:
    found = _stored(repo, sha, (Tree, Commit), "Tree SHA does not exist")
    return found if isinstance(found, Tree) else repo.git.object_store[found.tree]


def _tree(state: State, repo: Repository, made: Tree) -> dict[str, Any]:
    sha = made.id.decode()
    entries = [bodies.entry(state, repo, item.path.decode(), item.mode, item.sha.decode()) for item in made.items()]
    return {
        "sha": sha,
        "url": f"{state.api}/repos/{repo.full_name}/git/trees/{sha}",
        "tree": entries,
        "truncated": False,
    }


@route("POST", f"{REPO}/git/commits", "objects", "contents")
def commit(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    made = Commit()
    made.tree = _stored(repo, asked.data["tree"], Tree, "Tree SHA does not exist").id
    made.parents = [_stored(repo, sha, Commit, "Parent SHA does not exist").id for sha in asked.data.get("parents", [])]
    made.author, made.author_time = _signature(state, asked.data.get("author"))
    made.committer, made.commit_time = _signature(state, asked.data.get("committer", asked.data.get("author")))
    made.author_timezone = made.commit_timezone = 0
    made.message = asked.data["message"].encode()
    repo.git.object_store.add_object(made)
    return said(201, bodies.git_commit(state, repo, made))


def _signature(state: State, who: dict[str, str] | None) -> tuple[bytes, int]:
    who = who or {}
    name, email = who.get("name", state.login), who.get("email", f"{state.login}@users.noreply.example")
    at = datetime.fromisoformat(who["date"]).timestamp() if "date" in who else state.clock()
    return f"{name} <{email}>".encode(), int(at)


@route("GET", f"{REPO}/git/commits/{{commit_sha}}", "objects")
def get_commit(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    return said(200, bodies.git_commit(state, repo, _stored(repo, asked.values["commit_sha"], Commit, "Not Found")))


@route("GET", f"{REPO}/git/ref/{{ref}}", "refs")
def get_ref(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    name = f"refs/{asked.values['ref']}"
    sha = repo.ref(name.encode())
    if sha is None:
        raise Refused(404, "Not Found")
    return said(200, _ref(state, repo, name, sha))


@route("POST", f"{REPO}/git/refs", "refs", "contents")
def make_ref(state: State, asked: Asked) -> Answer:
    repo = _filled(state, asked)
    name, sha = asked.data["ref"], asked.data["sha"]
    if repo.ref(name.encode()):
        raise Refused(422, "Reference already exists")
    _stored(repo, sha, Commit, "Object does not exist")
    state.move(repo, name.encode(), sha)
    return said(201, _ref(state, repo, name, sha))


@route("PATCH", f"{REPO}/git/refs/{{ref}}", "refs", "contents")
def move_ref(state: State, asked: Asked) -> Answer:
    """Move a branch, forward only unless forced."""
    repo = _filled(state, asked)
    name, sha = f"refs/{asked.values['ref']}", asked.data["sha"]
    present = repo.ref(name.encode())
    if present is None:
        raise Refused(422, "Reference does not exist")
    _stored(repo, sha, Commit, "Object does not exist")
    if not asked.data.get("force") and present not in (each.id.decode() for each in repo.history(sha)):
        raise Refused(422, "Update is not a fast forward")
    state.move(repo, name.encode(), sha)
    return said(200, _ref(state, repo, name, sha))


def _ref(state: State, repo: Repository, name: str, sha: str) -> dict[str, Any]:
    url = f"{state.api}/repos/{repo.full_name}/git"
    return {
        "ref": name,
        "node_id": f"REF_{repo.id}",
        "url": f"{url}/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"},
    }
