"""Refusals as application/problem+json (RFC 9457): all errors of the API have this shape."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError
from django.http import JsonResponse
from rest_framework.exceptions import APIException, MethodNotAllowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

logger = logging.getLogger(__name__)

TITLES = {
    400: "The request cannot be used",
    401: "The secret is wrong or missing",
    404: "There is no such thing",
    405: "That method is not allowed here",
    409: "The same round was accepted before with another body",
    413: "The request is too large",
    429: "Too many wrong secrets",
    500: "An error of ours",
    503: "The service is not ready to take tasks",
}


#: The headers of a refusal that another attempt may not get.
TRY_AGAIN = {"Retry-After": "10"}


class Problem(JsonResponse):
    """A refusal: `status`, its fixed title, and a `detail` for this case."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: object) -> None:
        body = {
            "type": "about:blank",
            "title": TITLES.get(status, "Refused"),
            "status": status,
            "detail": detail,
            **more,
        }
        super().__init__(body, status=status, headers=headers, content_type="application/problem+json")


def problem_response(error: Exception, context: Mapping[str, object]) -> Problem | None:
    """Turn DRF's own refusals, and a database that cannot be used, into problems. Django handles all other errors."""
    del context
    if isinstance(error, DatabaseError | InterfaceError) and not isinstance(error, IntegrityError | DataError):
        logger.error("answered 503, because the database cannot be used: %s", error)
        return Problem(503, "The database cannot be used at the moment. Try again.", headers=TRY_AGAIN)
    if isinstance(error, MethodNotAllowed):
        return Problem(405, str(error.detail))
    if isinstance(error, APIException):
        return Problem(error.status_code, str(error.detail))
    return None


def bad_request(request: HttpRequest, exception: Exception) -> Problem:
    """Answer what Django itself finds suspicious, such as a foreign Host header."""
    del request, exception
    return Problem(
        400, "The request's Host header or path is not one of this service. ALLOWED_HOSTS or PUBLIC_URL name the hosts."
    )


def not_found(request: HttpRequest, exception: Exception) -> Problem:
    del exception
    return Problem(404, f"Nothing lives at {request.path[:200]}.")


def server_error(request: HttpRequest) -> Problem:
    """Answer an error of our own. Its traceback is in the log."""
    del request
    return Problem(500, "The log holds the reason.")
