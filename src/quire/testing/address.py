"""Where a running simulator is reached: its URLs, and the environment variables that send a client there."""

from __future__ import annotations

from abc import ABC, abstractmethod

from quire.testing.environment import azure_environment, openai_environment


class Addressed(ABC):
    """Everything that follows from the port of 127.0.0.1 on which a simulator serves."""

    @property
    @abstractmethod
    def port(self) -> int:
        """The port of 127.0.0.1 on which it serves."""

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def azure_endpoint(self) -> str:
        """What an Azure OpenAI client takes as its endpoint."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that send an OpenAI client here."""
        return openai_environment(self.port)

    @property
    def azure_environment(self) -> dict[str, str]:
        """The environment variables that send an Azure OpenAI client here."""
        return azure_environment(self.port)


NOT_RUNNING = "The simulator is not running. Use it in a `with` block or call start() first."
