"""The check browser's own process: opens one page, runs its checks, tells what happened, and ends.

Runs apart from everything (no secrets, no Django, its own temporary home), because the page was written by a model. `job` is what
it is told, `report` what it says; `adapters.chromium_browser` is the other side of the pipe.
"""
