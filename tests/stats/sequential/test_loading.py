from __future__ import annotations

import re
import subprocess
import sys

import quire.stats.sequential


def test_numpy_is_loaded_by_the_first_call_that_needs_it_and_scipy_never() -> None:
    code = (
        "import sys\n"
        "from quire.stats.sequential import Counts, difference_sequence, ratio_mismatch\n"
        "ratio_mismatch([{'a': 5, 'b': 5}], [{'a': 1, 'b': 1}])\n"
        "assert not {'numpy', 'scipy'} & set(sys.modules), 'loaded too early'\n"
        "difference_sequence(Counts(9, 5, 5), Counts(9, 6, 6), bounds=(0, 1))\n"
        "assert 'numpy' in sys.modules and 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_function_says_its_source_and_its_errors() -> None:
    functions = [name for name in quire.stats.sequential.__all__ if name[0].islower()]
    silent = []
    for name in functions:
        text = " ".join((getattr(quire.stats.sequential, name).__doc__ or "").split())
        if not re.search(r"\b(18|19|20)\d\d\b|[Ss]ources", text) or not re.search("InvalidInput|[Ee]rrors are", text):
            silent.append(name)
    assert silent == []
