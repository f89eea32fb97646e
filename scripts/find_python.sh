#!/usr/bin/env bash
# find_python.sh: prints the first of $COMAP_PYTHON, the python3 of PATH and Debian's, that has numpy, h5py and astropy.
set -euo pipefail
for python in "${COMAP_PYTHON:-}" python3 /usr/bin/python3; do
  python=$(command -v "$python" || true)
  if [[ -n $python ]] && "$python" -c 'import numpy, h5py, astropy' 2>/dev/null; then
    echo "$python"
    exit
  fi
done
echo "no python3 with numpy, h5py and astropy: install them, or name one with COMAP_PYTHON=FILE" >&2
exit 1
