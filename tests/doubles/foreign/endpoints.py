"""A class of endpoints, `/e/<number>`: one server that plays them all, each with a fault by its number.

`python -m tests.doubles.foreign.endpoints --data DIR` runs it until SIGTERM; `GET /log` tells what was posted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tests.doubles.foreign.faults import NAMES, read_faults
from tests.doubles.foreign.running import run
from tests.doubles.foreign.service import routes

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from tests.doubles.foreign.service import ForeignService

#: After so many seconds `late` calls back, that a test can wait for it.
LATE_SECONDS = 40
#: A third are honest.
ORDER = (*(f"late={LATE_SECONDS}" if name == "late" else name for name in NAMES), *["none"] * (len(NAMES) // 2))


def fault_of(number: int) -> str:
    """Return the fault of an endpoint, as read_faults takes it."""
    return ORDER[number % len(ORDER)]


def class_routes(service: ForeignService) -> FastAPI:
    """Return the application with an endpoint for each number."""

    async def numbered(request: Request) -> Response:
        return await service.take(request, read_faults(fault_of(request.path_params["number"])))

    app = routes(service)
    app.add_route("/e/{number:int}", numbered, ["POST"])
    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.foreign.endpoints", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where their repositories are made")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secret", default="", help="made up if not given")
    given = parser.parse_args()
    run(given.data, port=given.port, secret=given.secret, made=class_routes)


if __name__ == "__main__":
    main()
