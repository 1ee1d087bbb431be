"""The one settings module. Every value comes from the environment or `.env`; production is the default."""

from __future__ import annotations

import os
import secrets
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import EnvValidationError, validate

from engine.domain.lifecycle import Step
from tasks_app.env import LARGEST_REQUEST, Env, address, sentry_dsn, signing_key, signing_secret, webhook
from tasks_app.keys import kept_key, known_key
from tasks_app.privacy import shield

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env.load(BASE_DIR)

# --- The service -----------------------------------------------------------------------------------------------------

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).absolute()
PORT = env.int("PORT", 8000, validate=validate.Range(1, 65535)) or 8000
PUBLIC_URL: str = env.origin("PUBLIC_URL", f"http://localhost:{PORT}") or ""
PAGES_ORIGIN: str = env.origin("PAGES_ORIGIN", f"http://127.0.0.1:{PORT}") or ""
SECRET = env.secret("SECRET")
SECRET_PREVIOUS = env.secret("SECRET_PREVIOUS")
GITHUB_TOKEN = env.secret("GITHUB_TOKEN")
GITHUB_OWNER = env.str("GITHUB_OWNER", "", validate=validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}\Z"))
GITHUB_API_URL: str = env.address("GITHUB_API_URL", "https://api.github.com")
GITHUB_PACED = env.bool("GITHUB_PACED", True)
FORGE: str = env.one_of("FORGE", "", allowed=("github", "local")) or ("github" if GITHUB_TOKEN else "")
LLM_API_KEY = env.secret("LLM_API_KEY", "OPENAI_API_KEY")
LLM_BASE_URL: str = env.address(env.first("LLM_BASE_URL", "OPENAI_BASE_URL"), "")
LLM_PROVIDER: str = env.one_of("LLM_PROVIDER", "", allowed=("openai", "simulated")) or ("openai" if LLM_API_KEY else "")
LLM_MODELS: list[str] = [env.str("LLM_MODEL", "gpt-5.6"), *env.names("LLM_FALLBACK_MODELS", "gpt-5.1")]
LLM_TOKENS_PER_ROUND = env.int("LLM_TOKENS_PER_ROUND", 200_000, validate=validate.Range(1, 1_000_000_000))
LLM_BUDGET_PER_DAY = env.spending("LLM_BUDGET_PER_DAY", "")  # (amount, "tokens" or "dollars"), None: no bound
SIMULATED_LLM_SECONDS = env.float("SIMULATED_LLM_SECONDS", 0.0, validate=validate.Range(0, 3600))
ROUND_DEADLINE_SECONDS = env.int("ROUND_DEADLINE_SECONDS", 600, validate=validate.Range(10, 86_400))
NOTIFY_FOR_SECONDS = env.int("NOTIFY_FOR_SECONDS", 259_200, validate=validate.Range(0, 31_536_000))
#: A worker without a heartbeat loses its round after this.
LEASE_SECONDS = env.float("LEASE_SECONDS", 60.0, validate=validate.Range(1, 3600))
KEEP_SCREENSHOTS_DAYS = env.int("KEEP_SCREENSHOTS_DAYS", 0, validate=validate.Range(0, 36_500))  # 0: for ever
KEEP_PROMPTS_DAYS = env.int("KEEP_PROMPTS_DAYS", 0, validate=validate.Range(0, 36_500))
KEEP_ROUNDS_DAYS = env.int("KEEP_ROUNDS_DAYS", 0, validate=validate.Range(0, 36_500))
WORKERS = env.int("WORKERS", 8, validate=validate.Range(1, 256))
BROWSERS = env.int("BROWSERS", 2, validate=validate.Range(0, 64))
CHROMIUM_PATH = env.str("CHROMIUM_PATH", "")
CHROMIUM_NO_SANDBOX: str = env.switch("CHROMIUM_NO_SANDBOX", "off")  # on, off, or auto: if it cannot be used
BROWSER_CDN_MIRROR: str = env.address("BROWSER_CDN_MIRROR", "")
#: The largest body of a request.
MAX_REQUEST_BYTES: int = env.size("MAX_REQUEST_BYTES", LARGEST_REQUEST, least=100_000, most=200_000_000)
ALLOW_PRIVATE_URLS = env.bool("ALLOW_PRIVATE_URLS", False)
#: Seconds for which a browser uses https alone. 0: no HSTS header.
HSTS_SECONDS = env.int("HSTS_SECONDS", 31_536_000, validate=validate.Range(0, 63_072_000))
TRUSTED_PROXIES: list[str] = env.networks("TRUSTED_PROXIES", "")
THROTTLE_PER_MINUTE = env.int("THROTTLE_PER_MINUTE", 120, validate=validate.Range(0, 1_000_000))
ADMIN_USERNAME = env.str("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = env.secret("ADMIN_PASSWORD")
METRICS_TOKEN = env.secret("METRICS_TOKEN")
SENTRY_DSN = env.secret("SENTRY_DSN", parse=sentry_dsn)
LOG_FORMAT: str = env.one_of("LOG_FORMAT", "", allowed=("text", "json")) or "text"
ALERT_WEBHOOK_URL = env.secret("ALERT_WEBHOOK_URL", parse=webhook)
WEBHOOK_SIGNING_KEY = signing_key(env.secret("WEBHOOK_SIGNING_SECRET", parse=signing_secret))

#: What is missing before tasks can be accepted: the service starts, names it, and answers tasks with 503.
MISSING = [
    sentence
    for absent, sentence in (
        (not SECRET, "SECRET is not set: no request can be checked."),
        (not FORGE, "No forge: set GITHUB_TOKEN, or FORGE=local for repositories and pages on this machine."),
        (FORGE == "github" and not GITHUB_TOKEN, "GITHUB_TOKEN is not set, and FORGE=github needs one."),
        (not LLM_PROVIDER, "No model: set LLM_API_KEY, or LLM_PROVIDER=simulated for a simulated one."),
        (
            LLM_PROVIDER == "openai" and not LLM_API_KEY,
            "LLM_API_KEY is not set (any text, where the server needs none).",
        ),
    )
    if absent
]

# --- Django ----------------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
DEBUGGABLE = env.bool("DEBUGGABLE", False)
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname
PAGES_HOST = urlsplit(PAGES_ORIGIN).hostname
if PUBLIC_HOST and PUBLIC_HOST == PAGES_HOST:
    env.wrong(
        "PAGES_ORIGIN",
        "Names the same host as PUBLIC_URL: a generated page would get the admin's cookies (ports do not part them).",
    )
_database = env.secret("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
DATABASES: dict[str, Any] = {}
with suppress(ValueError, KeyError):
    if _database.partition("://")[0] in {"sqlite", "postgres", "postgresql"}:
        DATABASES = {"default": dj_database_url.parse(_database, conn_max_age=60, conn_health_checks=True)}
if not DATABASES:
    env.wrong("DATABASE_URL", "Is no address like sqlite:////absolute/path or postgres://user:password@host/name.")
REDIS_URL = env.secret("REDIS_URL", parse=partial(address, schemes=("redis", "rediss", "unix")))
_secret_key = env.secret("DJANGO_SECRET_KEY")
_hosts: list[str] = env.names("ALLOWED_HOSTS", "")
_origins: list[str] = env.names("CSRF_TRUSTED_ORIGINS", "")
_database_file = Path(DATABASES["default"]["NAME"]) if _database.startswith("sqlite") and DATABASES else None
_folders = {_database_file.parent: "DATABASE_URL"} if _database_file else {}
for _folder, _name in (_folders | {DATA_DIR: "DATA_DIR"}).items():
    try:
        _folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as _error:
        env.wrong(_name, f"{_folder} cannot be made: {_error.strerror}.")
    else:
        if not os.access(_folder, os.W_OK | os.X_OK):
            env.wrong(_name, f"{_folder} cannot be written by the user {os.getuid()}, who runs this service.")
try:
    env.seal()
except EnvValidationError as _error:
    _reasons = dict(_error.error_messages)  # type: ignore[arg-type]  # `seal` raises a dictionary
    _wrong = (f"  - {name}: {' '.join(whys)}" for name, whys in _reasons.items())
    raise ImproperlyConfigured("Wrong settings:\n" + "\n".join(_wrong)) from None
if not DEBUGGABLE:
    shield()  # from here on this process holds the secrets

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Deferred transactions answered 81 % of concurrent POSTs with 500. With synchronous=FULL a 200 means: on disk.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;",
    }
else:
    # Without these limits a dead connection is waited for longer than a lease and a deadline: a quarter of an hour.
    # https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    _line = {
        "connect_timeout": 10,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 30_000,
    }
    DATABASES["default"]["OPTIONS"] = {**_line, **DATABASES["default"].get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

try:
    SECRET_KEY = _secret_key or kept_key(DATA_DIR / "django_secret_key", lambda: secrets.token_urlsafe(50))
except OSError as _error:
    raise ImproperlyConfigured(f"The key in {DATA_DIR} cannot be read or made: {_error.strerror}.") from None
#: Every credential, by the name that replaces it in texts.
SECRETS = {
    **env.secrets,
    "DJANGO_SECRET_KEY": SECRET_KEY,
    "admin_password": known_key(DATA_DIR / "admin_password"),  # the first start adds the one that it makes
    "DATABASE_URL": urlsplit(_database).password or "",
    "REDIS_URL": urlsplit(REDIS_URL).password or "",
}
# The loopback names are always allowed: the image's health check uses them.
ALLOWED_HOSTS = [*_hosts, "localhost", "127.0.0.1", "[::1]", PUBLIC_HOST, PAGES_HOST]
CSRF_TRUSTED_ORIGINS = list(dict.fromkeys([*_origins, PUBLIC_URL]))

INSTALLED_APPS = [
    "tasks_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
]
MIDDLEWARE = [
    "tasks_app.web.request_id.RequestIdMiddleware",
    "tasks_app.web.head_requests.HeadMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "tasks_app.web.content_security_policy.ContentSecurityPolicyMiddleware",
    "tasks_app.web.host_routing.HostRoutingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "tasks_app.urls"
WSGI_APPLICATION = "tasks_app.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# What is collected may be served by another user's process. Our umask would close the folders.
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755
# Without a collected directory, static files come straight from the packages: a fresh clone needs two commands only.
WHITENOISE_USE_FINDERS = not STATIC_ROOT.is_dir()
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)  # whitenoise's, for the same reason
WHITENOISE_AUTOREFRESH = False

# All processes of the machine must share the counts of wrong secrets and django-q2's figures.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# W004: content_security_policy.py sends HSTS, since Django sees no TLS.
# The redirect to https belongs to the proxy that ends TLS: one from here can loop behind such a proxy (W008).
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]
DATA_UPLOAD_MAX_MEMORY_SIZE = None  # the intake bounds its own body and answers 413 itself

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "tasks_app.api.problems.problem_response",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "tasks_app.api.negotiation.JsonAlways",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}

