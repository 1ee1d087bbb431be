"""The row Plan takes the place of the row Probe, whose data goes; the groups see the one and lose the other."""

from __future__ import annotations

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models


def regroup(apps, schema_editor):
    content_types = apps.get_model("contenttypes", "ContentType").objects
    content_types.filter(app_label="tasks_app", model="probe").delete()  # with its permissions
    import_module("tasks_app.migrations.0002_operators").make_groups(apps, schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('tasks_app', '0017_interrupted_calls'),
    ]

    operations = [
        migrations.AddField(
            model_name='checkresult',
            name='predicates',
            field=models.JSONField(default=list, help_text='of a sentence: what each of its predicates says, its verdict and what was seen'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='kind',
            field=models.CharField(help_text='plan, plan_reminder, generate, continue, format, rephrase, repair, resample, judge, honest', max_length=20),
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('plan', models.JSONField(help_text='the dump of engine.plan.schema.Plan; null: there is none', null=True)),
                ('refused', models.JSONField(default=list, help_text='what validation took out of it: item and reason of each')),
                ('source', models.CharField(help_text='model; operator: written by the one who began the run; carried: the plan of the run before', max_length=8)),
                ('edited_by', models.CharField(blank=True, help_text='the operator who wrote it', max_length=150)),
                ('why_none', models.TextField(blank=True, help_text='why there is no plan')),
                ('made_at', models.DateTimeField()),
                ('attempt', models.ForeignKey(help_text='the model call that made it', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tasks_app.attempt')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='plans', to='tasks_app.round')),
            ],
            options={
                'ordering': ('run',),
            },
        ),
        migrations.DeleteModel(
            name='Probe',
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.UniqueConstraint(fields=('round', 'run'), name='plan_once_per_run'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['model', 'operator', 'carried'])), name='plan_source_known'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('plan__isnull', False), ('why_none', '')), models.Q(('plan__isnull', True), ('why_none__gt', '')), _connector='OR'), name='plan_is_whole'),
        ),
        migrations.RunPython(regroup, migrations.RunPython.noop, elidable=False),
        migrations.RemoveConstraint(
            model_name='checkresult',
            name='check_result_kind_known',
        ),
        migrations.AddConstraint(
            model_name='checkresult',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['js', 'prose', 'rule', 'source', 'review', 'view', 'file', 'test', 'gate', 'earlier', 'lasting', 'unknown'])), name='check_result_kind_known'),
        ),
    ]
