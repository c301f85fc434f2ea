"""Pictures: NumPy arrays, Pillow images and figures as the bytes of an image file."""

from __future__ import annotations

import io
import sys
import uuid
import warnings
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

from quire.domain.errors import InvalidInput, MissingExtra

THUMBNAIL_PIXELS = 256
_FIGURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".svg", ".pdf")


class Image:
    """A picture made of a Pillow image, a NumPy array, nested lists of pixels or the path of an image file."""

    def __init__(self, image: Any) -> None:
        """Raises InvalidInput for something that is no picture; MissingExtra if Pillow is not installed."""
        if isinstance(image, str):
            image = _pillow().open(image)
        elif isinstance(image, list):
            import numpy as np

            image = np.array(image)
        self.image = to_pillow(image)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.image.size
        return width, height

    def to_pil(self) -> Any:
        """The Pillow image."""
        return self.image

    def to_array(self) -> Any:
        """The pixels as a NumPy array."""
        import numpy as np

        return np.array(self.image)

    def to_list(self) -> list[Any]:
        """The pixels, row after row."""
        read = getattr(self.image, "get_flattened_data", None) or self.image.getdata
        return list(read())

    def resize(self, size: tuple[int, int]) -> Image:
        """The picture in another size."""
        return Image(self.image.resize(size))

    def save(self, path: str) -> None:
        """Write an image file; its ending says the format."""
        self.image.save(path)


def to_pillow(image: Any) -> Any:
    """A Pillow image of any picture. Raises InvalidInput for something that is none."""
    if isinstance(image, Image):
        return image.image
    if isinstance(image, _pillow().Image):
        return image
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(image, numpy.ndarray):
        return _from_array(numpy, image)
    raise InvalidInput(
        f"{type(image).__name__} is not a picture: expected a NumPy array, a Pillow image or quire.Image."
    )


def picture_bytes(image: Any, suffix: str) -> bytes:
    """The image file of a picture; ``suffix`` such as ``.png`` says the format."""
    buffer = io.BytesIO()
    extensions = _pillow().registered_extensions()
    if suffix.lower() not in extensions:
        raise InvalidInput(f"No image format is known for the ending {suffix!r}. Use .png, .jpg or .webp.")
    image.save(buffer, format=extensions[suffix.lower()])
    return buffer.getvalue()


def thumbnail(image: Any) -> Any:
    """A copy that fits into a square of 256 pixels."""
    scale = THUMBNAIL_PIXELS / max(image.size)
    return image.resize((max(1, int(image.size[0] * scale)), max(1, int(image.size[1] * scale))))


def figure_bytes(figure: Any, name: str, options: dict[str, Any]) -> bytes:
    """The file of a matplotlib or plotly figure. Raises InvalidInput for another object or ending."""
    suffix = PurePosixPath(name).suffix.lower()
    if hasattr(figure, "savefig"):
        buffer = io.BytesIO()
        figure.savefig(buffer, **{"format": suffix.removeprefix(".") or "png", **options})
        return buffer.getvalue()
    if hasattr(figure, "to_html") and suffix == ".html":
        return str(figure.to_html(**{"include_plotlyjs": "cdn", **options})).encode()
    if hasattr(figure, "to_image") and suffix in _FIGURE_SUFFIXES:
        return bytes(figure.to_image(format=suffix.removeprefix("."), **options))
    if hasattr(figure, "to_image"):
        raise InvalidInput(f"A plotly figure cannot be stored as {name!r}. Use .html or {', '.join(_FIGURE_SUFFIXES)}.")
    raise InvalidInput(f"{type(figure).__name__} is not a figure of matplotlib or plotly.")


def store_picture_columns(
    columns: dict[str, list[Any]], table: str, put: Callable[[bytes, str], None]
) -> dict[str, list[Any]]:
    """Columns of pictures replaced by references, the pictures stored beside the table, as MLflow does."""
    if not any(_is_picture(value) for column in columns.values() for value in column[:1]):
        return columns
    return {name: _stored(name, column, table, put) for name, column in columns.items()}


def _stored(name: str, column: list[Any], table: str, put: Callable[[bytes, str], None]) -> list[Any]:
    pictures = [_is_picture(value) for value in column]
    if not any(pictures):
        return column
    if not all(pictures):
        raise InvalidInput(f"Column {name!r} of the table mixes pictures with other values. Separate them.")
    return [_store(to_pillow(value), table, put) for value in column]


def _store(image: Any, table: str, put: Callable[[bytes, str], None]) -> dict[str, str]:
    base = f"table_images/{PurePosixPath(table).with_suffix('')}/{uuid.uuid4()}"
    put(picture_bytes(image, ".png"), f"{base}.png")
    put(picture_bytes(thumbnail(image), ".webp"), f"{base}.webp")
    return {"type": "image", "filepath": f"{base}.png", "compressed_filepath": f"{base}.webp"}


def _is_picture(value: object) -> bool:
    if isinstance(value, Image):
        return True
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def _from_array(numpy: Any, pixels: Any) -> Any:
    """Grey, RGB or RGBA from bool, integers of 0 to 255 or floats of 0 to 1, of shape (height, width[, channels])."""
    if pixels.dtype.kind not in "biuf":
        raise InvalidInput(f"Pixels must be numbers or truth values, not {pixels.dtype}.")
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise InvalidInput(
            f"An array of shape {_shape(pixels.shape)} is not a picture: expected (height, width) or "
            "(height, width, 1, 3 or 4)."
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return _pillow().fromarray(_in_bytes(pixels).astype(numpy.uint8))


def _in_bytes(pixels: Any) -> Any:
    """Pixels from 0 to 255. Floats out of 0 to 1 are scaled to that range, with a warning; integers are refused."""
    low, high = (pixels.min(), pixels.max()) if pixels.size else (0, 0)
    if pixels.dtype.kind in "iu":
        if low < 0 or high > 255:
            raise InvalidInput(f"Pixels reach from {low} to {high}; integers must be from 0 to 255. Scale them first.")
        return pixels
    if low < 0 or high > 1:
        warnings.warn(f"Pixels reach from {low} to {high}; they were scaled to 0.0 to 1.0.", stacklevel=6)
        pixels = (pixels - low) / (high - low)
    return pixels * 255


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _pillow() -> Any:
    try:
        import PIL.Image
    except ImportError:
        raise MissingExtra("Logging pictures needs Pillow. Install it: pip install pillow.") from None
    return PIL.Image
