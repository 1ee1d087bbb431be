"""The second port: what Pages serve at <pages>/<owner>/<repository>/…, from the tree of the commit that was built."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob

from tests.doubles.github.bodies import when
from tests.doubles.github.wire import Answer, Silence

if TYPE_CHECKING:
    from tests.doubles.github.state import Repository, State
    from tests.doubles.github.wire import Request

# As GitHub sends them:
# https://docs.github.com/pages/getting-started-with-github-pages/creating-a-github-pages-site#mime-types-on-github-pages
TYPES = {
    "html": "text/html; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "application/javascript; charset=utf-8",
    "mjs": "application/javascript; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xml": "application/xml",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "ico": "image/vnd.microsoft.icon",
    "pdf": "application/pdf",
    "wasm": "application/wasm",
    "woff2": "font/woff2",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MISSING = (
    b"<!DOCTYPE html>\n<html><head><title>Site not found &middot; GitHub "
    b"Pages</title></head><body><h1>404</h1></body></html>\n"
)


def respond(state: State, request: Request) -> Answer | Silence:
    """Answer a reader of pages."""
    rule = state.faults.take("site", request.method, request.path)
    odd = rule.answer(state.clock()) if rule else None
    if odd is not None:
        return odd
    if request.path.startswith("/_logs/"):
        return _log(state, request)
    if request.method not in ("GET", "HEAD"):
        return Answer(405, b"", {"Content-Type": "text/html"})
    _, owner, name, *rest = [*request.path.split("/", 3), "", ""][:4]
    with state.lock:
        repo = state.find(owner, name)
        if repo is None or repo.source is None:
            return _missing(None)
        if request.path.count("/") < 3:
            return Answer(301, b"", {"Location": f"{state.pages}{request.target}/"})
        return _served(state, repo, request, rest[0])


def _served(state: State, repo: Repository, request: Request, path: str) -> Answer:
    files = _live(repo, plain=not request.query)
    for candidate in (path, f"{path}.html") if path and not path.endswith("/") else (f"{path}index.html",):
        if candidate in files:
            return _file(candidate, files[candidate], request, repo)
    if path and any(each.startswith(f"{path}/") for each in files):
        return Answer(301, b"", {"Location": f"{state.pages}{request.target}/"})
    return _missing(files.get("404.html"))


def _live(repo: Repository, *, plain: bool) -> dict[str, Blob]:
    """Return the files of the newest build or deployment of a run."""
    run, commit = repo.runs.live(), repo.builds.live(plain=plain)
    built = [build.finished() for build in repo.builds.all if build.commit == commit]
    if run and run.site is not None and (repo.build_type == "workflow" or not built or run.finished() > max(built)):
        return {path: Blob.from_string(content) for path, content in run.site.items()}
    return _site(repo, commit) if commit else {}


def _log(state: State, request: Request) -> Answer:
    """Serve a job's log as the store of logs does, whose addresses are signed; a token must not come here."""
    if "authorization" in request.headers:
        return Answer(400, b"This store takes no Authorization.", {"Content-Type": "text/plain"})
    with state.lock:
        found = [repo.runs.job(request.path.rpartition("/")[2]) for repo in state.repositories.values()]
    text = next((run.log for run, _ in filter(None, found)), "")
    lines = [f"2026-11-30T12:00:{at % 60:02}.0000000Z {line}" for at, line in enumerate(text.splitlines())]
    return Answer(200, "\ufeff".encode() + "\n".join(lines).encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _site(repo: Repository, commit: str) -> dict[str, Blob]:
    """Return the files of a site. Without .nojekyll, Jekyll leaves some out and turns Markdown into pages."""
    assert repo.source
    store, folder = repo.git.object_store, repo.source["path"].strip("/")
    files = {}
    for entry in iter_tree_contents(store, repo.commit(commit).tree):
        path = (entry.path or b"").decode()
        blob = store[entry.sha] if entry.mode and entry.sha and stat.S_ISREG(entry.mode) else None
        if isinstance(blob, Blob) and path.startswith(folder):
            files[path.removeprefix(folder).lstrip("/")] = blob
    return files if ".nojekyll" in files else _by_jekyll(files)


def _by_jekyll(files: dict[str, Blob]) -> dict[str, Blob]:
    site = {}
    for path, blob in files.items():
        if any(part.startswith(("_", ".", "#")) or part.endswith("~") for part in path.split("/")):
            continue
        if path.endswith(".md"):
            page = path.removesuffix(".md") + ".html"
            page = "index.html" if path == "README.md" and "index.html" not in files else page
            site[page] = Blob.from_string(b"<!DOCTYPE html>\n<html><body><pre>" + blob.data + b"</pre></body></html>\n")
        else:
            site[path] = blob
    return site


def _file(path: str, blob: Blob, request: Request, repo: Repository) -> Answer:
    etag = f'"{blob.id.decode()[:24]}"'
    headers = {
        "Content-Type": TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream"),
        "ETag": etag,
        "Cache-Control": "max-age=600",
        "Access-Control-Allow-Origin": "*",
        "X-Cache": "HIT" if not request.query else "MISS",
        "X-Pushed": when(repo.pushed),
        "Server": "GitHub.com",
    }
    if request.headers.get("if-none-match") == etag:
        return Answer(304, b"", headers)
    return Answer(200, blob.data, headers)


def _missing(page: Blob | None) -> Answer:
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "max-age=600"}
    return Answer(404, page.data if page else _MISSING, headers)
