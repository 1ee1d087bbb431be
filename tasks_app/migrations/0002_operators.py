"""The groups Viewer (sees everything) and Operator (acts on it too). Django makes permissions after migrating; they are needed here before."""

from __future__ import annotations

from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = {"Viewer": "view_", "Operator": ("view_", "operate_")}


def make_groups(apps, schema_editor):
    config = apps.get_app_config("tasks_app")
    config.models_module = True  # a state has no modules, and Django asks for one
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="tasks_app")
    for name, beginnings in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*(p for p in permissions if p.codename.startswith(beginnings)))


class Migration(migrations.Migration):
    dependencies = [
        ("tasks_app", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="round",
            options={
                "ordering": ("-created_at",),
                "permissions": (
                    ("operate_round", "Can retry, regenerate, notify again and cancel rounds, and close breakers"),
                ),
            },
        ),
        migrations.RunPython(make_groups, migrations.RunPython.noop, elidable=False),
    ]
