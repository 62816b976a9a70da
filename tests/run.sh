#!/usr/bin/env bash
# Every check of the project, from a clean clone on a fresh Debian or Ubuntu with rustup's cargo.
# Long property runs: JIT_TUI_CASES=1000000 bash tests/run.sh
set -euo pipefail
cd "$(dirname "$0")/.."

need() { # program package
  command -v "$1" >/dev/null 2>&1 && return
  echo "== installing $2"
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq "$2" >/dev/null
}
need git git
need cc gcc
need node nodejs
need npm npm

step() { echo "== $*"; "$@"; }

export INSTA_UPDATE=no
step cargo fmt --check
step cargo clippy --locked --all-targets --features test-hooks -- -D warnings
# One feature set for all that is built here: what the tests run is what clippy saw.
if cargo nextest --version >/dev/null 2>&1; then
  step cargo nextest run --locked --features test-hooks
else
  step cargo test --locked --features test-hooks
fi
# GitHub's own contract: its OpenAPI document between console and fake, its GraphQL schema, its recorded webhooks.
step npm ci --prefix tests/contract --no-audit --no-fund --loglevel=error
step cargo test --locked --features test-hooks --lib --test it -- --ignored contract_
RUSTDOCFLAGS="-D warnings" step cargo doc --locked --no-deps --features test-hooks
echo "== all checks passed"
