#!/usr/bin/env bash
# Install what the tests need beside Python packages: a browser, PostgreSQL, Redis, fonts, Node.
# On Debian and Ubuntu, as root or through sudo; does nothing where everything is there.
set -euo pipefail

postgres_binary() {
    [ -n "${PG_BIN:-}" ] && [ -x "$PG_BIN/initdb" ] && return
    command -v pg_config > /dev/null && [ -x "$(pg_config --bindir)/initdb" ] && return
    compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null
}

# One line for each part: is it here?
has() {
    case "$1" in
        python) python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' ;;
        make) command -v make ;;
        browser) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
        redis) command -v redis-server ;;
        postgresql) postgres_binary ;;
        fonts) compgen -G '/usr/share/fonts/truetype/*/*.ttf' ;;
        node) node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' ;;
        npm) command -v npm ;;
    esac > /dev/null 2>&1
}

# The Debian packages that bring a part.
packages_of() {
    case "$1" in
        python) echo python3 python3-venv ;;
        make) echo make ;;
        browser) echo chromium ;;
        redis) echo redis-server ;;
        postgresql) echo postgresql ;;
        fonts) echo fonts-liberation ;;
        node) echo nodejs ;;
        npm) echo npm ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# The tests start servers of their own: those of the packages must not start, now or by themselves.
install_without_starting() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" > /dev/null
        as_root chmod 755 "$policy"
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    as_root apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" < /dev/null
}

missing_parts() {
    local part
    for part in python make browser redis postgresql fonts node npm; do
        has "$part" || echo "$part"
    done
}

missing=$(missing_parts)
[ -z "$missing" ] && exit 0

if ! command -v apt-get > /dev/null; then
    echo "Missing: $(echo $missing). There is no apt-get here: install them by hand." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ] && ! sudo -n true 2> /dev/null; then
    echo "Missing: $(echo $missing). Run this as root: scripts/fetch-test-tools.sh" >&2
    exit 1
fi

echo "Installing: $(echo $missing)"
as_root apt-get update -qq < /dev/null || echo "apt-get update failed; trying with the lists that are here." >&2
for part in $missing; do
    # shellcheck disable=SC2046 # the words are the packages
    install_without_starting $(packages_of "$part") || echo "apt-get could not install: $part" >&2
done

missing=$(missing_parts)
if [ -n "$missing" ]; then
    echo "Still missing: $(echo $missing). The tests need them; none is skipped." >&2
    exit 1
fi
