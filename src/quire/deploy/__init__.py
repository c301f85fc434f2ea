"""Files that put endpoints into service elsewhere: an image, Compose, Kubernetes, Ray Serve."""

from __future__ import annotations

from quire.deploy.carrying import Deployed, carry_out, served_as
from quire.deploy.plan import Plan, make_plan
from quire.deploy.targets import KINDS, Kind, Written, check_kind, write

__all__ = ["KINDS", "Deployed", "Kind", "Plan", "Written", "carry_out", "check_kind", "make_plan", "served_as", "write"]
