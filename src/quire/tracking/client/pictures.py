"""Figures and images among a run's artifacts."""

from __future__ import annotations

import re
import uuid
from pathlib import Path, PurePosixPath
from typing import Any

from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.tracking.client.files import FileCalls
from quire.tracking.pictures import figure_bytes, picture_bytes, thumbnail, to_pillow

LOGGED_IMAGES = "mlflow.loggedImages"
_KEY = re.compile(r"[A-Za-z0-9_\-./ ]+\Z")


class PictureCalls(FileCalls):
    """What a client does with figures and images."""

    def log_figure(
        self, run_id: str, figure: Any, artifact_file: str | Path, *, save_kwargs: dict[str, Any] | None = None
    ) -> None:
        """Store a matplotlib or plotly figure; ``save_kwargs`` go to the library that draws it."""
        self._put(run_id, figure_bytes(figure, str(artifact_file), save_kwargs or {}), artifact_file)

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | Path | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        """Store a picture: as ``artifact_file``, or as one of a series under ``key`` at a step and time (ms).

        ``image`` is a NumPy array (bool, 0 to 255 or 0.0 to 1.0), a Pillow image or :class:`quire.Image`.
        """
        if artifact_file is not None and (key is not None or step is not None or timestamp is not None):
            raise InvalidInput("Give either `artifact_file`, or `key` with `step` and `timestamp`: not both.")
        if artifact_file is not None:
            suffix = PurePosixPath(str(artifact_file)).suffix or ".png"
            self._put(run_id, picture_bytes(to_pillow(image), suffix), artifact_file)
            return
        if key is None:
            raise InvalidInput("Say where the picture goes: `artifact_file`, or `key` for one of a series.")
        self._log_in_series(run_id, to_pillow(image), key, step or 0, timestamp or now_ms())

    def _log_in_series(self, run_id: str, image: Any, key: str, step: int, timestamp: int) -> None:
        if not _KEY.match(key):
            raise InvalidInput(
                f"The image key {key!r} may only hold letters, digits, spaces and the characters _ - . / of ASCII."
            )
        name = f"images/{key.replace('/', '~')}+step+{step}+timestamp+{timestamp}+{uuid.uuid4()}"
        self._put(run_id, picture_bytes(image, ".png"), f"{name}.png")
        self._put(run_id, picture_bytes(thumbnail(image), ".webp"), f"{name}+compressed.webp")
        self.store.log_batch(run_id, tags=[Tag(LOGGED_IMAGES, "True")])
