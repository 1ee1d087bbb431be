"""The address of a commit's evidence page, and whose tree a commit holds; those that were pushed before get theirs."""

from __future__ import annotations

import secrets

import django.db.models.deletion
from django.db import migrations, models


def give_addresses(apps, schema_editor):
    commits = apps.get_model("tasks_app", "Commit").objects.using(schema_editor.connection.alias)
    for commit in commits.filter(pushed_at__isnull=False).select_related("round").defer("round__request"):
        commit.token = secrets.token_hex(16)
        if commit.sha == commit.round.commit_sha:
            commit.attempt_id = commit.round.chosen_attempt_id
        commit.save(update_fields=["token", "attempt"])


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0009_probe"),
    ]

    operations = [
        migrations.AddField(
            model_name="commit",
            name="attempt",
            field=models.ForeignKey(
                help_text="whose tree it holds",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tasks_app.attempt",
            ),
        ),
        migrations.AddField(
            model_name="commit",
            name="token",
            field=models.CharField(
                help_text="of its evidence page's address; null until it was pushed",
                max_length=32,
                null=True,
                unique=True,
            ),
        ),
        migrations.RunPython(give_addresses, migrations.RunPython.noop, elidable=True),
    ]
