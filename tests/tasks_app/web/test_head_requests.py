"""Answers to HEAD as the handler gives them to the server: Django's test client would drop a body itself."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from tasks_app.wsgi import application


def ask(method: str, path: str) -> HttpResponse:
    response = application.get_response(RequestFactory().generic(method, path))
    assert isinstance(response, HttpResponse)
    return response


@pytest.mark.parametrize("path", ["/healthz", "/nothing/here"])
def test_an_answer_to_head_has_the_headers_of_get_and_no_body(path: str) -> None:
    got, head = ask("GET", path), ask("HEAD", path)
    assert got.content
    assert (head.status_code, head["Content-Length"], head.content) == (got.status_code, got["Content-Length"], b"")
