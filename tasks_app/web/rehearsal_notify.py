"""`POST /rehearsal/notify`: where a rehearsal's callbacks arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import Error
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from gunicorn.http.errors import ParseException

from tasks_app.api.problems import Problem, problem_response
from tasks_app.operations import clock
from tasks_app.operations.client_limits import client_address
from tasks_app.rehearsal.receiving import LARGEST, receive

if TYPE_CHECKING:
    from django.http import HttpRequest


@csrf_exempt  # an endpoint sends it, no browser
def notify(request: HttpRequest) -> HttpResponse:
    """Answer 200 where email, task, round and nonce are those of a task that was sent, else 400 with the reason."""
    if request.method != "POST":
        return Problem(405, "Callbacks come as POST.", headers={"Allow": "POST"})
    try:
        status, reason = receive(_body(request), client=client_address(request), now=clock.now())
    except (OSError, ParseException):  # the client ended it early, or its chunks are malformed
        return Problem(400, "The body did not arrive whole.")
    except Error as error:
        if problem := problem_response(error, {}):
            return problem
        raise
    return Problem(status, reason) if reason else JsonResponse({"status": "received"}, status=status)


def _body(request: HttpRequest) -> bytes:
    """Return at most one byte more than a callback may have. Django reads chunks only from the server's own stream."""
    chunked = not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated")
    stream = request.META["wsgi.input"] if chunked else request
    body: bytes = stream.read(LARGEST + 1)
    return body
