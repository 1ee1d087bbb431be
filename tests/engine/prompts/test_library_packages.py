"""CHECK_LIBRARIES=1: each library's files are in its npm package and work in a browser. Needs npm and a Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from engine.prompts.libraries import LIBRARIES, Library, LibraryFile, LibraryKind
from tests.chromium import launched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.processes, pytest.mark.browser, pytest.mark.slow]

CDN = "https://cdn.jsdelivr.net/npm/"
PAGE = "http://app.test/"
SPECS = sorted({file.spec for library in LIBRARIES for file in library.files})
NPM = ("--loglevel", "error", "--fetch-retries", "1", "--fetch-timeout", "20000")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder with the listed files of each package and their neighbours. Skips without npm or its registry."""
    if os.environ.get("CHECK_LIBRARIES") != "1":
        pytest.skip("CHECK_LIBRARIES=1 is not set: about 100 MB of packages would be fetched")
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    if reason := _npm("view", "bulma", "version"):
        pytest.skip(f"npm does not reach its registry: {reason}")
    reason = _npm("pack", *SPECS, "--pack-destination", str(tmp_path))
    if reason and not any(code in reason for code in ("ETARGET", "E404")):
        pytest.skip(f"npm did not fetch the packages: {reason}")
    assert not reason, f"the registry does not have all packages: {reason}"
    for spec in SPECS:
        folders = {
            PurePosixPath(file.path).parent for library in LIBRARIES for file in library.files if file.spec == spec
        }
        archive = f"{spec.removeprefix('@').replace('/', '-').replace('@', '-')}.tgz"
        with tarfile.open(tmp_path / archive) as packed:
            members = [one for one in packed if PurePosixPath(*PurePosixPath(one.name).parts[1:-1]) in folders]
            packed.extractall(tmp_path / spec, members, filter="data")
    return tmp_path


def test_every_file_is_in_its_package_and_does_what_its_line_says(packages: Path) -> None:
    with launched() as browser:
        assert [line for library in LIBRARIES for line in _broken(library, packages, browser)] == []


def _npm(*arguments: str) -> str:
    """Run npm; return why it failed, else ""."""
    try:
        done = subprocess.run(["npm", *arguments, *NPM], capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "no end within 300 s"
    return (done.stderr.strip()[:500] or f"npm ended with {done.returncode}") if done.returncode else ""


def _broken(library: Library, packages: Path, browser: Browser) -> list[str]:
    """Return the lines of a library's files that a page with all of them does not find true."""
    page = browser.new_page()
    page.route("**/*", lambda route: _answer(route, packages, _html(library)))
    page.goto(PAGE)
    broken = [file.line() for file in library.files if not _is_there(page, file)]
    page.close()
    return broken


def _html(library: Library) -> str:
    tags = {
        LibraryKind.SCRIPT: '<script src="{}"></script>',
        LibraryKind.STYLE: '<link rel="stylesheet" href="{}">',
        LibraryKind.MODULE: "",
        LibraryKind.ASSET: "",
    }
    files = "".join(tags[file.kind].format(file.address) for file in library.files)
    return f'<!doctype html><meta charset="utf-8">{files}<p class="hidden">text</p>'


def _answer(route: Route, packages: Path, html: str) -> None:
    """Serve the page, and of jsDelivr's addresses what the packages hold."""
    url = route.request.url
    if url == PAGE:
        route.fulfill(body=html, content_type="text/html")
        return
    path = _in_package(packages, url)
    if path is None or not path.is_file():
        route.fulfill(status=404, body="")
        return
    types = {"css": "text/css", "js": "text/javascript", "mjs": "text/javascript", "wasm": "application/wasm"}
    headers = {"Access-Control-Allow-Origin": "*"}
    kind = types.get(path.suffix[1:], "application/octet-stream")
    route.fulfill(body=path.read_bytes(), content_type=kind, headers=headers)


def _in_package(packages: Path, url: str) -> Path | None:
    """Return the file that jsDelivr serves at <name>@<version>/<path>; the name may have a scope."""
    parts = url.removeprefix(CDN).partition("?")[0].split("/")
    size = 2 if parts[0].startswith("@") else 1
    folder = packages / "/".join(parts[:size])
    inside = [one for one in folder.iterdir() if one.is_dir()] if url.startswith(CDN) and folder.is_dir() else []
    return inside[0].joinpath(*parts[size:]) if inside else None


def _is_there(page: Page, file: LibraryFile) -> bool:
    """Whether a file did in the page what its line promises."""
    match file.kind:
        case LibraryKind.SCRIPT if file.defines:
            look = "(name) => typeof window[name] !== 'undefined' && !(window[name] instanceof Element)"
            return bool(page.evaluate(look, file.defines))
        case LibraryKind.SCRIPT:  # Tailwind: its classes work
            page.wait_for_function("getComputedStyle(document.querySelector('.hidden')).display === 'none'")
            return True
        case LibraryKind.STYLE:
            look = "(href) => [...document.styleSheets].some((sheet) => sheet.href === href)"
            size = "(href) => fetch(href).then((response) => response.text()).then((text) => text.length)"
            return bool(page.evaluate(look, file.address)) and page.evaluate(size, file.address) > 1_000
        case LibraryKind.MODULE:
            look = "(address) => import(address).then((module) => Object.keys(module).length)"
            return page.evaluate(look, file.address) > 10
        case LibraryKind.ASSET:
            look = "(address) => fetch(address).then((response) => response.ok)"
            return bool(page.evaluate(look, file.address))
