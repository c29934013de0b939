"""Photos made by code: sound ones with a position, and one of each kind that goes wrong."""

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

GPS_IFD, EXIF_IFD = 0x8825, 0x8769


def picture(seed: int = 0, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A smooth RGB picture that differs from seed to seed."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def rationals(*parts: float | Fraction) -> tuple[IFDRational, ...]:
    return tuple(IFDRational(*Fraction(part).limit_denominator(10**6).as_integer_ratio()) for part in parts)


def dms(degrees: float) -> tuple[IFDRational, ...]:
    """Degrees, minutes, seconds to 1/10,000 of a second."""
    ten_thousandths = round(abs(degrees) * 36_000_000)
    whole, rest = divmod(ten_thousandths, 36_000_000)
    minutes, seconds = divmod(rest, 600_000)
    return (IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(seconds, 10_000))


def exif(
    gps: dict[int, Any] | None = None, main: dict[int, Any] | None = None, camera: dict[int, Any] | None = None
) -> Image.Exif:
    block = Image.Exif()
    block.update(main or {})
    if camera:
        block.get_ifd(EXIF_IFD).update(camera)
    if gps:
        block.get_ifd(GPS_IFD).update(gps)
    return block


def exif_with_text_latitude(text: str) -> bytes:
    """An EXIF block whose latitude is ASCII, which Pillow would not write: N `text`, 9 degrees E."""

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")

    content = text.encode("latin-1") + b"\0"
    main = struct.pack("<H", 1) + entry(GPS_IFD, 4, 1, struct.pack("<I", 26)) + bytes(4)
    after = 26 + 2 + 4 * 12 + 4
    gps = struct.pack("<H", 4) + entry(1, 2, 2, b"N\0")
    gps += entry(2, 2, len(content), struct.pack("<I", after + 24) if len(content) > 4 else content)
    gps += entry(3, 2, 2, b"E\0") + entry(4, 5, 3, struct.pack("<I", after)) + bytes(4)
    tiff = b"II*\0" + struct.pack("<I", 8) + main + gps + struct.pack("<6I", 9, 1, 0, 1, 0, 1) + content
    return b"Exif\0\0" + tiff


def at(lat: float, lon: float, **more: Any) -> Image.Exif:
    position = {1: "S" if lat < 0 else "N", 2: dms(lat), 3: "W" if lon < 0 else "E", 4: dms(lon)}
    return exif(position, **more)


def jpeg(
    seed: int = 0, block: Image.Exif | bytes | None = None, size: tuple[int, int] = (96, 64), **save: Any
) -> bytes:
    buffer = io.BytesIO()
    if block is not None:
        save["exif"] = block
    picture(seed, size).save(buffer, "JPEG", quality=90, **save)
    return buffer.getvalue()


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain_png(width: int, height: int) -> bytes:
    """A one-colour 1-bit PNG of any size, made without holding its pixels in memory."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.compress(row * (height % 100))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", data + packer.flush()),
        (b"IEND", b""),
    ]
    written = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        written += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return written


CITIES = [
    (48.8584, 2.2945), (-33.8568, 151.2153), (40.6892, -74.0445), (-22.9519, -43.2105), (35.6586, 139.7454),
    (-1.2921, 36.8219), (55.7525, 37.6231), (19.4326, -99.1332), (-36.8485, 174.7633), (64.1466, -21.9426),
]  # fmt: skip


def photo_folder(folder: Path, count: int = 10, each: int = 1) -> Path:
    """`count` places in ten cities far from each other, `each` photos a place, positions in EXIF."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(count):
        lat, lon = CITIES[place % len(CITIES)]
        for shot in range(each):
            block = at(lat + 0.1 * (place // len(CITIES)) + 0.0005 * shot, lon)
            (folder / f"p{place:02}-{shot}.jpg").write_bytes(jpeg(100 * place + shot, block))
    return folder
