"""The composition root: the only module that builds the engine's ports from the settings.

Each adapter is imported at its first use: with their libraries they take most of a process's memory, and only workers
need all of them. Workers share those that `load` imported before the fork.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from engine.domain.addresses import is_private_host
from engine.ports import Ports
from tasks_app.operations.clock import DatabaseClock
from tasks_app.operations.forge_quota import RowsQuota
from tasks_app.operations.model_profiles import DatabaseProfiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.adapters.browser.chromium_browser import ChromiumBrowser
    from engine.adapters.github.github_forge import GitHubForge
    from engine.adapters.http.guard import GuardedHttp
    from engine.adapters.local.local_forge import LocalForge
    from engine.adapters.secret_scanner import DetectSecretsScanner
    from engine.domain.repository import Credential
    from engine.ports import Author, Forge, Journal


@cache
def local_forge() -> LocalForge:
    """Return the forge on this machine, which also serves /pages/ and /git/."""
    from engine.adapters.local.local_forge import LocalForge

    return LocalForge(
        settings.DATA_DIR / "forge", owner=settings.GITHUB_OWNER or "local", pages_origin=settings.PAGES_ORIGIN
    )


@cache
def github_forge() -> GitHubForge:
    from engine.adapters.github.github_forge import GitHubForge

    return GitHubForge(
        token=settings.GITHUB_TOKEN,
        owner=settings.GITHUB_OWNER,
        api_url=settings.GITHUB_API_URL,
        quota=RowsQuota(),
        clock=DatabaseClock(),
    )


def forge() -> Forge:
    match settings.FORGE:
        case "github":
            return github_forge()
        case "local" | "":  # "": none is set yet, and the service says that it is not ready
            return local_forge()
        case name:
            raise ImproperlyConfigured(f"No forge is built for FORGE={name}.")


@cache
def author() -> Author:
    if settings.LLM_PROVIDER == "simulated":
        from engine.adapters.simulated_author import SimulatedAuthor

        return SimulatedAuthor(settings.SIMULATED_LLM_SECONDS)
    from engine.adapters.openai.openai_author import OpenAIAuthor

    return OpenAIAuthor(
        api_key=settings.LLM_API_KEY,
        base_url=settings.LLM_BASE_URL or None,
        models=settings.LLM_MODELS,
        profiles=DatabaseProfiles(),
    )


@cache
def browser() -> ChromiumBrowser | None:
    """Return the check browser, None if the settings disable it."""
    if not settings.BROWSERS:
        return None
    from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine

    machine = Machine(
        folder=settings.DATA_DIR / "browsers",
        executable=settings.CHROMIUM_PATH,
        sandbox=settings.CHROMIUM_NO_SANDBOX != "on",
        allow_no_sandbox=settings.CHROMIUM_NO_SANDBOX == "auto",
        places=settings.BROWSERS,
        mirror=settings.BROWSER_CDN_MIRROR,
        own_origin=settings.PAGES_ORIGIN,
        private_pages=settings.ALLOW_PRIVATE_URLS,
    )
    return ChromiumBrowser(machine)


@cache
def scanner() -> DetectSecretsScanner:
    from engine.adapters.secret_scanner import DetectSecretsScanner

    return DetectSecretsScanner()


@cache
def http() -> GuardedHttp:
    """Return the client for all requests to foreign addresses. Our own pages are always allowed."""
    from engine.adapters.http.guard import GuardedHttp, agent

    return GuardedHttp(
        allow_private=settings.ALLOW_PRIVATE_URLS,
        allowed_origins=(settings.PAGES_ORIGIN,),
        user_agent=agent(contact()),
    )


@cache
def alert_http() -> GuardedHttp:
    """Return the client for ALERT_WEBHOOK_URL, whose host the operator chose: it may be private."""
    from engine.adapters.http.guard import GuardedHttp

    return GuardedHttp(allow_private=False, allowed_origins=(settings.ALERT_WEBHOOK_URL,))


def contact() -> str:
    """Return an address at which this service's owner can be reached: our own if it is public, else at GitHub."""
    if not is_private_host(urlsplit(settings.PUBLIC_URL).hostname or "localhost"):
        return settings.PUBLIC_URL
    return f"https://github.com/{settings.GITHUB_OWNER}" if settings.GITHUB_OWNER else ""


def credential_probes() -> dict[str, Callable[[], Credential]]:
    """Return a probe for each credential that the settings name, by kind ("forge", "model").

    A probe returns within seconds or raises. Permanent, or OutOfService with a code that `credentials` lists, means
    that the credential was refused; Transient means that the other side did not answer.
    """
    probes: dict[str, Callable[[], Credential]] = {}
    if settings.FORGE == "github" and settings.GITHUB_TOKEN:
        probes["forge"] = github_forge().credential
    if settings.LLM_PROVIDER == "openai" and settings.LLM_API_KEY:
        probes["model"] = _probe_model
    return probes


def _probe_model() -> Credential:
    from engine.adapters.openai.probe import probe_models

    return probe_models(
        api_key=settings.LLM_API_KEY, base_url=settings.LLM_BASE_URL or None, models=settings.LLM_MODELS
    )


def ports(journal: Journal) -> Ports:
    """Return the ports for one claim of a round."""
    from engine.adapters.http.notifier import HttpNotifier
    from engine.adapters.workbooks.workbook_reader import WorkbookReader

    way_out = http()
    return Ports(
        clock=DatabaseClock(),
        author=author(),
        forge=forge(),
        fetcher=way_out,
        notifier=HttpNotifier(way_out),
        journal=journal,
        browser=browser(),
        scanner=scanner(),
        workbooks=WorkbookReader(),
    )


def load() -> None:
    """Build what every claim needs, to be shared by processes that are forked later. It opens no connection."""
    http(), forge(), author(), scanner(), browser()
    from engine.adapters.http import notifier  # noqa: F401
    from engine.adapters.workbooks import workbook_reader  # noqa: F401
