"""Reports our own errors to a Sentry server (SENTRY_DSN): log lines of level ERROR, with their tracebacks.

The SDK is imported only if the setting is there. It watches nothing but the log: no request, no body, no local variable
is read, and each report is redacted as the log is. https://docs.sentry.io/platforms/python/configuration/options/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from tasks_app.logs import log_ids_shown
from tasks_app.redaction import keepable_json

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: The longest text of a report, cut after its redaction: half of a secret would not be found.
LONGEST = 8_000

#: What an integration could add some day and no report needs.
_NEVER = ("request", "user", "extra", "modules")


def reports_begin() -> None:
    """Report from this process and those that it forks from now on. Without SENTRY_DSN: do nothing."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.integrations.threading import ThreadingIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        before_send=scrubbed,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda _pending, _seconds: None),  # its own writes to standard error
            DedupeIntegration(),
            ExcepthookIntegration(),
            LoggingIntegration(),
            ThreadingIntegration(propagate_scope=False),
        ],
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        send_client_reports=False,
        auto_session_tracking=False,
        enable_backpressure_handling=False,  # a thread that only tracing needs
    )


def scrubbed(event: Event, _hint: Hint) -> Event | None:
    """Return a report without secrets and with the ids of the log. If this fails, the SDK drops the report."""
    report: Any = _cut(keepable_json({name: value for name, value in event.items() if name not in _NEVER}))
    report["tags"] = {**(report.get("tags") or {}), **log_ids_shown()}
    return report  # type: ignore[no-any-return]


def _cut(value: object) -> object:
    match value:
        case str():
            return value[:LONGEST]
        case dict():
            return {name: _cut(item) for name, item in value.items()}
        case list():
            return [_cut(item) for item in value]
        case _:
            return value
