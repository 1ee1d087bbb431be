"""Starts the machine's Chromium so that no request of a page can bypass the router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import Error

from engine.errors import Permanent

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

    from engine.adapters.browser.job import ComputeJob, Job

START_SECONDS = 15.0

#: Disabled features of Chromium. Chromium uses only the last such list, so ours repeats Playwright's; a test compares
#: them. The address bar's menus (WebUIOmnibox…) load as pages even without a screen: half the cost of a fresh context.
DISABLED = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
)

#: The router (`network`) answers a page's requests. These flags stop what the router never sees: redirects' targets,
#: preconnects, workers' sockets, WebTransport, WebRTC. No name or address resolves, and the only proxy does not exist.
#: https://peter.sh/experiments/chromium-command-line-switches/
FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # its name in older Chromiums
    "--disable-quic",
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--deny-permission-prompts",
    "--disable-print-preview",
    "--mute-audio",
    "--no-first-run",
    "--js-flags=--max-old-space-size=512",
    f"--disable-features={','.join(DISABLED)}",
)

NO_SANDBOX = (
    "Chromium's sandbox cannot be used here (for root, or without user namespaces): run the service as another user, "
    "give its container a seccomp profile that allows user namespaces, or set CHROMIUM_NO_SANDBOX=1 to do without it"
)

#: Playwright passes these flags for tests of trusted pages. We remove them, because they switch protections off.
KEPT = ("--disable-popup-blocking", "--disable-ipc-flooding-protection")


async def launch(playwright: Playwright, job: Job | ComputeJob) -> tuple[Browser, bool]:
    """Start the browser, and say whether it has its sandbox.

    Raises Permanent(browser_unusable) with a sentence for the operator.
    """
    try:
        return await _launch(playwright, job, sandbox=job.sandbox), job.sandbox
    except Error as error:
        if not (job.sandbox and job.allow_no_sandbox and _is_of_sandbox(error.message)):
            raise Permanent("browser_unusable", _reason(error.message, job)) from None
    try:
        return await _launch(playwright, job, sandbox=False), False
    except Error as error:
        raise Permanent("browser_unusable", _reason(error.message, job)) from None


async def _launch(playwright: Playwright, job: Job | ComputeJob, *, sandbox: bool) -> Browser:
    return await playwright.chromium.launch(
        executable_path=job.executable,
        args=list(FLAGS),
        ignore_default_args=list(KEPT),
        chromium_sandbox=sandbox,
        timeout=START_SECONDS * 1000,
    )


def _is_of_sandbox(message: str) -> bool:
    """Say whether Chromium's own lines name the sandbox, or the namespaces that it is made of."""
    lines = [line.lower() for line in message.splitlines()[1:] if "<launching>" not in line]
    return any("sandbox" in line or "new namespace" in line for line in lines)


def _reason(message: str, job: Job | ComputeJob) -> str:
    """Return the useful lines of Playwright's message, which also quotes the whole command."""
    first, *rest = message.removeprefix("BrowserType.launch: ").splitlines() or [""]
    if _is_of_sandbox(message):
        return NO_SANDBOX
    logged = [line.partition("[err]")[2].strip() for line in rest if "[err]" in line]
    return f"{job.executable} does not start as a Chromium: {' | '.join([first.strip(), *logged[-2:]])}"[:500]
