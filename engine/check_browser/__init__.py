"""The check browser's own process: opens one page, runs its checks, reports each outcome, and ends.

Runs apart from everything (no secrets, no Django, its own temporary home), because the page was written by a model. `adapters.browser_job` is
what goes through the pipe in both directions, `adapters.chromium_browser` the other side of it.
"""
