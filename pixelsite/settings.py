"""All settings, in sections. Every environment variable is read here and only here, through `pixelsite.lib.env`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from pixelsite.lib import env

# Lets ModelAdmin[User] and its like be written at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Version: the newest heading of the changelog, so that the two cannot disagree --------------------------------

VERSION = next(
    line.removeprefix("## ").split()[0].strip("[]")
    for line in (BASE_DIR / "CHANGELOG.md").read_text().splitlines()
    if line.startswith("## ")
)

# --- Where this install lives -------------------------------------------------------------------------------------

DEBUG = env.flag(
    "PIXELSITE_DEBUG", True, "Laptop mode: demo sign-in, generated secret key, plain http. Set 0 in production."
)
DATA_DIR = env.folder("PIXELSITE_DATA", BASE_DIR / "var", "Folder of the embedded database, images and broker files.")
DATA_DIR.mkdir(parents=True, exist_ok=True)
PORT = env.whole("PORT", 8000, "Port the site listens on.", least=1)
SITE_URL = env.text(
    "PIXELSITE_SITE_URL", f"http://127.0.0.1:{PORT}", "Public address of the site, without a final slash."
).rstrip("/")
_SITE_HOST = SITE_URL.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]


def _laptop_secret_key() -> str:
    """A key of this folder's own, made once, so that sessions and signed links survive a restart."""
    path = DATA_DIR / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = env.text("PIXELSITE_SECRET_KEY", "", "Signs sessions and links. Required in production.")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("PIXELSITE_SECRET_KEY is not set: set it to 50 or more random characters.")
    SECRET_KEY = _laptop_secret_key()
if not DEBUG and not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured("PIXELSITE_SITE_URL must start with https:// when PIXELSITE_DEBUG is 0.")

ALLOWED_HOSTS = env.words(
    "PIXELSITE_ALLOWED_HOSTS", f"{_SITE_HOST},localhost,127.0.0.1" if DEBUG else _SITE_HOST, "Host names answered."
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# --- Houses -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "billing",
    "jobs",
    "inference",
    "pixelsite",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]

MIDDLEWARE = [
    "pixelsite.lib.api.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # What only sets headers stands before what may fail: an error page is a page as well.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SeenMiddleware",
    "accounts.visits.VisitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "pixelsite.urls"
ASGI_APPLICATION = "pixelsite.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pixelsite.views.site_context",
            ]
        },
    }
]

# --- Database -----------------------------------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL", "", "postgresql://… for PostgreSQL; empty: SQLite in PIXELSITE_DATA.")
_CONNECTIONS = env.whole("PIXELSITE_DATABASE_CONNECTIONS", 20, "PostgreSQL: most connections of one process.", least=2)
if DATABASE_URL:
    DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL, conn_health_checks=True)}
    # Every request has a thread of its own under ASGI: threads borrow connections instead of opening them.
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": _CONNECTIONS,
        "timeout": 15,
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "pixelsite.sqlite3",
            # Writers wait for each other instead of failing half-way through a transaction.
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Cache: shared by all processes, because rate limits are counted in it ----------------------------------------

REDIS_URL = env.text("REDIS_URL", "", "redis://… for the cache and, unless BROKER_URL is set, the broker.")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "pixelsite.lib.cache.CountingDatabaseCache", "LOCATION": "pixelsite_cache"}
}
# django-ratelimit knows only memcached and django-redis; both of ours are shared and count atomically (tested).
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]

