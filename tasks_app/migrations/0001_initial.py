from __future__ import annotations

import django.db.models.deletion
import uuid
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


GROUPS = {"Viewer": "view_", "Operator": ("view_", "operate_")}


def make_groups(apps, schema_editor):
    """Make the groups Viewer (sees everything) and Operator (acts too). Django makes permissions after migrating; they are needed here before."""
    config = apps.get_app_config("tasks_app")
    config.models_module = True  # a state has no modules, and Django asks for one
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="tasks_app")
    for name, beginnings in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*(p for p in permissions if p.codename.startswith(beginnings)))


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('kind', models.CharField(help_text='plan, plan_reminder, generate, continue, format, rephrase, repair, resample, judge, fallback', max_length=20)),
                ('provider', models.CharField(blank=True, max_length=40)),
                ('simulated', models.BooleanField(default=False)),
                ('prompt_name', models.CharField(blank=True, max_length=40)),
                ('prompt_version', models.CharField(blank=True, max_length=20)),
                ('prompt_digest', models.CharField(blank=True, max_length=64)),
                ('messages', models.JSONField(default=list)),
                ('parameters', models.JSONField(default=dict)),
                ('model_asked', models.CharField(blank=True, max_length=200)),
                ('model_answered', models.CharField(blank=True, max_length=200)),
                ('request_id', models.CharField(blank=True, max_length=200)),
                ('started_at', models.DateTimeField()),
                ('seconds', models.FloatField(help_text='null while it goes on, and where its process did not live to see its end', null=True)),
                ('reply', models.TextField(blank=True)),
                ('finish_reason', models.CharField(blank=True, max_length=40)),
                ('outcome', models.CharField(blank=True, help_text='what the parser called the reply', max_length=40)),
                ('input_tokens', models.PositiveIntegerField(null=True)),
                ('cached_tokens', models.PositiveIntegerField(null=True)),
                ('output_tokens', models.PositiveIntegerField(null=True)),
                ('reasoning_tokens', models.PositiveIntegerField(null=True)),
                ('cost', models.DecimalField(decimal_places=6, help_text='US dollars; null is unknown', max_digits=12, null=True)),
                ('cost_source', models.CharField(blank=True, max_length=40)),
                ('counted_tokens', models.PositiveIntegerField(default=0, help_text='what counts against the bounds: an estimate until the server has said')),
                ('error_code', models.CharField(blank=True, max_length=60)),
                ('error_message', models.TextField(blank=True)),
                ('emptied_at', models.DateTimeField(help_text='when its prompt and reply were removed, and its files where it was not chosen', null=True)),
                ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tasks_app.attempt')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='Breaker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='model or forge', max_length=20)),
                ('code', models.CharField(max_length=60)),
                ('reason', models.TextField()),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(help_text='closes by itself then; null: a person or a new start closes it', null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.CharField(blank=True, max_length=150)),
            ],
            options={
                'ordering': ('-since',),
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('kind',), name='breaker_one_open_per_kind')],
            },
        ),
        migrations.CreateModel(
            name='ForgeQuota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limit', models.PositiveIntegerField(help_text='calls an hour', null=True)),
                ('remaining', models.PositiveIntegerField(null=True)),
                ('reset_at', models.DateTimeField(help_text='when the hour begins anew', null=True)),
                ('seen_at', models.DateTimeField(null=True)),
                ('blocked_until', models.DateTimeField(help_text='nothing is asked before', null=True)),
                ('blocked_reason', models.TextField(blank=True)),
                ('strikes', models.PositiveSmallIntegerField(default=0, help_text='refusals in a row that named no time')),
                ('struck_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': "forge's limits",
                'verbose_name_plural': "forge's limits",
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='forge_quota_one_row')],
            },
        ),
        migrations.CreateModel(
            name='ForgeWrite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='what is written, to which repository', max_length=300)),
                ('due_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(help_text='when it went; null: still kept', null=True)),
            ],
            options={
                'ordering': ('-due_at',),
                'indexes': [models.Index(fields=['-used_at'], name='forge_write_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('used_at', None)), fields=('key',), name='forge_write_one_slot_per_key')],
            },
        ),
        migrations.CreateModel(
            name='ModelProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('server', models.CharField(help_text='the base URL, without credentials', max_length=300)),
                ('model', models.CharField(max_length=200)),
                ('length_parameter', models.CharField(blank=True, help_text='bounds the answer; blank: none is taken', max_length=40)),
                ('longest_answer', models.PositiveIntegerField(help_text='in tokens, where the server named it', null=True)),
                ('dropped', models.JSONField(default=list, help_text='parameters that it refused')),
                ('images', models.BooleanField(help_text='whether it takes pictures; null: not known', null=True)),
                ('learned_at', models.DateTimeField(help_text='forgotten 30 days later: servers learn too')),
            ],
            options={
                'ordering': ('server', 'model'),
                'constraints': [models.UniqueConstraint(fields=('server', 'model'), name='model_profile_once')],
            },
        ),
        migrations.CreateModel(
            name='Rejection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('status', models.PositiveSmallIntegerField()),
                ('client', models.CharField(blank=True, max_length=64)),
                ('errors', models.JSONField(default=dict)),
                ('payload', models.JSONField(help_text='as it came, less the secret', null=True)),
            ],
            options={
                'ordering': ('-at',),
                'indexes': [models.Index(fields=['-at'], name='rejection_newest')],
            },
        ),
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(help_text='SHA-256 of email, task, round and nonce', max_length=64, unique=True)),
                ('task_key', models.CharField(help_text='SHA-256 of email and task', max_length=64)),
                ('email', models.TextField()),
                ('task_name', models.TextField(verbose_name='task')),
                ('number', models.PositiveSmallIntegerField(verbose_name='round')),
                ('nonce', models.TextField()),
                ('brief', models.TextField()),
                ('checks', models.JSONField(default=list)),
                ('evaluation_url', models.TextField()),
                ('request', models.JSONField(help_text='as it came, less the secret')),
                ('digest', models.CharField(help_text='SHA-256 of the canonical request less the secret', max_length=64)),
                ('warnings', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('waiting', 'waiting'), ('completed', 'completed'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=9)),
                ('step', models.CharField(choices=[('generate', 'generate'), ('verify', 'verify'), ('publish', 'publish'), ('deploy', 'deploy'), ('notify', 'notify')], default='generate', max_length=8)),
                ('run', models.PositiveIntegerField(default=1, help_text='counts retries, revivals and regenerations')),
                ('created_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(help_text='of the present run: the POST, or the retry')),
                ('deadline_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(help_text='when it is due; null once it has ended', null=True)),
                ('share_ends_at', models.DateTimeField(help_text="of its step; while the step's breaker is open it is not taken before")),
                ('lease_token', models.UUIDField(null=True)),
                ('lease_owner', models.CharField(blank=True, help_text='supervisor:pid', max_length=120)),
                ('lease_until', models.DateTimeField(null=True)),
                ('crashes', models.PositiveSmallIntegerField(default=0, help_text='claims in a row that ended without a release')),
                ('failures', models.PositiveSmallIntegerField(default=0, help_text='passing failures of this step in a row')),
                ('waiting_on', models.TextField(blank=True, help_text='what it waits for, in a sentence')),
                ('worker_seconds', models.FloatField(help_text='that workers spent on it; null: none yet', null=True)),
                ('reduced_until', models.DateTimeField(help_text='so long the backlog leaves for its page, without repairs; null: its whole share', null=True)),
                ('decision', models.CharField(blank=True, help_text='what generate is to do: repair, resample, fallback; blank: write the page. At verify: publish, where no further try is to be made', max_length=8)),
                ('decision_reason', models.TextField(blank=True)),
                ('chosen_at', models.DateTimeField(help_text="also the commit's date", null=True)),
                ('owner', models.CharField(blank=True, max_length=255)),
                ('repository', models.CharField(blank=True, max_length=255)),
                ('repo_url', models.TextField(blank=True)),
                ('pages_url', models.TextField(blank=True)),
                ('base_sha', models.CharField(blank=True, help_text='the head that the tree was written for', max_length=64)),
                ('commit_sha', models.CharField(blank=True, max_length=64)),
                ('watch_until', models.DateTimeField(help_text='so long a page is looked for that was told before it was live', null=True)),
                ('watch_at', models.DateTimeField(help_text='when it is looked for next, or its look has failed', null=True)),
                ('watch_token', models.UUIDField(help_text='of the look under way', null=True)),
                ('simulated', models.BooleanField(default=False)),
                ('degraded', models.BooleanField(default=False)),
                ('live', models.BooleanField(default=False)),
                ('live_at', models.DateTimeField(help_text='when the page was seen to serve the commit', null=True)),
                ('late', models.BooleanField(default=False)),
                ('needs_attention', models.BooleanField(default=False)),
                ('error_code', models.CharField(blank=True, max_length=60)),
                ('error_message', models.TextField(blank=True)),
                ('chosen_attempt', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tasks_app.attempt')),
                ('decision_attempt', models.ForeignKey(help_text='the best so far, which the decision is about', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tasks_app.attempt')),
            ],
            options={
                'ordering': ('-created_at',),
                'permissions': (('operate_round', 'Can retry, regenerate, notify again and cancel rounds, and close breakers'),),
            },
        ),
        migrations.CreateModel(
            name='PagesStatus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('build_status', models.CharField(max_length=40)),
                ('built_commit', models.CharField(blank=True, max_length=64)),
                ('http_status', models.PositiveSmallIntegerField(null=True)),
                ('live', models.BooleanField()),
                ('reason', models.TextField(blank=True)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pages_statuses', to='tasks_app.round')),
            ],
            options={
                'verbose_name_plural': 'pages statuses',
                'ordering': ('pk',),
            },
        ),
        migrations.AddField(
            model_name='attempt',
            name='round',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='tasks_app.round'),
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=255)),
                ('media_type', models.CharField(blank=True, max_length=255)),
                ('url', models.TextField(blank=True, help_text='where it is to be fetched from; blank for a data URI')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('content', models.BinaryField(null=True)),
                ('source', models.CharField(default='request', help_text='request; address: fetched from one that the brief names; workbook: made out of an attached one', max_length=8)),
                ('note', models.TextField(blank=True, help_text='what the model is told of it; of a file without content, why it has none')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='tasks_app.round')),
            ],
            options={
                'ordering': ('position',),
            },
        ),
        migrations.CreateModel(
            name='SourceFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=255)),
                ('content', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('origin', models.CharField(max_length=10)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='tasks_app.attempt')),
            ],
            options={
                'ordering': ('path',),
            },
        ),
        migrations.CreateModel(
            name='StepRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('step', models.CharField(max_length=8)),
                ('claims', models.PositiveIntegerField(default=1)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, help_text='done, again, failed, cancelled; blank while it goes on', max_length=10)),
                ('detail', models.TextField(blank=True)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='step_runs', to='tasks_app.round')),
            ],
            options={
                'ordering': ('started_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('key', models.CharField(help_text='SHA-256 of email and task', max_length=64, primary_key=True, serialize=False)),
                ('email', models.TextField()),
                ('name', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('owner', models.CharField(blank=True, help_text='of the newest published repository', max_length=255)),
                ('repository', models.CharField(blank=True, max_length=255)),
                ('repo_url', models.TextField(blank=True)),
                ('pages_url', models.TextField(blank=True)),
                ('attachment_names', models.JSONField(default=list, help_text='of its published rounds that were removed: later ones keep those files')),
                ('regression_checks', models.JSONField(default=list, help_text='of its published rounds that were removed: later ones run them again')),
            ],
            options={
                'indexes': [models.Index(fields=['-created_at'], name='task_newest')],
            },
        ),
        migrations.AddField(
            model_name='round',
            name='task',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='tasks_app.task'),
        ),
        migrations.CreateModel(
            name='WorkerBeat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('worker', models.CharField(help_text='supervisor:pid', max_length=120, unique=True)),
                ('host', models.CharField(max_length=255)),
                ('pid', models.PositiveIntegerField()),
                ('seen_at', models.DateTimeField()),
                ('step', models.CharField(blank=True, max_length=8)),
                ('workers', models.PositiveSmallIntegerField(help_text='of a dispatcher: how many worker processes it keeps', null=True)),
                ('stopping', models.BooleanField(default=False, help_text='of a dispatcher: its workers take no further step')),
                ('round', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tasks_app.round')),
            ],
            options={
                'ordering': ('-seen_at',),
            },
        ),
        migrations.CreateModel(
            name='CheckResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.CharField(max_length=5)),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(max_length=10)),
                ('text', models.TextField()),
                ('verdict', models.CharField(max_length=12)),
                ('value', models.JSONField(null=True)),
                ('detail', models.TextField(blank=True)),
                ('predicates', models.JSONField(default=list, help_text='of a sentence: what each of its predicates says, its verdict and what was seen')),
                ('milliseconds', models.PositiveIntegerField(null=True)),
                ('console', models.JSONField(default=list)),
                ('screenshot', models.BinaryField(null=True)),
                ('screenshot_removed_at', models.DateTimeField(null=True)),
                ('attempt', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='check_results', to='tasks_app.attempt')),
            ],
            options={
                'ordering': ('target', 'position'),
                'indexes': [models.Index(condition=models.Q(('screenshot__isnull', False)), fields=['attempt'], name='screenshot_kept')],
                'constraints': [models.UniqueConstraint(fields=('attempt', 'target', 'position'), name='check_result_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['js', 'prose', 'rule', 'source', 'review', 'page_load', 'file', 'test', 'gate', 'earlier', 'regression', 'unknown'])), name='check_result_kind_known'), models.CheckConstraint(condition=models.Q(('verdict__in', ['pass', 'fail', 'error', 'timeout', 'inconclusive', 'not_run', 'unverifiable', 'vacuous', 'invalid'])), name='check_result_verdict_known'), models.CheckConstraint(condition=models.Q(('target__in', ['empty', 'local', 'live'])), name='check_result_target_known')],
            },
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('plan', models.JSONField(help_text='the dump of engine.plan.schema.RequestPlan; null: there is none', null=True)),
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
                'constraints': [models.UniqueConstraint(fields=('round', 'run'), name='plan_once_per_run'), models.CheckConstraint(condition=models.Q(('source__in', ['model', 'operator', 'carried'])), name='plan_source_known'), models.CheckConstraint(condition=models.Q(models.Q(('plan__isnull', False), ('why_none', '')), models.Q(('plan__isnull', True), ('why_none__gt', '')), _connector='OR'), name='plan_is_whole')],
            },
        ),
        migrations.CreateModel(
            name='NotificationAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('number', models.PositiveIntegerField(help_text='counts within the run')),
                ('url', models.TextField()),
                ('body', models.BinaryField()),
                ('headers', models.JSONField(default=dict)),
                ('started_at', models.DateTimeField()),
                ('seconds', models.FloatField(help_text='null while it goes on, and where its process did not live to see its end', null=True)),
                ('status_code', models.PositiveSmallIntegerField(null=True)),
                ('answer_headers', models.JSONField(default=dict)),
                ('answer', models.TextField(blank=True)),
                ('error', models.TextField(blank=True)),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='tasks_app.round')),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.UniqueConstraint(fields=('round', 'run', 'number'), name='notification_number_once')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('who', models.CharField(help_text="an operator's name, or the part of the service", max_length=150)),
                ('what', models.CharField(max_length=40)),
                ('text', models.TextField(blank=True)),
                ('round', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='tasks_app.round')),
            ],
            options={
                'ordering': ('-at', '-pk'),
                'indexes': [models.Index(fields=['-at', '-id'], name='event_newest')],
            },
        ),
        migrations.CreateModel(
            name='Commit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.PositiveIntegerField()),
                ('token', models.CharField(help_text="of its evidence page's address; null until it was pushed", max_length=32, null=True, unique=True)),
                ('sha', models.CharField(max_length=64)),
                ('parent', models.CharField(blank=True, max_length=64)),
                ('files', models.JSONField(default=list)),
                ('url', models.TextField(blank=True)),
                ('planned_at', models.DateTimeField()),
                ('pushed_at', models.DateTimeField(null=True)),
                ('abandoned_at', models.DateTimeField(help_text='the head had moved before it got there', null=True)),
                ('rebuild_asked_at', models.DateTimeField(help_text='when one more build was asked for: once, ever', null=True)),
                ('rebuild_after', models.CharField(blank=True, help_text='the id of the build that had failed by then', max_length=40)),
                ('attempt', models.ForeignKey(help_text='whose tree it holds', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='tasks_app.attempt')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='commits', to='tasks_app.round')),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.UniqueConstraint(fields=('round', 'sha'), name='commit_once'), models.UniqueConstraint(condition=models.Q(('pushed_at__isnull', False)), fields=('round', 'run'), name='commit_one_pushed_per_run')],
            },
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(fields=['started_at'], name='attempt_of_day'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=models.Index(condition=models.Q(('emptied_at', None)), fields=['started_at'], name='attempt_whole'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.UniqueConstraint(fields=('round', 'name'), name='attachment_name_once'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['request', 'address', 'workbook'])), name='attachment_source_known'),
        ),
        migrations.AddConstraint(
            model_name='sourcefile',
            constraint=models.UniqueConstraint(fields=('attempt', 'path'), name='source_file_path_once'),
        ),
        migrations.AddConstraint(
            model_name='sourcefile',
            constraint=models.CheckConstraint(condition=models.Q(('origin__in', ['model', 'carried', 'attachment', 'service'])), name='source_file_origin_known'),
        ),
        migrations.AddConstraint(
            model_name='steprun',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['generate', 'verify', 'publish', 'deploy', 'notify'])), name='step_run_step_known'),
        ),
        migrations.AddConstraint(
            model_name='steprun',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('round',), name='step_run_one_open'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='round_due'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('watch_at__isnull', False)), fields=['watch_at'], name='round_watched'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(fields=['task_key', 'number'], name='round_of_task'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(fields=['-created_at'], name='round_newest'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['finished_at'], name='round_ended'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(fields=['state', '-created_at'], name='round_in_state'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('needs_attention', True)), fields=['-created_at'], name='round_attention'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('degraded', True)), fields=['-created_at'], name='round_degraded'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('late', True)), fields=['-created_at'], name='round_late'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('simulated', True)), fields=['-created_at'], name='round_simulated'),
        ),
        migrations.AddIndex(
            model_name='round',
            index=models.Index(condition=models.Q(('live', False)), fields=['-created_at'], name='round_not_live'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'])), name='round_state_known'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['generate', 'verify', 'publish', 'deploy', 'notify'])), name='round_step_known'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 1000)), name='round_number_1_to_1000'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('next_at', None), ('state__in', ['cancelled', 'completed', 'failed'])), models.Q(models.Q(('state__in', ['cancelled', 'completed', 'failed']), _negated=True), ('finished_at', None), ('next_at__isnull', False)), _connector='OR'), name='round_ended_is_not_due'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease_token', None), ('lease_until', None)), models.Q(('lease_token__isnull', False), ('lease_until__isnull', False)), _connector='OR'), name='round_lease_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decision', ''), ('decision_attempt', None)), models.Q(('decision__in', ['repair', 'resample', 'fallback']), ('decision_attempt__isnull', False), ('step', 'generate')), models.Q(('decision', 'publish'), ('decision_attempt__isnull', False), ('step', 'verify')), _connector='OR'), name='round_decision_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('watch_at', None), ('watch_token', None), ('watch_until', None)), models.Q(('watch_at__isnull', False), ('watch_until__isnull', False)), _connector='OR'), name='round_watch_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'completed'), _negated=True), models.Q(('commit_sha', ''), _negated=True), _connector='OR'), name='round_completed_has_commit'),
        ),
        migrations.RunPython(make_groups, migrations.RunPython.noop, elidable=False),
    ]
