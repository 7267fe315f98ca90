#!/bin/sh
# Prepare .venv, so that .venv/bin/saattaen runs: deploy/setup.sh [runtime|dev]
#
# 1. Nothing to do when .venv already holds what the lock file names (a stamp in it says so).
# 2. Find a Python of 3.11 or newer ($PYTHON, else the ones on the PATH).
# 3. Make .venv.
# 4. Install exactly what the lock file names, each file checked against its hash, nothing built here.
# 5. Make the project importable there, write the command, stamp.
#
# Whatever goes wrong ends in one sentence that says what to do. pip's own settings (PIP_*, pip.conf) are left alone.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-runtime}
case $kind in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) echo "usage: deploy/setup.sh [runtime|dev]" >&2; exit 2 ;;
esac
venv=.venv
log=$venv/setup.log

fail() {
    echo "saattaen: $*" >&2
    exit 1
}

# The stamp holds the kind and a digest of this script, the lock files, the place and the Python, so that moving or updating any of
# them sets up again. What is set up for developers serves everybody: their lock holds the runtime's versions.
stamp() {
    "$venv/bin/python" - "$1" "$kind" <<'PY'
import hashlib, pathlib, sys

verb, kind = sys.argv[1:]
root = pathlib.Path.cwd()
digest = hashlib.sha256(f"{root} {sys.version}".encode())
for name in ("deploy/setup.sh", "requirements.lock", "requirements-dev.lock"):
    digest.update((root / name).read_bytes())
stamp = root / ".venv" / "saattaen.stamp"
if verb == "write":
    stamp.write_text(f"{kind} {digest.hexdigest()}\n")
elif not stamp.is_file() or stamp.read_text().split() not in ([k, digest.hexdigest()] for k in {kind, "dev"}):
    sys.exit(1)
PY
}

# 1.
if [ -x "$venv/bin/python" ] && stamp check 2>/dev/null; then
    exit 0
fi

# Two makes at once would write into one folder; the second waits (where there is flock, that is, on Linux).
if [ -z "${SAATTAEN_SETUP_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    SAATTAEN_SETUP_LOCKED=1 exec flock .venv.lock deploy/setup.sh "$kind"
fi

# 2.
is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is no Python of 3.11 or newer: name one that is."
        echo "$PYTHON"
        return
    fi
    old=
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
        version=$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        old=${old:-"$version ($candidate)"}
    done
    if [ -n "$old" ]; then
        fail "needs Python 3.11 or newer and found only $old: install a newer one, or name it: make PYTHON=python3.12 ..."
    fi
    fail "needs Python 3.11 or newer and found none: install it (Debian, Ubuntu: apt install python3 python3-venv)."
}

# 3. A .venv whose Python or pip is gone (moved, updated, interrupted), or is not the one that you name, is made anew.
is_usable() {
    is_new_enough "$venv/bin/python" && "$venv/bin/python" -c 'import pip' >/dev/null 2>&1 || return 1
    [ -z "${PYTHON:-}" ] || [ "$("$venv/bin/python" -c "$which")" = "$("$PYTHON" -c "$which" 2>/dev/null)" ]
}
which='import sys; print(sys.version, sys.base_prefix)'
if ! is_usable; then
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || fail "$python ($("$python" -c \
        'import sys; print("%d.%d" % sys.version_info[:2])')) lacks its venv module: install it" \
        "(Debian, Ubuntu: apt install python3-venv), then run this again."
    if [ -e "$venv" ]; then
        [ -f "$venv/pyvenv.cfg" ] || [ -z "$(ls -A "$venv")" ] || fail "$venv is here and is no virtual environment: move it away, then run this again."
        rm -rf "$venv"
    fi
    said=$("$python" -m venv "$venv" 2>&1) || {
        rm -rf "$venv"
        fail "$python could not make $venv: $(printf '%s' "$said" | tail -n 1)"
    }
fi

# 4.
echo "saattaen: setting up $venv from $lock (the first time takes some minutes)" >&2
if ! "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes --only-binary :all: \
    -r "$lock" >"$log" 2>&1; then
    if grep -q 'DO NOT MATCH THE HASHES' "$log"; then
        fail "a downloaded package is not the one that $lock names, so nothing was installed: see $log, and tell us if it stays so."
    elif grep -qE 'NewConnectionError|ConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Max retries exceeded|Connection to .* timed out|Network is unreachable|HTTP error 5' "$log"; then
        fail "the package index did not answer: this first set-up needs the network (or pip's own settings for yours); details in $log."
    elif grep -q 'No space left on device' "$log"; then
        fail "the disk is full: make room, then run this again."
    elif grep -q 'No matching distribution found' "$log"; then
        fail "$(sed -n 's/.*No matching distribution found for \([^ ]*\).*/\1/p' "$log" | head -n 1) is not to be had for this Python and machine:" \
            "try another Python (make PYTHON=python3.12 ...); details in $log."
    fi
    tail -n 5 "$log" >&2
    fail "pip could not install what $lock names: the lines above say why, the rest is in $log."
fi

# 5. A line in site-packages rather than an installation of the project: it needs no build and no network.
"$venv/bin/python" - <<'PY'
import pathlib, sys, sysconfig

root = pathlib.Path.cwd()
(pathlib.Path(sysconfig.get_path("purelib")) / "saattaen.pth").write_text(f"{root}\n")
command = root / ".venv" / "bin" / "saattaen"
# The first two lines are sh and Python at once: a first line that names Python itself may hold no space and few letters.
command.write_text(
    f"""#!/bin/sh
'''exec' "{root}/.venv/bin/python" "$0" "$@"
' '''
import sys

from gateway.cli import main

sys.exit(main())
"""
)
command.chmod(0o755)
PY
stamp write
echo "saattaen: $venv is ready; the command is $venv/bin/saattaen" >&2
