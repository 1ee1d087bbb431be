"""The groups see the rows that came after they were made: what the forge lets through, what models take, probes."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations


def make_groups(apps, schema_editor):
    import_module("tasks_app.migrations.0002_operators").make_groups(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("tasks_app", "0011_review")]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop, elidable=False)]
