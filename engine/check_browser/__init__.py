"""The check browser's own process: opens one page, runs its checks, reports each outcome, and ends.
Or it runs a build script.

It runs without secrets, without Django and in a temporary home, because a model wrote page and script.
`engine.adapters.browser.job` defines the messages, `engine.adapters.browser.chromium_browser` starts it.
"""
