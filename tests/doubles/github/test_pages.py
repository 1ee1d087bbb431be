"""The double's Pages: how builds go, and what is served when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doubles.github.asking import Api, get

if TYPE_CHECKING:
    from tests.doubles.github.double import GitHubDouble


def test_a_build_goes_its_way(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 30
    url = api.site()

    assert (api.build()["status"], get(url).status_code) == ("queued", 404)
    github_double.pass_time(15)
    assert (api.build()["status"], get(url).status_code) == ("building", 404)
    github_double.pass_time(15)
    page = get(url)
    assert (api.build()["status"], page.content) == ("built", b"one")
    assert (page.headers["cache-control"], page.headers["content-type"]) == ("max-age=600", "text/html; charset=utf-8")
    assert get(f"{url}about.md").headers["content-type"] == "text/markdown; charset=utf-8"
    assert github_double.login.lower() in url


def test_jekyll_drops_files_without_nojekyll(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 0
    api.create()
    api.commit({"_x.js": b"1", "about.md": b"# About", "README.md": b"# Read"})
    url = api.enable_pages().json()["html_url"]
    before = [get(url + path).status_code for path in ("_x.js", "about.md", "about.html", "")]
    api.commit({".nojekyll": b""})

    assert before == [404, 404, 200, 200]
    assert [get(url + path).status_code for path in ("_x.js", "about.md", "about.html", "")] == [200, 200, 404, 404]


def test_pages_refuse_what_makes_no_sense(api: Api) -> None:
    api.create()
    assert api.enable_pages().status_code == 422
    assert api.client.get(f"{api.repo}/pages").status_code == 404
    api.commit({"index.html": b"one"})
    assert [api.enable_pages().status_code for _ in range(2)] == [201, 409]
    assert api.client.post(f"{api.repo}/pages/builds").status_code == 201


def test_builds_go_wrong(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 3
    url = api.site()
    github_double.pass_time(3)
    for name in ("errored", "never", "superseded"):
        github_double.fault(name, "build")
    api.commit({"index.html": b"two"})
    github_double.pass_time(3)
    assert (api.build()["status"], api.build()["error"]["message"]) == ("errored", "Page build failed.")
    api.commit({"index.html": b"three"})
    github_double.pass_time(1000)
    assert (api.build()["status"], get(url).content) == ("building", b"one")
    mine = api.commit({"index.html": b"four"})
    github_double.pass_time(3)
    assert api.build()["commit"] != mine
    assert (api.build()["status"], get(url).content) == ("built", b"four")


def test_the_cdn_serves_old_bytes_for_a_while(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 0
    github_double.fault("stale", "cdn", times=2, seconds=300)
    url = api.site()
    early = (get(url).status_code, get(f"{url}?cb=1").status_code)
    github_double.pass_time(300)
    api.commit({"index.html": b"two"})

    assert early == (404, 200)
    assert (get(url).content, get(f"{url}?cb=2").content) == (b"one", b"two")
    github_double.pass_time(300)
    assert get(url).content == b"two"
