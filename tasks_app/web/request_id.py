"""The id of a request in our log, in the answer, and in the log of the round that it makes."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from tasks_app.logs import log_ids
from tasks_app.operations.client_limits import comes_from_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class RequestIdMiddleware:
    """Takes the id that a proxy of TRUSTED_PROXIES gave, or makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        identity = given if _SANE.fullmatch(given) and comes_from_proxy(request) else uuid.uuid4().hex
        with log_ids(request=identity):
            response = self.get_response(request)
        response.headers[HEADER] = identity
        return response
