#!/usr/bin/env bash
# Django's deployment checks against the settings an owner would run in production. Any warning is a failure.
set -euo pipefail
python=${1:-.venv/bin/python}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
PIXELSITE_DEBUG=0 \
PIXELSITE_DATA="$data" \
PIXELSITE_SECRET_KEY="$("$python" -c 'import secrets; print(secrets.token_urlsafe(60))')" \
PIXELSITE_SITE_URL=https://pixelsite.example \
PIXELSITE_SAFETY_FILTER=none \
GOOGLE_CLIENT_ID=id GOOGLE_CLIENT_SECRET=secret \
"$python" manage.py check --deploy --fail-level WARNING
