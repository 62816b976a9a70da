#!/usr/bin/env bash
# Makes the captures in docs/screens anew, from the real binary on its demo: bash docs/screens.sh [BINARY]
# Needs tmux. Every screen is waited for by what stands on it.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-target/release/jit-tui}")
home=$(mktemp -d)
size=80x24
tm() { tmux -L "jit-tui-capture-$$-$size" "$@"; }
trap 'tm kill-server 2>/dev/null || true; rm -rf "$home"' EXIT

screen() { tm capture-pane -p -t demo; }
wait_for() { # text
  for _ in $(seq 300); do
    screen | grep -qF -- "$1" && return
    sleep 0.1
  done
  echo "never on the screen: $1" >&2
  screen >&2
  exit 1
}
press() { tm send-keys -t demo "$@"; }
take() { screen > "docs/screens/$1-$size.txt"; }
find() { # words: the filter leaves one row, chosen
  press /; sleep 0.5; press C-u; press -l "$1"; press Enter; wait_for "$2"; press g
}

for size in 80x24 120x40; do
  tm new-session -d -s demo -x "${size%x*}" -y "${size#*x}" \
    "env HOME=$home XDG_RUNTIME_DIR=$home PS1= TZ=UTC $binary demo"
  for row in deploy-api deploy-web publish x30 e2e; do wait_for "$row"; done
  wait_for "audit anchored"
  press g; wait_for "> PROD"
  take queue
  find "name:e2e" "1 row"
  press Enter; wait_for "overview]"; take request
  press 3; wait_for "actions]"; wait_for "proven on"; take actions
  press 2; wait_for "diff]"; wait_for "@@"; take diff
  press Escape; wait_for "SHA     WHO"; sleep 0.5
  find "name:deploy-api" "1 row"
  # What is typed right behind a change does not count: the look-ups come first.
  press a; wait_for "CHANGED"; sleep 0.5; press -l "INC-2291 roll forward"; wait_for "INC-2291"; take approve
  press Escape; wait_for "SHA     WHO"; sleep 0.5
  find "name:region" "1 row"
  press a; wait_for "CHANGED"; sleep 0.5; press g; wait_for "u undo"; sleep 0.5; press '!'; wait_for "29 more"
  press Escape; sleep 0.5; press R; wait_for "30 running"; press g; take grants
  press L; wait_for "outcome of"; take audit
  tm kill-server
done
