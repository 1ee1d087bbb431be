"""The WSGI application: `gunicorn tasks_app.wsgi`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from tasks_app.operations.error_reports import reports_begin

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasks_app.settings")
application = get_wsgi_application()
reports_begin()
