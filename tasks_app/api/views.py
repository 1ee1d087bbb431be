"""The API's views: accepting tasks, and a round's status."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from gunicorn.http.errors import ParseException
from rest_framework.response import Response
from rest_framework.views import APIView

from engine.inputs import task_request
from tasks_app.api import schema
from tasks_app.api.problems import TRY_AGAIN, Problem
from tasks_app.health import credentials
from tasks_app.health.disk import disk_problem
from tasks_app.logs import log_ids
from tasks_app.models import Round
from tasks_app.operations.client_limits import client_address, wrong_secret_wait
from tasks_app.redaction import shared_secrets
from tasks_app.reports.round_report import RoundReport
from tasks_app.reports.status import round_status
from tasks_app.rounds.intake import ConflictError, IntakePausedError, rejection_record, round_accept

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

logger = logging.getLogger(__name__)


def _body(request: Request) -> bytes:
    """Return at most one byte more of the body than it may have: that byte shows that the body is too large.

    Four times as much is read and dropped, so that the client gets our answer, not a reset connection.
    Django reads nothing without a Content-Length. A server that ends the input itself, as gunicorn does for chunked
    bodies, can be read to the end.
    """
    chunked = not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated")
    stream = request.META["wsgi.input"] if chunked else request
    most = settings.MAX_REQUEST_BYTES
    body = stream.read(most + 1)
    drained = len(body)
    while len(body) > most and drained < 4 * most:
        chunk = stream.read(1_000_000)
        if not chunk:
            break
        drained += len(chunk)
    return body


class HandleTask(APIView):
    """POST a task: 200 only after its row is durable."""

    @schema.handle_task
    def post(self, request: Request) -> HttpResponse:
        """Refuse in the contract's order (413, 503, 400, 503, 401 or 429, 400, 409, 503) or accept."""
        try:
            body = _body(request)
        except (OSError, ParseException):  # the client ended it early, or its chunks are malformed
            return Problem(400, "The body did not arrive whole.")
        if len(body) > settings.MAX_REQUEST_BYTES:
            return Problem(413, f"A request may have {settings.MAX_REQUEST_BYTES} bytes.")
        if missing := [*settings.MISSING, *credentials.refusals()]:
            return Problem(503, " ".join(missing), missing=missing)
        try:
            repeated: list[str] = []
            payload = task_request.decode(body, repeated=repeated)
        except ValueError as problem:
            return Problem(400, f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
        if full := disk_problem(len(body)):
            return Problem(503, full, headers=TRY_AGAIN)
        client = client_address(request)
        if not _secret_is_right(payload.get("secret")):
            return _wrong_secret(client)
        return _accept(payload, client, repeated)


def _secret_is_right(value: object) -> bool:
    """Compare with every accepted secret, in constant time."""
    given = (value if isinstance(value, str) else "").encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(given, secret.encode()) for secret in shared_secrets()]
    return any(matches)


def _wrong_secret(client: str) -> Problem:
    if wait := wrong_secret_wait(client):
        return Problem(429, f"Try again in {wait} seconds.", headers={"Retry-After": str(wait)})
    return Problem(401, "The field `secret` does not hold this service's secret.")


def _accept(payload: dict[str, object], client: str, repeated: list[str]) -> HttpResponse:
    try:
        usable = task_request.read(
            payload,
            secrets=shared_secrets(),
            allow_private=settings.ALLOW_PRIVATE_URLS,
            own_origins=(settings.PAGES_ORIGIN,),
            repeated=repeated,
        )
    except task_request.UnusableError as refusal:
        rejection_record(status=400, errors=refusal.errors, payload=payload, client=client)
        return Problem(400, "Some fields cannot be used.", errors=refusal.errors)
    try:
        accepted = round_accept(intake=usable)
    except ConflictError as conflict:
        rejection_record(status=409, errors={"conflict": str(conflict)}, payload=payload, client=client)
        return Problem(409, "Another nonce makes it a new round.", id=str(conflict.round_id))
    except IntakePausedError as pause:
        # The last check of all: only who has the secret learns of it, and every other refusal stays what it was.
        return Problem(503, str(pause), headers=TRY_AGAIN)
    with log_ids(round=accepted.id):
        logger.info("task accepted%s", " again" if accepted.replayed else "")
    answer: dict[str, object] = {
        "status": "accepted",
        "id": str(accepted.id),
        "status_url": f"{settings.PUBLIC_URL}/api/rounds/{accepted.id}",
        "warnings": accepted.warnings,
    }
    if accepted.replayed:
        answer["replayed"] = True
    if accepted.revived:
        answer["revived"] = True
    return JsonResponse(answer)


class RoundStatus(APIView):
    """GET a round's status. Nothing in it is secret; only who knows the id finds it."""

    @schema.round_status
    def get(self, request: Request, round_id: UUID) -> HttpResponse:
        """Answer the contract's object, or 404."""
        row = Round.objects.defer("request").filter(pk=round_id).first()
        if row is None:
            return Problem(404, "There is no round with this id.")
        return Response(round_status(RoundReport(row)), headers={"Cache-Control": "no-store"})
