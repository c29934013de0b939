"""One value of the column `photo` becomes a picture: raw bytes, base64, or (only where that is allowed) a path."""

import base64
import binascii
from pathlib import Path

from PIL import Image

from dualgeo.datasets.images import decoded, load_photo, opened
from dualgeo.errors import DualGeoError

LONGEST_PATH = 4096


def read_photo(value: object, folder: Path | None) -> Image.Image:
    """An upright RGB picture from one value; paths are read only inside `folder` (None: no path is read).

    Raises DualGeoError with the reason in one sentence.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return _decoded(bytes(value))
    if value is not None and not isinstance(value, str | float):
        kind = type(value).__name__
        raise DualGeoError(f"The photo is neither text nor bytes but {kind}; give each photo a row of its own.")
    if not isinstance(value, str) or not value.strip():
        raise DualGeoError("The photo is empty; send the bytes of an image file, as they are or in base64.")
    if "://" in value[:LONGEST_PATH]:
        raise DualGeoError("Addresses are not fetched; send the photo itself, in base64.")
    content = _from_base64(value)
    if content is not None and (len(value) > LONGEST_PATH or _is_image(content)):
        return _decoded(content)
    return _from_path(value, folder)


def _from_base64(text: str) -> bytes | None:
    """The bytes, or None where the text is no base64. A browser's `data:image/jpeg;base64,` before it is left out."""
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_image(content: bytes) -> bool:
    try:
        with opened(content):
            return True
    except DualGeoError:
        return False


def _decoded(content: bytes) -> Image.Image:
    try:
        with opened(content) as image:
            return decoded(image).image
    except DualGeoError as error:
        raise DualGeoError(f"The photo cannot be used: {error}.") from None


def _from_path(text: str, folder: Path | None) -> Image.Image:
    if len(text) > LONGEST_PATH or text.startswith("data:"):
        raise DualGeoError("The photo is no base64; send the bytes of an image file in base64.")
    if folder is None:
        raise DualGeoError(
            "The photo is no base64 of an image, and paths are not read here; send base64, or load the model with "
            'model_config {"photo_folder": FOLDER} to allow paths inside that folder.'
        )
    try:
        path = (folder / text).resolve()
    except (OSError, ValueError, RuntimeError):
        raise DualGeoError("The photo is neither base64 nor a path.") from None
    if not path.is_relative_to(folder.resolve()):
        raise DualGeoError(f"Paths are read only inside {folder}; this one leads elsewhere.")
    return load_photo(path)
