"""Runs the double by itself until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from tests.doubles.github.double import GitHubDouble


def main(arguments: list[str] | None = None) -> None:
    """Run it and print where it is, once it is ready."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.doubles.github", description="A double of GitHub on loopback."
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pages-port", type=int, default=0)
    parser.add_argument("--pages-host", default="127.0.0.1")
    parser.add_argument("--token", default="")
    parser.add_argument("--build-seconds", type=float, default=1.0)
    given = parser.parse_args(arguments)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with GitHubDouble(**vars(given)) as double:
        ready = {"url": double.url, "pages": double.pages_url, "token": double.token, "login": double.login}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        done.wait()


if __name__ == "__main__":
    main()
