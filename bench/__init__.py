"""Quire measured beside its peers, in the same run on the same machine. Start it with ``python -m bench``.

``cases/`` holds one module a benchmark; ``sides/`` the scripts that run inside the process that is measured, the
same script for Quire and for MLflow wherever both offer the call.
"""
