# Sourced by the other scripts: makes $root/.venv on first use and after constraints.txt changes.
# Needs Python 3.11 or later with its venv module; sets $root and $python. Says nothing on stdout.

root=$(cd "$(dirname "$0")/.." && pwd -P)
python=$root/.venv/bin/python
stamp=$root/.venv/made-from

find_python() {
    for name in python3 python3.11 python3.12 python3.13 python3.14; do
        if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    echo "error: no Python 3.11 or later with its venv module was found" >&2
    echo "  On Debian and Ubuntu: apt-get install python3 python3-venv" >&2
    return 1
}

# A venv holds absolute paths, so a moved clone needs a new one as well.
wanted="$(cksum <"$root/constraints.txt") $root"

is_made() {
    [ -x "$python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]
}

make_venv() {
    echo "Making .venv (first use, or constraints.txt changed)..." >&2
    base=$(find_python) || return 1
    rm -f "$stamp"
    "$base" -m venv --clear "$root/.venv" >&2 || return 1
    # hatchling is among the constraints, so that nothing unpinned is fetched to build ourselves.
    pip_install --require-hashes -r "$root/constraints.txt" || return 1
    pip_install --no-deps --no-build-isolation --no-index --editable "$root" || return 1
    # As pip does for what it copies: where bytecode is not written on the way, every start would
    # compile all of it again.
    "$python" -m compileall -q "$root/crawler" >&2 || return 1
    echo "$wanted" >"$stamp"
}

pip_install() {
    "$python" -m pip install -qq --no-input --disable-pip-version-check "$@" \
        </dev/null >&2
}

if ! is_made; then
    # Whoever comes second waits, then finds it made. The lock dies with its process.
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$root/.venv.lock"
        flock 9
    fi
    is_made || make_venv || { echo "error: .venv could not be made, see above" >&2; exit 1; }
    if command -v flock >/dev/null 2>&1; then
        exec 9>&-
    fi
fi
