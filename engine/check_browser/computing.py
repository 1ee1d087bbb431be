"""Runs a repository's build script on an empty page without network, clock and random numbers, twice.

The page's script is `build_page.js`. What it refuses with a reason, other walls refuse too: the page's policy and
sandbox, the router (`network.Isolation`), and Chromium's flags.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import Error

from engine.adapters.browser.job import Computed, Failed
from engine.check_browser.network import Isolation
from engine.check_browser.pages import DESKTOP
from engine.check_browser.visit import visiting
from engine.domain.browser_report import Fill
from engine.domain.repository import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES
from engine.site.computed import BUILD_SCRIPT

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

    from engine.adapters.browser.job import ComputeJob

MOST_MEMORY = 512_000_000  # bytes that the script's process may take beyond what it has when the page is open
MOST_FILLS = 500
HANDING_SECONDS = 15.0  # for giving the files to the page: 15 MB take about 2 s

_URL = "https://computed.invalid/"
_PAGE_SCRIPT = Path(__file__).with_name("build_page.js")
_LIMITS = {"files": MAX_FILES, "fileBytes": MAX_FILE_BYTES, "totalBytes": MAX_TOTAL_BYTES, "fills": MOST_FILLS}
_TOO_LARGE = f"it was ended, most likely because it took more than {MOST_MEMORY // 1_000_000} MB of memory"
_RUN = "runBuild(typeof build === 'undefined' ? null : build)"


async def compute(job: ComputeJob, browser: Browser) -> Computed | Failed:
    """Return what both runs of the script gave, or why there is nothing. Failed: that is not the script's fault."""
    try:
        return await _computed(job, browser)
    except TimeoutError:
        return Failed(f"the check browser did not take the repository's files within {HANDING_SECONDS:g} s")


async def _computed(job: ComputeJob, browser: Browser) -> Computed:
    given = {path: _given(content) for path, content in job.files.items()}
    argument = json.dumps(json.dumps({"files": given, "limits": _LIMITS}))
    first, seconds = await _run(job, argument, browser, job.seconds)
    if first.error:
        return first
    second, _ = await _run(job, argument, browser, job.seconds - seconds)
    if second.error:
        return Computed(error=f"{second.error} (in a second run on the same files; the first one ended well)")
    differing = [
        *(path for path in {**first.files, **second.files} if first.files.get(path) != second.files.get(path)),
        *(
            f"fills.{name}"
            for name in {**first.fills, **second.fills}
            if first.fills.get(name) != second.fills.get(name)
        ),
    ]
    if differing:
        named = ", ".join(differing[:5])
        return Computed(error=f"{BUILD_SCRIPT}: two runs on the same files gave a different {named[:500]}")
    return first


async def _run(job: ComputeJob, argument: str, browser: Browser, seconds: float) -> tuple[Computed, float]:
    """Run the script on a fresh page, for at most `seconds`, and return how long it took: not the page's opening."""
    began = time.monotonic()
    network = Isolation(_URL, {"build_page.js": _PAGE_SCRIPT.read_text("utf-8"), BUILD_SCRIPT: job.script})
    try:
        async with visiting(browser, network, DESKTOP, _URL) as visit:
            await visit.open(_URL)
            await asyncio.wait_for(_evaluated(visit.session, f"giveFiles({argument})"), HANDING_SECONDS)
            await _limit_memory(browser)
            began = time.monotonic()
            crashed = asyncio.ensure_future(_crash(visit.page))
            result = asyncio.ensure_future(_result(visit.session))
            done, _ = await asyncio.wait({crashed, result}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            crashed.cancel()
            if result in done:
                return result.result(), time.monotonic() - began
            why = _TOO_LARGE if crashed in done else f"its two runs did not end within {job.seconds:g} s"
    except Error as error:
        why = _why_ended(error.message)
    return Computed(error=f"{BUILD_SCRIPT}: {why}"), time.monotonic() - began


async def _crash(page: Page) -> None:
    """Return when the page's process dies. The session's pending calls then get no answer."""
    await page.wait_for_event("crash", timeout=0)


def _why_ended(message: str) -> str:
    if "crashed" in message:
        return _TOO_LARGE
    if "navigated" in message:
        return "it left its page, so its result was lost"
    return message.partition("\n")[0][:500]


async def _result(session: CDPSession) -> Computed:
    if problem := await _evaluated(session, "loadBuild()"):
        return Computed(error=str(problem))
    result = await _evaluated(session, _RUN)
    if not isinstance(result, dict) or "error" in result:
        return Computed(error=str(result["error"] if isinstance(result, dict) else result))
    contents = {path: base64.b64decode(str(text)) for path, text in result["files"].items()}
    return Computed(contents, {name: _fill(value) for name, value in result["fills"].items()})


async def _evaluated(session: CDPSession, expression: str) -> object:
    """Return an expression's value. `page.evaluate` needs a clock in the page, and lets scripts use eval.

    https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#method-evaluate
    """
    parameters = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    answer = await session.send("Runtime.evaluate", {**parameters, "allowUnsafeEvalBlockedByCSP": False})
    if thrown := answer.get("exceptionDetails"):
        return {
            "error": f"{BUILD_SCRIPT}: {thrown.get('exception', {}).get('description') or thrown.get('text')}"[:1000]
        }
    return answer["result"].get("value")


def _given(content: bytes) -> dict[str, str]:
    """Return a file for the script: as text, without a byte order mark, if it is UTF-8; else its bytes."""
    with suppress(UnicodeDecodeError):
        if b"\0" not in content:
            return {"text": content.decode("utf-8-sig")}
    return {"base64": base64.b64encode(content).decode()}


def _fill(value: object) -> Fill:
    plain = value if isinstance(value, dict) else {}
    return Fill(str(plain.get("json")), plain.get("text"))


async def _limit_memory(browser: Browser) -> None:
    """Have the kernel refuse more memory to the pages' processes, ArrayBuffers included, which V8 does not bound.

    https://man7.org/linux/man-pages/man2/getrlimit.2.html (RLIMIT_DATA)
    """
    session = await browser.new_browser_cdp_session()
    processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    for pid in (int(one["id"]) for one in processes if one["type"] == "renderer"):
        with suppress(OSError, ValueError, StopIteration):
            status = Path(f"/proc/{pid}/status").read_text()
            taken = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData:"))
            resource.prlimit(pid, resource.RLIMIT_DATA, (taken + MOST_MEMORY, taken + MOST_MEMORY))
