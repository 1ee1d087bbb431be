"""GitHub's REST calls, asked plainly: what the tests of the double ask it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from tests.doubles.github.double import GitHubDouble

NAME = "sum-of-sales"


class Api:
    """GitHub's REST calls, asked plainly."""

    def __init__(self, double: GitHubDouble) -> None:
        self.double = double
        self.client = httpx2.Client(base_url=double.url, timeout=30.0, trust_env=False, verify=False)
        self.client.headers["Authorization"] = f"Bearer {double.token}"
        self.repo = f"/repos/{double.login}/{NAME}"

    def create(self, **fields: object) -> httpx2.Response:
        return self.client.post("/user/repos", json={"name": NAME, **fields})

    def enable_pages(self) -> httpx2.Response:
        return self.client.post(f"{self.repo}/pages", json={"source": {"branch": "main", "path": "/"}})

    def build(self) -> dict[str, Any]:
        return self.client.get(f"{self.repo}/pages/builds").json()[0]

    def commit(self, files: dict[str, bytes | None]) -> str:
        return self.double.stranger_commits(self.double.login, NAME, files)

    def site(self) -> str:
        """Publish a site without waiting for its build; return its address."""
        self.create()
        self.commit({"index.html": b"one", ".nojekyll": b"", "about.md": b"# About"})
        return str(self.enable_pages().json()["html_url"])


def get(url: str) -> httpx2.Response:
    return httpx2.get(url, trust_env=False, timeout=30.0, verify=False)  # there is no TLS; its set-up takes a while