# --- Celery: the doorbell -----------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.text(
    "BROKER_URL", REDIS_URL or "filesystem://localhost", "Celery broker: redis://, amqp://, filesystem://."
)
CELERY_IMPORTS = ["inference.presence"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
if CELERY_BROKER_URL.startswith("filesystem:"):
    _BROKER_DIR = DATA_DIR / "broker"
    for _name in ("messages", "control"):
        (_BROKER_DIR / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(_BROKER_DIR / "messages"),
        "data_folder_out": str(_BROKER_DIR / "messages"),
        "control_folder": str(_BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
elif CELERY_BROKER_URL.startswith(("redis:", "rediss:")):
    # Longer than any task: a shorter time runs a task twice. The lease in the database does the rescuing.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "socket_timeout": 3,
        "socket_connect_timeout": 2,
    }

# --- Images -------------------------------------------------------------------------------------------------------

MEDIA_ROOT = DATA_DIR / "images"
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "pixelsite.lib.static.HashedStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- Jobs ---------------------------------------------------------------------------------------------------------

UPLOAD_BYTES_MAX = env.whole("PIXELSITE_UPLOAD_MB", 30, "Largest upload, in MB.", least=1) * 1_000_000
IMAGE_MEGAPIXELS_MAX = env.whole("PIXELSITE_MEGAPIXELS", 50, "Largest picture, in megapixels.", least=1)
OUTPUT_URL_HOURS = env.whole("PIXELSITE_OUTPUT_URL_HOURS", 24, "Hours a result link stays valid.", least=1)
RETENTION_HOURS = env.whole("PIXELSITE_RETENTION_HOURS", 24, "Hours the images of an ended job are kept.", least=1)
SIGNUP_CREDITS = env.whole("PIXELSITE_SIGNUP_CREDITS", 500, "Credits a new account starts with.")
SUBMIT_STATUS = env.whole(
    "COMPAT_SUBMIT_STATUS", 202, "HTTP status of an accepted submission: 202, or 200 for PixelAPI."
)
if SUBMIT_STATUS not in (200, 202):
    raise ImproperlyConfigured(f"COMPAT_SUBMIT_STATUS is {SUBMIT_STATUS}: set it to 202 or 200.")
LEASE_S = env.whole(
    "PIXELSITE_LEASE_S", 60, "Seconds without a heartbeat after which a job is taken from its worker.", least=2
)
JOB_TIME_LIMIT_S = env.whole("PIXELSITE_JOB_TIME_LIMIT_S", 600, "Seconds one attempt at a job may run.", least=5)
JOB_ATTEMPTS_MAX = env.whole("PIXELSITE_JOB_ATTEMPTS", 3, "Attempts before a job fails and is refunded.", least=1)
QUEUE_TIME_LIMIT_S = env.whole("PIXELSITE_QUEUE_TIME_LIMIT_S", 3600, "Seconds a job may wait in the queue.", least=10)
RING_AGAIN_S = env.whole(
    "PIXELSITE_RING_AGAIN_S", 30, "Seconds after which an unclaimed job is rung for again.", least=1
)
QUEUE_JOBS_MAX = env.whole(
    "PIXELSITE_QUEUE_JOBS", 20_000, "Queued jobs of all accounts above which submissions get a 503.", least=1
)
SWEEP_S = env.whole("PIXELSITE_SWEEP_S", 5, "Seconds between two runs of the sweeper.", least=1)
WORKER_SEEN_S = 30  # a worker reports every third of this; after it, it counts as gone
ORPHAN_S = env.whole(
    "PIXELSITE_ORPHAN_S", 3600, "Seconds after which a stored file that no job knows is deleted.", least=1
)
FETCH_ALLOWED_NETWORKS = env.words(
    "PIXELSITE_FETCH_ALLOWED_NETWORKS", "", "Private networks image_url may reach, e.g. 10.1.0.0/16. Empty: none."
)

# --- Inference ----------------------------------------------------------------------------------------------------

ENGINES = env.words(
    "PIXELSITE_ENGINES", "exemplar", "Engines the worker loads, the preferred one first: exemplar, lama."
)
MODELS_DIR = Path(
    env.text("PIXELSITE_MODELS", "", "Folder of fetched models; empty: models in PIXELSITE_DATA.")
    or DATA_DIR / "models"
).expanduser()
LAMA_WEIGHTS = env.text(
    "PIXELSITE_LAMA_WEIGHTS",
    "",
    "File of big-lama weights; empty: the one that manage.py models fetch big-lama brought.",
) or str(MODELS_DIR / "big-lama.safetensors")
DEVICE = env.text("PIXELSITE_DEVICE", "auto", "Where lama runs: auto, cpu or cuda.")

# The file that `manage.py models fetch nsfw-mobilenet` brings (inference.known_models; tested).
_FETCHED_FILTER = "nsfw-mobilenet.safetensors"
SAFETY_FILTER = env.text(
    "PIXELSITE_SAFETY_FILTER",
    "",
    "Content filter: none, nsfw-mobilenet, transformers:/DIRECTORY or plugin:PACKAGE.MODULE:FACTORY; empty: "
    "nsfw-mobilenet if it was fetched, else none, which production refuses.",
)
if not SAFETY_FILTER:
    if (MODELS_DIR / _FETCHED_FILTER).is_file():
        SAFETY_FILTER = "nsfw-mobilenet"
    elif DEBUG:
        SAFETY_FILTER = "none"
    else:
        raise ImproperlyConfigured(
            "There is no content filter: set PIXELSITE_SAFETY_FILTER=nsfw-mobilenet and run `manage.py models fetch "
            "nsfw-mobilenet`, or set PIXELSITE_SAFETY_FILTER=none to run without."
        )
SAFETY_POLICY = env.text(
    "PIXELSITE_SAFETY_POLICY", "", "Categories and thresholds as JSON (docs/safety.md); empty: the filter's own."
)
SAFETY_WORDS = env.text(
    "PIXELSITE_SAFETY_WORDS", "", "File of rules for prompts instead of inference/safety/words.toml; empty: that one."
)
SELECTOR_DIR = env.text(
    "PIXELSITE_SELECTOR_DIR", "", "Directory of a SAM-family model that finds what clicks are on; empty: GrabCut."
)
VOCABULARY_DIR = env.text(
    "PIXELSITE_VOCABULARY_DIR",
    "",
    "Directory of a CLIPSeg, OWLv2 or Grounding DINO model that finds what prompts name; empty: without one.",
)
FLAG_AFTER_BLOCKS = env.whole(
    "PIXELSITE_FLAG_AFTER_BLOCKS",
    5,
    "Blocked jobs within 30 days after which an account is flagged for the operators.",
    least=1,
)

MARK_RESULTS = env.flag(
    "PIXELSITE_MARK_RESULTS", False, "Results say in their XMP (IPTC digital source type) that parts of them were made."
)

DECODER_MEMORY_BYTES = (
    env.whole("PIXELSITE_DECODER_MB", 4096, "Memory that decoding or encoding one picture may take, in MB.", least=256)
    * 1_000_000
)
DECODER_S = env.whole("PIXELSITE_DECODER_S", 120, "Seconds that decoding or encoding one picture may take.", least=1)

# --- Uploads ------------------------------------------------------------------------------------------------------

REQUEST_BYTES_MAX = 2 * UPLOAD_BYTES_MAX + 1_000_000  # image and mask of full size, and the other fields
BATCH_BYTES_MAX = max(
    REQUEST_BYTES_MAX,
    env.whole("PIXELSITE_BATCH_MB", 500, "Largest request with many pictures, in MB; kept on disk.", least=1)
    * 1_000_000,
)
UPLOAD_PATIENCE_S = env.whole(
    "PIXELSITE_UPLOAD_PATIENCE_S", 30, "Seconds after which an upload must have come in at 10 kB/s or more.", least=1
)
FILE_UPLOAD_HANDLERS = [
    "jobs.upload_handlers.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 100

# --- Accounts -----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]  # passwords are for the admin only
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ANONYMOUS_PER_MINUTE = env.whole(
    "PIXELSITE_ANONYMOUS_PER_MINUTE",
    60,
    "API requests without a valid key that one address may send in a minute.",
    least=1,
)
SIGN_INS_PER_MINUTE = env.whole(
    "PIXELSITE_SIGN_INS_PER_MINUTE", 10, "Sign-ins one address may begin in a minute.", least=1
)
LOGIN_REDIRECT_URL = "/dashboard/"
LOGIN_URL = "/accounts/login/"
LOGOUT_REDIRECT_URL = "/"

GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID", "", "OAuth client id of Google sign-in. Empty: Google sign-in is off.")
GOOGLE_CLIENT_SECRET = env.text("GOOGLE_CLIENT_SECRET", "", "Secret that belongs to GOOGLE_CLIENT_ID.")
env.require_together(GOOGLE_CLIENT_ID=GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET=GOOGLE_CLIENT_SECRET)
GOOGLE_AUTHORIZE_URL = env.text(
    "GOOGLE_AUTHORIZE_URL",
    "https://accounts.google.com/o/oauth2/v2/auth",
    "Authorization endpoint; another provider that speaks Google's dialect of OpenID Connect may stand in.",
)
GOOGLE_TOKEN_URL = env.text(
    "GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token", "Token endpoint of that provider."
)
GOOGLE_CERTS_URL = env.text("GOOGLE_CERTS_URL", "https://www.googleapis.com/oauth2/v3/certs", "Its public keys (JWKS).")
GOOGLE_ISSUER = env.text("GOOGLE_ISSUER", "https://accounts.google.com", "Its issuer, as written in ID tokens.")
# no GOOGLE_USERINFO_URL: we never ask user info (it has no audience, so it proves nothing)

SOCIALACCOUNT_ONLY = True  # no passwords, no local sign-up, no e-mail pages
ACCOUNT_EMAIL_VERIFICATION = "none"  # allauth's word for "Google verifies"; the adapter insists on email_verified
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_PREVENT_ENUMERATION = False  # whoever gets that far has proved the address at Google
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.split("://", 1)[0]
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "google": {
        "provider_class": "accounts.adapters.VerifiedGoogleProvider",
        "SCOPE": ["openid", "email", "profile"],
        "AUTH_PARAMS": {"access_type": "online", "prompt": "select_account"},
        "OAUTH_PKCE_ENABLED": True,
        "AUTHORIZE_URL": GOOGLE_AUTHORIZE_URL,
        "ACCESS_TOKEN_URL": GOOGLE_TOKEN_URL,
        "CERTS_URL": GOOGLE_CERTS_URL,
        "ID_TOKEN_ISSUER": GOOGLE_ISSUER,
        "APPS": [{"client_id": GOOGLE_CLIENT_ID, "secret": GOOGLE_CLIENT_SECRET}] if GOOGLE_CLIENT_ID else [],
    }
}

EMAIL_SIGN_IN = env.flag(
    "PIXELSITE_EMAIL_SIGN_IN", False, "Sign in with a code sent by mail, beside or without Google."
)

# --- Mail ---------------------------------------------------------------------------------------------------------

MAIL_URL = env.text(
    "PIXELSITE_MAIL_URL",
    "",
    "Where mail is handed in: smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtps://… (TLS) or smtp+plain://… (neither). "
    "Empty: written to files in PIXELSITE_DATA/mail with DEBUG, not sent without.",
)
DEFAULT_FROM_EMAIL = env.text(
    "PIXELSITE_MAIL_FROM", f"Pixelsite <no-reply@{urlsplit(SITE_URL).hostname}>", "Sender of mail."
)
EMAIL_TIMEOUT = 15
if MAIL_URL:
    vars().update(env.mail(MAIL_URL))
else:
    EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if DEBUG else 'dummy'}.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
if EMAIL_SIGN_IN and not (MAIL_URL or DEBUG):
    raise ImproperlyConfigured("PIXELSITE_EMAIL_SIGN_IN needs PIXELSITE_MAIL_URL: codes are sent by mail.")

# --- Payments -----------------------------------------------------------------------------------------------------

STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "", "Secret or restricted key of Stripe. Empty: nothing is sold.")
STRIPE_WEBHOOK_SECRET = env.text(
    "STRIPE_WEBHOOK_SECRET", "", "Signing secret (whsec_…) of the webhook endpoint /stripe/events."
)
STRIPE_PRICES = env.pairs(
    "STRIPE_PRICES",
    "",
    "Price ids of plans and packs: starter=price_1,pro=price_2,pack-5000=price_3. What has none is not sold.",
)
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com", "Address of Stripe's API.")
STRIPE_TAX = env.flag("STRIPE_TAX", False, "Stripe Tax works out the tax at checkout; set it up at Stripe first.")
env.require_together(
    STRIPE_SECRET_KEY=STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET=STRIPE_WEBHOOK_SECRET,
    STRIPE_PRICES=",".join(STRIPE_PRICES),
)
GRACE_DAYS = env.whole(
    "PIXELSITE_GRACE_DAYS", 7, "Days a plan goes on after a payment failed, before the account is on Free.", least=0
)
TOP_UP_DAYS = env.whole("PIXELSITE_TOP_UP_DAYS", 365, "Days that bought credits last.", least=1)
ADMIN_CREDITS_PER_DAY = env.whole(
    "PIXELSITE_ADMIN_CREDITS_PER_DAY",
    1_000_000,
    "Most credits one operator may give or take by hand in a day.",
    least=0,
)
SANDBOX_JOBS_PER_DAY = env.whole(
    "PIXELSITE_SANDBOX_JOBS_PER_DAY", 100, "Jobs a day an account may try with test keys.", least=0
)

