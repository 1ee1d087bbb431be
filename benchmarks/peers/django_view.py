"""The least that Django can do: a view that answers 200 and nothing else.

`gunicorn benchmarks.peers.django_view:application`.
"""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

if TYPE_CHECKING:
    from django.http import HttpRequest

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY=token_hex(), MIDDLEWARE=[], APPEND_SLASH=False
)


@csrf_exempt
def handle_task(request: HttpRequest) -> HttpResponse:
    """Read the body, as any view that takes one must, and answer."""
    return HttpResponse(len(request.body).__str__(), headers={"Content-Length": len(str(len(request.body)))})


urlpatterns = [path("handle_task", handle_task)]
application = get_wsgi_application()
