"""Who may do what on a server: sign-in, authorization of every call, the audit log.

``attach`` puts it before and into an application; without it a server asks nobody who they are.
"""

from quire.server.auth.settings import AuthSettings, auth_from_environment

__all__ = ["AuthSettings", "auth_from_environment"]
