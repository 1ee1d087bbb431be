"""The contents API, for comparing ways of publishing: a commit a file. https://docs.github.com/rest/repos/contents"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from dulwich.objects import Blob

from tests.doubles.github import bodies
from tests.doubles.github.rest import REPO, opened
from tests.doubles.github.routes import Refused, route, said

if TYPE_CHECKING:
    from tests.doubles.github.routes import Asked
    from tests.doubles.github.state import State
    from tests.doubles.github.wire import Answer


@route("GET", f"{REPO}/contents/{{path}}", "contents")
def get(state: State, asked: Asked) -> Answer:
    repo, path = opened(state, asked), asked.values["path"]
    content = state.files(repo).get(path)
    if content is None:
        raise Refused(404, "Not Found")
    return said(200, bodies.file(state, repo, path, Blob.from_string(content).id.decode(), content))


@route("PUT", f"{REPO}/contents/{{path}}", "contents", "contents")
def put(state: State, asked: Asked) -> Answer:
    """Write one file, which takes its present SHA where it is there already."""
    repo, path = opened(state, asked), asked.values["path"]
    content, present = b64decode(asked.data["content"]), state.files(repo).get(path)
    sha = Blob.from_string(present).id.decode() if present is not None else None
    if sha and "sha" not in asked.data:
        raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if asked.data.get("sha", sha) != sha:
        raise Refused(409, f"{path} does not match {asked.data['sha']}")
    made = repo.commit(state.write(repo, {path: content}, asked.data["message"]))
    file = bodies.file(state, repo, path, Blob.from_string(content).id.decode(), content)
    del file["content"], file["encoding"]
    return said(201 if sha is None else 200, {"content": file, "commit": bodies.git_commit(state, repo, made)})
