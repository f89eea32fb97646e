#!/usr/bin/env bash
# 50 restarts of a private PostgreSQL server, every second one a crash, under 100,000 updates by four clients at once:
# nothing is lost, nothing is done twice. The test of the suite, in full size; by hand, for it takes minutes.
# Usage: tests/faults/server_restarts.sh [BUILD_DIRECTORY [RESTARTS [UPDATES]]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export COMAP_TEST_RESTARTS=${2:-50} COMAP_TEST_UPDATES=${3:-100000}
exec "${1:-build/release}/tests/unit_catalogue" --gtest_filter='ServerRestarts.*'
