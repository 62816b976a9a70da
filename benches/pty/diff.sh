#!/bin/sh
# Every bar of `jit-tui diff`, each from one interleaved run. From the root of the repository, on a quiet machine:
#   cargo build --release && benches/pty/diff.sh [results]
# Needs less, tig and vim of the system, `cargo install --locked git-delta`, `python3 -m pip install pyte==0.8.2`,
# `cargo build --release --manifest-path benches/floor/Cargo.toml`.
# The exit code says how many of the runs missed a bar. ROUNDS=1 for a quick look.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=${1:-benches/pty/data/results}
rounds=${ROUNDS:-5}
data=benches/pty/data
missed=0
mkdir -p "$data" "$out"
for mb in 1 10 100; do
  [ -f "$data/d$mb.diff" ] || python3 benches/pty/gen_diff.py diff "${mb}MB" "$data/d$mb.diff"
done

# bar NAME TARGETS ARGUMENTS...
bar() {
  name=$1 targets=$2
  shift 2
  echo "== $name"
  python3 benches/pty/ptybench.py run benches/pty/diff.toml --only "$targets" --rounds "$rounds" --wait-quiet 3 \
    --json "$out/$name.json" "$@" > "$out/$name.txt" 2>&1 || missed=$((missed + 1))
  grep -E '^(BAR|metric|content|whole|early|page|jump|first_back|rss_anon|hold|idle)|MISSED|missed' "$out/$name.txt"
}

first='wait=/@@ -\d/ name=content'
bar open less,tig,jit,jit_small --step "$first" \
  --assert 'jit.content.ms <= 2.0*less.content.ms' --assert 'jit.content.ms <= 0.5*tig.content.ms' \
  --assert 'jit.content.ms <= 1.3*jit_small.content.ms'
# The index, from exec on: `floor` says when it has its own, jit-tui no longer says how far it has read.
bar index floor,jit --step 'wait=/indexed \d+ lines|row \d+ of \d+ *$/ name=whole' \
  --assert 'jit.whole.ms <= 2.0*floor.whole.ms'
# No key waits for it: three pages as soon as there is a first one, the index on its way.
bar early less,jit --step "$first" --step 'key=${pgdn} n=3 quiet=12 name=early' \
  --assert 'jit.early.last_max_ms <= 16'
bar pages less,tig,vim,vim_syn,jit_code,jit_plain \
  --assert 'jit_code.page.last_p50_ms <= tig.page.last_p50_ms' --assert 'jit_code.page.last_p99_ms <= less.page.last_p99_ms' \
  --assert 'jit_plain.page.bytes_p50 <= 1.2*less.page.bytes_p50' --assert 'jit_code.first_back.last_max_ms <= 16' \
  --assert 'jit_code.rss_anon_mb <= 12' --assert 'jit_code.idle.bytes_per_s <= 0'
bar colours delta,jit_code,jit,jit_sides --var f=$data/d10.diff --step settle=600 --step 'key=${pgdn} n=60 name=page' \
  --assert 'jit_code.page.bytes_p50 <= 0.6*delta.page.bytes_p50'
bar slow less,tig,vim,jit_plain,jit_code,jit --set read_bps=1000000 --step settle=1000 --step 'hold=${pgdn} n=60 rate=30 name=hold' \
  --assert 'jit_plain.hold.tail_ms <= 1.5*less.hold.tail_ms' --assert 'jit_code.hold.tail_ms <= 1.5*less.hold.tail_ms'
echo "$missed of the runs missed a bar"
exit "$missed"
