"""The double itself: what a test starts, changes and asks what happened. The package says how it is used."""

from __future__ import annotations

import secrets
import string
import time
from typing import TYPE_CHECKING, Any

from tests.doubles.github import git, site
from tests.doubles.github.control import control
from tests.doubles.github.faults import Fault, fault
from tests.doubles.github.log import Log
from tests.doubles.github.service import Service
from tests.doubles.github.state import State
from tests.doubles.github.wire import Answer, Listener, Request, Silence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tests.doubles.github.log import Call

LOGIN = "Octo-Builder"
ORGANISATION = "Octo-Works"


class GitHubDouble:
    """The double. `build_seconds`: how long a build of Pages takes; `pages_host`: the host in the pages' addresses."""

    def __init__(
        self,
        *,
        port: int = 0,
        pages_port: int = 0,
        pages_host: str = "127.0.0.1",
        token: str = "",
        build_seconds: float = 0.2,
        login: str = LOGIN,
        organisation: str = ORGANISATION,
    ) -> None:
        self.login, self.organisation = login, organisation
        self.state = State(
            login=login, organisation=organisation, token=token or _made_up_token(), build_seconds=build_seconds
        )
        self.log = Log(self.state.clock)
        self._service = Service(self.state, self.log)
        self._front = Listener(self._respond, port)
        self._pages = Listener(lambda request: site.respond(self.state, request), pages_port)
        self.url = self.state.api = f"http://127.0.0.1:{self._front.port}"
        self.pages_url = self.state.pages = f"http://{pages_host}:{self._pages.port}"

    def close(self) -> None:
        """Stop and remove everything."""
        self._front.close()
        self._pages.close()
        self.state.close()

    def __enter__(self) -> GitHubDouble:
        self._front.start()
        self._pages.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- What happened

    @property
    def token(self) -> str:
        return self.state.token

    @property
    def calls(self) -> list[Call]:
        """Every exchange, in order of its end."""
        return list(self.log.calls)

    @property
    def violations(self) -> list[str]:
        """What was against GitHub's description, in requests and in our own answers."""
        return list(self.log.violations)

    @property
    def exceeded(self) -> list[str]:
        """The calls that came when a limit was used up."""
        return list(self.state.limits.exceeded)

    @property
    def writes(self) -> int:
        """How many REST calls were no GET, whatever became of them."""
        return self.log.writes()

    @property
    def pushes(self) -> int:
        """How many pushes were answered with success by git's protocol."""
        return self.log.pushes()

    def count(self, kind: str) -> int:
        """How many exchanges of a kind there were (faults.KINDS)."""
        return sum(call.kind == kind for call in self.log.calls)

    # --- What happens to the program under test

    def fault(self, name: str, kind: str = "", **changes: Any) -> Fault:
        """Add one of faults.PRESETS as a rule; return it."""
        rule = fault(name, kind, **changes)
        self.state.faults.add(rule)
        return rule

    def add(self, rule: Fault) -> None:
        """Add a rule."""
        self.state.faults.add(rule)

    def stranger_commits(self, owner: str, repo: str, files: Mapping[str, bytes | None] | None = None) -> str:
        """Commit as somebody else (None: a file removed); return the SHA."""
        with self.state.lock:
            return self.state.stranger_commits(self.state.get(owner, repo), files)

    def take_name(self, owner: str, repo: str, files: Mapping[str, bytes | None] | None = None) -> None:
        """Make a repository of somebody else's under this name."""
        with self.state.lock:
            made = self.state.create(self.state.accounts[owner.lower()], repo, "Not the one that you look for")
            self.state.write(made, files or {"README.md": b"# Mine\n"}, "Initial commit\n")

    def delete(self, owner: str, repo: str) -> None:
        with self.state.lock:
            self.state.delete(self.state.get(owner, repo))

    def rename(self, owner: str, repo: str, to: str) -> None:
        with self.state.lock:
            self.state.rename(self.state.get(owner, repo), to)

    def revoke(self) -> None:
        """Make the token worthless."""
        self.state.revoked = True

    def restore(self) -> None:
        """Make the token good again."""
        self.state.revoked = False

    def pass_time(self, seconds: float) -> None:
        """Let time pass for builds, limits and the CDN."""
        self.state.clock.offset += seconds

    # --- What is there

    def repositories(self) -> list[str]:
        """Return the full names of all repositories, oldest first."""
        with self.state.lock:
            return [each.full_name for each in self.state.repositories.values()]

    def head(self, owner: str, repo: str) -> str | None:
        with self.state.lock:
            return self.state.get(owner, repo).main

    def commits(self, owner: str, repo: str) -> list[str]:
        """Return the SHAs of branch main, newest first."""
        with self.state.lock:
            found = self.state.get(owner, repo)
            return [commit.id.decode() for commit in found.history(found.main)]

    def files(self, owner: str, repo: str) -> dict[str, bytes]:
        """Return the files at the head of branch main."""
        with self.state.lock:
            return self.state.files(self.state.get(owner, repo))

    def _respond(self, request: Request) -> Answer | Silence:
        if request.path.startswith("/_double/"):
            return control(self, request)
        time.sleep(self.state.call_seconds)
        if git.ADDRESS.fullmatch(request.path):
            return self._service.git(request)
        return self._service.rest(request)


def _made_up_token() -> str:
    return "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))
