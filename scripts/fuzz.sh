#!/usr/bin/env bash
# fuzz.sh [SECONDS [TARGETS...]]: runs each fuzz target (config, csv, level1) for SECONDS (default 600) with libFuzzer,
# one after the other, from the kept inputs in tests/fuzz/corpus and what earlier runs found. Fails at the first
# finding and names the input; mended, it belongs into the corpus. By hand: clang builds all of lib.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-600}
targets=("${@:2}")
(( ${#targets[@]} )) || targets=(config csv level1)
scripts/install_dependencies.sh clang libclang-rt-dev
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)"
words=build/fuzz/config.dict
grep -ohE '^\[?[a-z_0-9.]+' configs/*.toml | tr -d '[' | sort -u | sed 's/.*/"&"/' >$words
for target in "${targets[@]}"; do
  found=build/fuzz/found/$target
  mkdir -p "$found"
  echo "== fuzz $target, $seconds s"
  options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1)
  options+=(-artifact_prefix="build/fuzz/$target-")
  case $target in
    config) options+=(-max_len=2000 -dict="$words") ;;
    csv) options+=(-max_len=400) ;;
    level1) options+=(-max_len=160) ;;
  esac
  build/fuzz/tests/fuzz/fuzz_"$target" "${options[@]}" "$found" tests/fuzz/corpus/"$target"
done
echo "no findings"
