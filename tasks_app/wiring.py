"""The composition root: builds the engine's ports from the settings. Nothing else does.

Adapters are imported by whoever is the first to need one: with their libraries they are most of a process's memory, and only workers
need them all (they have them from `load`, before they are forked).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

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
    """Return the forge on this machine; it also serves the doors under /pages/ and /git/."""
    from engine.adapters.local.local_forge import LocalForge

    return LocalForge(
        settings.DATA_DIR / "forge", owner=settings.GITHUB_OWNER or "local", pages_origin=settings.PAGES_ORIGIN
    )


@cache
def github_forge() -> GitHubForge:
    """Return the forge on GitHub."""
    from engine.adapters.github.github_forge import GitHubForge

    return GitHubForge(
        token=settings.GITHUB_TOKEN,
        owner=settings.GITHUB_OWNER,
        api_url=settings.GITHUB_API_URL,
        quota=RowsQuota(),
        clock=DatabaseClock(),
    )


def forge() -> Forge:
    """Return the forge that the settings name."""
    match settings.FORGE:
        case "github":
            return github_forge()
        case "local" | "":  # "": none is set yet, and the service says that it is not ready
            return local_forge()
        case name:
            raise ImproperlyConfigured(f"No forge is built for FORGE={name}.")


@cache
def author() -> Author:
    """Return the model that the settings name."""
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
    """Return the check browser; None where the settings want none."""
    if not settings.BROWSERS:
        return None
    from engine.adapters.browser.chromium_browser import ChromiumBrowser, Machine

    machine = Machine(
        folder=settings.DATA_DIR / "browsers",
        executable=settings.CHROMIUM_PATH,
        sandbox=not settings.CHROMIUM_NO_SANDBOX,
        places=settings.BROWSERS,
        mirror=settings.BROWSER_CDN_MIRROR,
        own_origin=settings.PAGES_ORIGIN,
        private_pages=settings.ALLOW_PRIVATE_URLS,
    )
    return ChromiumBrowser(machine)


@cache
def scanner() -> DetectSecretsScanner:
    """Return what knows the shapes of credentials."""
    from engine.adapters.secret_scanner import DetectSecretsScanner

    return DetectSecretsScanner()


@cache
def http() -> GuardedHttp:
    """Return the one way out; our own pages are always in reach."""
    from engine.adapters.http.guard import GuardedHttp

    return GuardedHttp(allow_private=settings.ALLOW_PRIVATE_URLS, allowed_origins=(settings.PAGES_ORIGIN,))


def credential_probes() -> dict[str, Callable[[], Credential]]:
    """Return how to try each credential that the settings name, by kind ("forge", "model").

    A probe returns within seconds, or raises: Permanent, or OutOfService with a code of a refused credential (`credentials` names
    them), where it is refused; Transient where it could not be asked.
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
    """Build what every claim needs, so that processes that are forked afterwards share it. Nothing of it connects or starts anything."""
    http(), forge(), author(), scanner(), browser()
    from engine.adapters.http import notifier  # noqa: F401
    from engine.adapters.workbooks import workbook_reader  # noqa: F401
