"""Django settings: everything here follows from ``env.Env`` and the secrets in DATA_DIR."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

import dj_database_url
from csp.constants import NONE, SELF

from classroom.env import BASE_DIR, ENV, METRICS_DIR

DATA_DIR = ENV.DATA_DIR.expanduser().resolve()
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    METRICS_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    sys.exit(f"DATA_DIR={DATA_DIR} is no folder that can be written to: {error}")


def _secret(name: str) -> str:
    """A secret made on first start and kept readable for its owner alone. Two processes may start at once: the first wins."""
    path = DATA_DIR / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        for _ in range(100):
            if text := path.read_text().strip():
                return text
        raise RuntimeError(f"{path} is empty: delete it and start again") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text()


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


SECRET_KEY = _secret("django")
DEBUG = ENV.DEBUG
DEMO = ENV.DEMO
ALLOWED_HOSTS = _list(ENV.ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = _list(ENV.TRUSTED_ORIGINS)
ROOT_URLCONF = "classroom.urls"
ASGI_APPLICATION = "classroom.asgi.application"
AUTH_USER_MODEL = "people.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
# The languages of the pages: a new one needs its catalogue in locale/ (see CONTRIBUTING.md). What a person chose is a cookie.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = ENV.HTTPS

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "csp",
    "classroom.people",
    "classroom.rooms",
    "classroom.board",
    "classroom.dashboard",
    "classroom.review",
    "tutor",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "classroom.people.languages.AccountLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "csp.middleware.CSPMiddleware",
]
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
                "django.template.context_processors.i18n",
                "classroom.people.context.site",
            ],
            "builtins": ["django.templatetags.i18n"],
        },
    }
]

# ---- database: SQLite by default; PostgreSQL through its pool. CONN_MAX_AGE stays 0: under ASGI it leaks connections.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 10,
    # Pages of the log, 32 MB: it is folded beside the writers (tutor.folding) before it is so long.
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA wal_autocheckpoint=8000;",
}
if ENV.DATABASE_URL:
    _database: dict[str, Any] = dict(dj_database_url.parse(ENV.DATABASE_URL, conn_max_age=0))
else:
    _database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "chalkstream.sqlite3")}
if _database["ENGINE"].endswith("sqlite3"):
    _database["ENGINE"] = "classroom.sqlite3"
    _database["OPTIONS"] = SQLITE_OPTIONS
    # Django's own test databases are files too: several threads and processes look at them.
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}}
DATABASES = {"default": _database}

# ---- Redis: the channel layer carries hints, the stream carries Outputs; the truth is the database.
REDIS_URL = ENV.REDIS_URL or f"unix://{DATA_DIR / 'redis.sock'}"
# kombu spells unix sockets and database numbers its own way.
CLASS_KEYPREFIX = "cs-class:"  # of the class worker's queue; the inference worker's has none
BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix://"):
    BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("db=", "virtual_host=", 1)
CHANNEL_PREFIX = "chalkstream"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "classroom.rooms.layer.HintLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}], "prefix": CHANNEL_PREFIX},
    }
}

# ---- the tutor (rooms know it only by these names, see rooms.wiring)
ROOM_ACTIONS = "classroom.routing.ACTIONS"
ROOM_TUTOR_STATE = "tutor.availability.state_read"
ROOM_LADDER = {"state": "tutor.rungs.state_read", "head": "tutor.rungs.head_read", "begin": "tutor.rungs.ladder_begin"}
ROOM_PROBLEM_SET = "tutor.solver.problem_set"
ROOM_AROUND = "tutor.availability.around_read"
TUTOR_MODEL = ENV.TUTOR_MODEL
INFERENCE_ENGINE = ENV.INFERENCE_ENGINE
MAX_ANSWER_TOKENS = ENV.MAX_ANSWER_TOKENS
ANSWER_DEADLINE_S = ENV.ANSWER_DEADLINE_S
TUTOR_TOOLS = ENV.TUTOR_TOOLS
TUTOR_CALLS_MAX = ENV.TUTOR_CALLS_MAX
QUEUE_TIMEOUT_S = ENV.QUEUE_TIMEOUT_S
CONTEXT_TOKENS = ENV.CONTEXT_TOKENS
MEMORY_TURNS = ENV.MEMORY_TURNS
MEMORY_SUMMARISED = ENV.MEMORY_SUMMARISED
SUPERSEDE_S = ENV.SUPERSEDE_S
SOLVER_SAMPLES = ENV.SOLVER_SAMPLES
IDLE_BADGE_S = ENV.IDLE_BADGE_S
METRICS_TOKEN = ENV.METRICS_TOKEN
DOCUMENT_MODEL = ENV.DOCUMENT_MODEL
DOCUMENT_VECTORS = ENV.DOCUMENT_VECTORS
DOCUMENT_STAGES = frozenset(_list(ENV.DOCUMENT_STAGES))
DOCUMENT_THRESHOLD = ENV.DOCUMENT_THRESHOLD
DOCUMENT_PASSAGES = ENV.DOCUMENT_PASSAGES
DOCUMENT_SEARCH_S = ENV.DOCUMENT_SEARCH_S
DOCUMENT_MAX_BYTES = ENV.DOCUMENT_MAX_MB * 1024 * 1024
DOCUMENT_QUOTA_BYTES = ENV.DOCUMENT_QUOTA_MB * 1024 * 1024
RATE_LIMITS = ENV.RATE_LIMITS
IDLE_CLOSE_S = ENV.IDLE_CLOSE_S

# ---- accounts: sessions for pages (allauth), JWT for programs (simplejwt), tickets for sockets (people.tickets)
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FORM_CLASS = "classroom.people.forms.JoinFields"
ACCOUNT_ADAPTER = "classroom.people.adapter.Adapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
# A class signs in within one minute, often from behind one address: the bound a school needs is the one per name.
ACCOUNT_RATE_LIMITS = {"login": "200/m/ip", "signup": "100/m/ip", "login_failed": "60/m/ip,5/300s/key"}
JWT_SIGNING_KEY = _secret("jwt")
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ALGORITHM": "HS256",
    "CHECK_REVOKE_TOKEN": True,
    "UPDATE_LAST_LOGIN": False,
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework_simplejwt.authentication.JWTAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_RATES": {"token": "10/min", "token_address": "200/min", "tickets": "60/min"},
}
# Counts (log-in attempts, throttles) must hold over all web processes; the database is there even when Redis is not.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

# ---- what browsers are told
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if ENV.HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# ---- static files: Vite's output in static/dist, names hashed by Vite and left alone by Django
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static" / "dist"] if (BASE_DIR / "static" / "dist").is_dir() else []
STATIC_ROOT = str(DATA_DIR / "static")
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = False
SERVESTATIC_KEEP_ONLY_HASHED_FILES = False
# What runs code of people (static/src/sandbox) has this policy and no other: it may compile what it is handed, and load and
# reach nothing, this house included. A worker's policy is that of its own answer, not of the page.
SANDBOX_POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'"


def _sandbox_headers(headers: Headers, _path: str, url: str) -> None:
    if url.startswith(f"{STATIC_URL}sandbox/"):
        headers["Content-Security-Policy"] = SANDBOX_POLICY


SERVESTATIC_ADD_HEADERS_FUNCTION = _sandbox_headers
VITE_MANIFEST = BASE_DIR / "static" / "dist" / "manifest.json"

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR: Path | None = None

from classroom.logs import logging_config

LOGGING = logging_config(ENV.LOG_FORMAT, ENV.LOG_LEVEL)