# The general part of /openapi.json. It names nothing of this machine, so that the committed file can be compared.
SPECTACULAR_SETTINGS = {
    "TITLE": "Self-Hosted LLM DevOps Engine",
    "DESCRIPTION": (
        "POST it a brief for a small static web app: a language model writes the app, the service checks it, "
        "commits it to a repository of its own, publishes the page, and calls your `evaluation_url` back."
    ),
    "VERSION": "1",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {"StepEnum": list(Step)},
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",  # the default one
        "tasks_app.api.schema.with_pages",
    ],
}

# django-q2 only wakes workers: it never retries (our rows do), and no message takes as long as `timeout`.
Q_CLUSTER = {
    "name": "rounds",
    "label": "Queue",
    "workers": WORKERS,
    "queue_limit": 1,
    "bulk": 1,
    "timeout": 4 * ROUND_DEADLINE_SECONDS + 600,
    "retry": 100 * ROUND_DEADLINE_SECONDS + 7_200,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": 250,
    "poll": 0.2,
    "guard_cycle": 0.5,
    "recycle": 200,
    "catch_up": False,
    "scheduler": False,
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "tasks_app.redaction.RedactingFilter"},
        "ids": {"()": "tasks_app.logs.IdsFilter"},
        # A 503 is an answer, not an error, so it gets no traceback; an exception does.
        "traced": {"()": "django.utils.log.CallbackFilter", "callback": lambda record: bool(record.exc_info)},
    },
    "formatters": {"text": {"()": "tasks_app.logs.TextFormatter"}, "json": {"()": "tasks_app.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["redact", "ids"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "httpx2": {"level": "WARNING"},
        "dulwich": {"level": "WARNING"},
        "django.request": {"level": "ERROR", "filters": ["traced"]},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # scanners; the answer says what is wrong
    },
}
