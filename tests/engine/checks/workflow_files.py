"""A workflow that publishes a site, as GitHub takes it, and a tree with it."""

from __future__ import annotations

CI = ".github/workflows/ci.yml"
WORKFLOW = """\
name: CI
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - uses: actions/setup-python@v7
        with: {python-version: "3.11"}
      - name: Run it
        run: python execute.py > result.json
      - uses: actions/upload-pages-artifact@v5
        with: {path: .}
  deploy:
    needs: build
    runs-on: ubuntu-latest
    permissions: {pages: write, id-token: write}
    environment: {name: github-pages}
    steps:
      - uses: actions/deploy-pages@v5
"""


def tree(workflow: str = WORKFLOW, **files: bytes) -> dict[str, bytes]:
    """Return a tree with this workflow; `files` by name are added."""
    return {"index.html": b"<!DOCTYPE html>", "execute.py": b"print(1)\n", CI: workflow.encode(), **files}
