"""Answers to HEAD, read from the WSGI application: Django's test client would drop a body itself."""

from __future__ import annotations

from wsgiref.util import setup_testing_defaults

import pytest

from tasks_app.wsgi import application


def ask(method: str, path: str) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, object] = {"REQUEST_METHOD": method, "PATH_INFO": path}
    setup_testing_defaults(environ)
    seen: list[tuple[str, dict[str, str]]] = []
    body = b"".join(application(environ, lambda status, headers: seen.append((status, dict(headers)))))
    return *seen[0], body


@pytest.mark.parametrize("path", ["/healthz", "/nothing/here"])
def test_an_answer_to_head_has_the_headers_of_get_and_no_body(path: str) -> None:
    status, headers, body = ask("GET", path)
    assert body
    assert ask("HEAD", path) == (status, headers, b"")