# --- API ----------------------------------------------------------------------------------------------------------

# Programs written for other vendors wait for the result, as long as theirs let them.
CLIPDROP_WAIT_S = env.whole("PIXELSITE_CLIPDROP_WAIT_S", 60, "Seconds a Clipdrop call waits for its result.", least=1)
CLIPDROP_PER_MINUTE = env.whole(
    "PIXELSITE_CLIPDROP_PER_MINUTE", 60, "Clipdrop calls per minute and account; 0: as the plan allows."
)
CLIPDROP_STRICT_MASKS = env.flag(
    "PIXELSITE_CLIPDROP_STRICT_MASKS", False, "Refuse Clipdrop masks with grey in them, instead of thresholding at 128."
)
PICWISH_WAIT_S = env.whole("PIXELSITE_PICWISH_WAIT_S", 30, "Seconds a PicWish call with sync=1 waits.", least=1)
MASKR_WAIT_S = env.whole("PIXELSITE_MASKR_WAIT_S", 60, "Seconds a Maskr call waits for its result.", least=1)
MASKR_BATCH_WAIT_S = env.whole("PIXELSITE_MASKR_BATCH_WAIT_S", 300, "Seconds a Maskr batch waits.", least=1)
MASKR_PER_MINUTE = env.whole(
    "PIXELSITE_MASKR_PER_MINUTE", 60, "Maskr calls per minute and account; 0: as the plan allows."
)
MASKR_BATCHES_PER_MINUTE = env.whole(
    "PIXELSITE_MASKR_BATCHES_PER_MINUTE", 30, "Maskr batches per minute and account; 0: as the plan allows."
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "accounts.authentication.KeyScope"],
    "DEFAULT_THROTTLE_CLASSES": ["jobs.throttling.PlanThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "pixelsite.lib.parsing.StrictJsonParser",
        "pixelsite.lib.parsing.WholeMultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "pixelsite.lib.schema.DescribedSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "pixelsite.lib.parsing.AlwaysJson",
    "EXCEPTION_HANDLER": "pixelsite.lib.api.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Pixelsite API",
    "DESCRIPTION": "Remove things from photos. Send an image and say what goes, poll, download the clean image.",
    "TAGS": [
        {"name": "Images", "description": "Submit a picture, follow its job, get the result."},
        {"name": "Batches", "description": "Many pictures in one request, one progress, one ZIP."},
        {"name": "Account", "description": "Credits, jobs, rights and what is on offer."},
        {"name": "Clipdrop", "description": "Clipdrop's cleanup: a picture and a mask in, a PNG out."},
        {"name": "PicWish", "description": "PicWish's tasks: a status for the request, a state for the task."},
        {"name": "Maskr", "description": "Maskr's removal, single and in batches."},
    ],
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "jobs.models.job.Status",
        "BatchStatus": "jobs.api.batch_serializers.STATUSES",
        "MaskrStatus": "jobs.facades.maskr.STATUSES",
    },
}

# --- Security -----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Signing in with Google is a form that answers with a redirect there.
        # Paying is one that answers with a redirect to Stripe's pages.
        "form-action": [
            SELF,
            *("{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in (GOOGLE_AUTHORIZE_URL, STRIPE_API_BASE)),
            "https://checkout.stripe.com",
            "https://billing.stripe.com",
        ],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    SECURE_SSL_REDIRECT = env.flag("PIXELSITE_SSL_REDIRECT", True, "Redirect http to https.")
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# --- Language, time, logs -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("PIXELSITE_LOG_LEVEL", "INFO", "Level of the log.")},
    "loggers": {
        "django": {"level": "INFO"},
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "numba": {"level": "WARNING"},
    },
}
