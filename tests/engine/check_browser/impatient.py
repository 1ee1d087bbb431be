"""The check browser's process with short waits for a page to load, for pages that may never finish loading."""

from __future__ import annotations

import asyncio

from engine.check_browser import __main__ as process
from engine.check_browser import visit

visit.PARSE_SECONDS = 2.0
visit.STUCK_SECONDS = 1.0

if __name__ == "__main__":
    process._adopt()
    asyncio.run(process.main())
