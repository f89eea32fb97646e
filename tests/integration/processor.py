"""A processor that lacks what the program was compiled for: a message and exit code 2, before anything else runs."""

import os
import re
import subprocess

done = subprocess.run([os.environ["COMAP_IMPOSSIBLE"]], capture_output=True, text=True, timeout=20)
assert done.returncode == 2, done
assert done.stdout == "", done
assert re.fullmatch(r"comap_mpi: built for impossible: the processor of \S+ lacks (fma4|avx512f|fma4, avx512f); "
                    r"build with -DCOMAP_ARCH=x86-64(-v[23])? \(docs/install\.md\)\n", done.stderr), done
