"""The small public pages: landing page, liveness and readiness probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from rest_framework.decorators import api_view

from tasks_app.api import schema
from tasks_app.health import credentials
from tasks_app.health.readiness import report

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request


@csrf_exempt
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Show the service's name, its readiness and what is missing."""
    ready, parts = report()
    context = {
        "ready": ready,
        "parts": parts,
        "missing": [*settings.MISSING, *credentials.refusals()],
        "simulated": settings.LLM_PROVIDER == "simulated",
        "local": settings.FORGE == "local",
        "private": settings.ALLOW_PRIVATE_URLS,
        "public_url": settings.PUBLIC_URL,
        "pages_origin": settings.PAGES_ORIGIN,
    }
    return render(request, "landing.html", context)


@schema.healthz
@api_view(["GET", "HEAD"])
def healthz(request: Request) -> HttpResponse:
    """Answer as long as this process does."""
    del request
    return JsonResponse({"status": "ok"})


@schema.readyz
@api_view(["GET", "HEAD"])
def readyz(request: Request) -> HttpResponse:
    """Return each part's status; 503 if a part is down."""
    del request
    ready, parts = report()
    return JsonResponse({"status": "ready" if ready else "not ready", "parts": parts}, status=200 if ready else 503)
