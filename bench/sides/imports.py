"""Import a library in a fresh process, alone or up to the first metric it logs: seconds and peak memory."""

from __future__ import annotations

import importlib
import json
import sys
import time

from bench.worker import peak_memory

library_name, what = sys.argv[1:]
started = time.perf_counter()
library = importlib.import_module(library_name)
if what == "first-run":
    with library.start_run():
        library.log_metric("accuracy", 0.5)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "memory": peak_memory()}))
