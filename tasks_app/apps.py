"""The one Django app."""

from __future__ import annotations

from django.apps import AppConfig


class TasksAppConfig(AppConfig):
    """Names the app in the admin."""

    name = "tasks_app"
    verbose_name = "Tasks"
