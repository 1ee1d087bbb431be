"""What the checks of one task look at. Each thing is fetched when a check first needs it, once."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Check, Kind, Target
from engine.errors import EngineError, Permanent
from tasks_app.rehearsal.criteria import JsCriterion
from tasks_app.rehearsal.judging.cloning import cloned
from tasks_app.rehearsal.judging.hosting import is_github_host, look_up, place_of
from tasks_app.rehearsal.judging.observed import NotLookedAt, Once, TooLargeToJudge
from tasks_app.rehearsal.proof import data_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from dulwich.objects import Commit

    from engine.domain.browser_report import BrowserReport
    from engine.domain.http import Answer
    from tasks_app.rehearsal.judging.clones import ClonedRepository, CommitFiles
    from tasks_app.rehearsal.judging.contracts import TaskToJudge
    from tasks_app.rehearsal.judging.hosting import HostedRepository
    from tasks_app.rehearsal.judging.tools import JudgingTools

INDEX = "index.html"
CODE = (".html", ".js", ".mjs", ".css", ".py", ".yml", ".yaml")
_DOCS = "docs/"  # https://docs.github.com/en/pages/getting-started-with-github-pages/configuring-a-publishing-source-for-your-github-pages-site
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
_FULL_SHA = re.compile(r"[0-9a-f]{40}")
_SECONDS_A_CHECK = 12.0
_MOST_BROWSER_SECONDS = 600.0


class TaskEvidence:
    """Everything about one task, for the time of a `with` block. Each attribute that is called may raise NotLookedAt.

    `hosted` is None for a repository that is not at GitHub, and in later rounds.
    """

    def __init__(self, task: TaskToJudge, tools: JudgingTools) -> None:
        self.task, self.tools = task, tools
        self._stack = ExitStack()
        self.hosted: Once[HostedRepository | None] = Once(self._hosted)
        self.clone: Once[ClonedRepository] = Once(self._clone)
        self.commit: Once[Commit] = Once(self._commit)
        self.files: Once[CommitFiles] = Once(lambda: self.clone().files(self.commit()))
        self.attachments: Once[Mapping[str, bytes]] = Once(self._attachments)
        self.page: Once[Answer] = Once(lambda: self.served("", self.tools.page_bytes))
        self.html: Once[str] = Once(self._html)
        self.report: Once[BrowserReport] = Once(self._report)

    def __enter__(self) -> TaskEvidence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def told(self, name: str) -> str:
        """Return a field of the callback. Raises NotLookedAt if there is none."""
        if self.task.callback is None:
            raise NotLookedAt(0.0, "no callback came, so there is nothing to look at")
        value = self.task.callback.get(name)
        if not isinstance(value, str) or not value:
            raise NotLookedAt(0.0, f"the callback holds no {name}")
        return value.lower() if name == "commit_sha" else value

    def site(self) -> str:
        """Return the folder of the commit that is published: `docs/`, or "" for the root."""
        files = self.files()
        return _DOCS if INDEX not in files and f"{_DOCS}{INDEX}" in files else ""

    def path_of(self, name: str) -> str:
        """Return where a file of the site stands in the commit: at the root, or in the folder that is published."""
        published = f"{self.site()}{name}"
        return published if name not in self.files() and published in self.files() else name

    def served(self, path: str, max_bytes: int, *, query: str = "") -> Answer:
        """Fetch a path of the page with any status; with a query as a browser names itself. Raises NotLookedAt."""
        page = self.told("pages_url")
        url = urljoin(folder_of(page), quote(path)) if path else page
        if query:
            url += ("&" if urlsplit(url).query else "?") + query
        try:
            return self.tools.http.request(
                "GET",
                url,
                headers={"User-Agent": _BROWSER} if query else {},
                seconds=self.tools.page_seconds,
                max_bytes=max_bytes,
                redirects="get",
            )
        except EngineError as error:
            ours = is_github_host(page, self.tools.github) and not isinstance(error, Permanent)
            raise NotLookedAt(None if ours else 0.0, f"{url[:300]} could not be fetched: {error.message}") from None

    def _hosted(self) -> HostedRepository | None:
        place = place_of(self.told("repo_url"), self.tools.github)
        # Without a token GitHub answers 60 requests an hour. Later rounds need nothing that a clone does not show.
        return look_up(place, self.tools.http) if place and self.task.round == 1 else None

    def _clone(self) -> ClonedRepository:
        url = self.told("repo_url")
        limit = self.tools.clone.pack_bytes
        try:
            hosted = self.hosted()
        except NotLookedAt:
            hosted = None  # the clone itself shows whether it can be read
        if hosted and hosted.size * 1000 > limit:
            size = f"GitHub says {hosted.size / 1000:,.0f} MB, the limit is {limit / 1_000_000:,.0f} MB"
            raise TooLargeToJudge(size)
        trusted = is_github_host(url, self.tools.github)
        return self._stack.enter_context(cloned(url, self.tools.http, self.tools.clone, trusted_host=trusted))

    def _commit(self) -> Commit:
        sha = self.told("commit_sha")
        if not _FULL_SHA.fullmatch(sha):
            raise NotLookedAt(0.0, f"commit_sha is no full SHA: {sha[:80]!r}")
        clone = self.clone()
        found = clone.commit(sha)
        if found is None:
            head = f"; the head of the default branch is {clone.head}" if clone.head else "; it has no commit at all"
            raise NotLookedAt(0.0, f"{sha} is no commit of the repository{head}")
        return found

    def _attachments(self) -> dict[str, bytes]:
        listed = self.task.request.get("attachments")
        given = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        try:
            return data_files([one for one in given if one.get("name")])
        except ValueError:
            raise NotLookedAt(None, "an attachment of the request is no valid data: URI") from None

    def _html(self) -> str:
        page = self.page()
        if page.status != 200:
            raise NotLookedAt(0.0, f"pages_url answers {page.status}")
        if page.truncated:
            raise NotLookedAt(0.0, f"the page is larger than {self.tools.page_bytes} bytes")
        return page.body.decode("utf-8", "replace")

    def _report(self) -> BrowserReport:
        self.html()  # an address that cannot be fetched is not opened
        if self.tools.browser is None:
            raise NotLookedAt(None, "there is no check browser on this machine")
        checks = [Check(Kind.JS, one.js) for one in self.task.criteria if isinstance(one, JsCriterion)]
        page = PageUnderTest(self.told("pages_url"), None, Target.LIVE)
        seconds = min(60.0 + 2 * _SECONDS_A_CHECK * len(checks), _MOST_BROWSER_SECONDS)
        report = self.tools.browser.run(page, checks, seconds=seconds)
        if report.not_run:
            raise NotLookedAt(None, f"the check browser did not run: {report.not_run}")
        return report


def folder_of(pages_url: str) -> str:
    """Return the address that a page's relative links start from; `…/name` without a slash is taken for a folder."""
    path = urlsplit(pages_url)._replace(query="", fragment="").geturl()
    return path if path.endswith("/") or path.lower().endswith((".html", ".htm")) else f"{path}/"
