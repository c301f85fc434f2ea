from __future__ import annotations

import re
import subprocess
import sys

import quire.stats


def test_numpy_and_scipy_are_loaded_by_the_first_call_and_not_before() -> None:
    code = (
        "import sys, quire.stats as s\n"
        "assert not {'numpy', 'scipy'} & set(sys.modules), 'loaded too early'\n"
        "s.holm([0.01, 0.5])\n"
        "assert 'numpy' not in sys.modules\n"
        "s.mcnemar(3, 1)\n"
        "assert 'scipy.special' in sys.modules and 'scipy.stats' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_function_says_its_source_and_its_errors() -> None:
    functions = [name for name in quire.stats.__all__ if name[0].islower()]
    silent = []
    for name in functions:
        text = " ".join((getattr(quire.stats, name).__doc__ or "").split())
        if not re.search(r"\b(18|19|20)\d\d\b|sources", text) or not re.search("InvalidInput|[Ee]rrors are", text):
            silent.append(name)
    assert silent == []
