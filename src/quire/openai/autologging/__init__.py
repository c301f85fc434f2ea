"""``quire.openai.autolog()``: every call of the OpenAI SDK is a span."""

from __future__ import annotations

from quire.openai.autologging.hook import install, is_installed, uninstall

__all__ = ["autolog", "is_installed"]


def autolog(
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    log_traces: bool = True,
) -> None:
    """Record every call of the OpenAI SDK in this process as a span, from now on.

    ``disable=True`` or ``log_traces=False`` ends that and leaves the SDK as it was found.
    """
    if disable or not log_traces:
        uninstall()
    else:
        install()
