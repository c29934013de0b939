"""Any photo file becomes one plain kind of image: upright, RGB, 8 bits, long side within a limit, no metadata.

What cannot become that is refused with a DualGeoError whose message is the reason in plain words.
"""

import io
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from dualgeo.errors import DualGeoError

# Teaches Image.open the formats HEIC and HEIF; doing it again changes nothing.
pillow_heif.register_heif_opener()

FORMATS = ("JPEG", "HEIF", "AVIF", "TIFF", "WEBP", "PNG", "GIF", "BMP")
MIN_SIDE = 32
"""Pixels; a photo whose shorter side is below this shows too little to locate it."""
MAX_SIDE = 1024
JPEG_QUALITY = 95
# Pillow's own limit against decompression bombs: twice MAX_IMAGE_PIXELS.
MAX_MEGAPIXELS = 178


@dataclass(frozen=True)
class Photo:
    """A decoded photo: `image` RGB and upright, `note` says what of the file was left out (None: nothing)."""

    image: Image.Image
    note: str | None


def load_photo(path: Path, max_side: int = MAX_SIDE) -> Image.Image:
    """Read one photo file as upright RGB with its long side at most `max_side` pixels.

    Raises DualGeoError naming the file and why it cannot be used.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DualGeoError(f"{path} cannot be read ({error.strerror}).") from None
    try:
        with opened(content) as image:
            return decoded(image, max_side).image
    except DualGeoError as error:
        raise DualGeoError(f"{path}: {error}.") from None


@contextmanager
def opened(content: bytes) -> Generator[Image.Image]:
    """Open an image file's bytes without decoding its pixels yet. Raises DualGeoError with the reason."""
    if not content:
        raise DualGeoError("the file is empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise DualGeoError("not an image in a format that is read (JPEG, HEIC, AVIF, TIFF, WebP, PNG)") from None
    except Image.DecompressionBombError:
        raise DualGeoError(f"more than {MAX_MEGAPIXELS} megapixels; make it smaller") from None
    except Exception as error:  # A damaged header makes decoders raise almost anything; none may end the run.
        raise DualGeoError(f"damaged: it cannot be opened ({_short(error)})") from None
    with image:
        # Not left to Pillow's limit alone: it is one global that any imported package may lift.
        if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
            raise DualGeoError(f"more than {MAX_MEGAPIXELS} megapixels; make it smaller")
        yield image


def decoded(image: Image.Image, max_side: int = MAX_SIDE) -> Photo:
    """Decode an opened image. Raises DualGeoError when it is too small, cut off or of no photographic kind."""
    width, height = image.size
    scale = min(1.0, max_side / max(width, height))
    if min(width, height) * scale < MIN_SIDE:
        strip = "" if min(width, height) < MIN_SIDE else f", {min(width, height) * scale:.0f} after scaling"
        raise DualGeoError(f"too small: {width} x {height} pixels{strip}; the shorter side must have {MIN_SIDE}")
    several = getattr(image, "is_animated", False) and image.format != "MPO"
    try:
        # A JPEG is decoded at a fraction of its size where that still leaves twice the pixels wanted.
        image.draft(None, (int(2 * width * scale), int(2 * height * scale)))
        image.load()
        upright = ImageOps.exif_transpose(_reduced(_eight_bit(image), max_side))
    except DualGeoError:
        raise
    except MemoryError:
        raise DualGeoError(f"too large for this machine's memory: {width} x {height} pixels") from None
    except Exception as error:  # As above: whatever a decoder raises condemns this photo and no other.
        raise DualGeoError(f"cut off or damaged ({_short(error)})") from None
    rgb = _flattened(upright)
    rgb.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=None)
    return Photo(rgb, "several pictures in one file; the first is used" if several else None)


def as_jpeg(image: Image.Image) -> bytes:
    """Encode as shards store it: JPEG quality 95, no metadata."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring 16-bit grey to 8 bits by its full range; clipping at 255 would turn it white."""
    if image.mode == "F":
        raise DualGeoError("floating-point pixels: not a photo")
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image)
    if grey.min() < 0 or grey.max() > np.iinfo(np.uint16).max:
        raise DualGeoError("32-bit pixels: not a photo")
    eight = Image.fromarray((grey // 257).astype(np.uint8))
    eight.info = image.info
    orientation = image.getexif().get(0x0112)
    if orientation:
        eight.getexif()[0x0112] = orientation
    return eight


def _reduced(image: Image.Image, max_side: int) -> Image.Image:
    """Shrink by a whole factor first, so that conversions of huge images stay small in memory."""
    factor = max(image.size) // (2 * max_side)
    if factor < 2 or image.mode not in ("L", "RGB", "RGBA", "LA", "CMYK", "YCbCr"):
        return image
    small = image.reduce(factor)
    small.info = image.info
    return small


def _flattened(image: Image.Image) -> Image.Image:
    """RGB; see-through parts become white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours).convert("RGB")


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] or type(error).__name__
