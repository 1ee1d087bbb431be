"""The WSGI application: `gunicorn tasks_app.wsgi`."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from tasks_app.operations.error_reports import reports_begin
from tasks_app.privacy import close_new_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tasks_app.settings")
close_new_files()
try:
    application = get_wsgi_application()
except ImproperlyConfigured as problem:
    sys.exit(str(problem))
reports_begin()
