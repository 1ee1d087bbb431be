"""The check browser's own process: opens one page, runs its checks, reports each outcome, and ends.

It runs without secrets, without Django and in a temporary home, because a model wrote the page.
`engine.adapters.browser.job` defines the messages, `engine.adapters.browser.chromium_browser` starts it.
"""
