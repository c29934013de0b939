"""Requests about noise, for tests that talk to the loopback server."""

import functools
import hashlib
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.request import Picture, Request

MODEL = "claude-sonnet-5-5"


def jpeg_of(number: int, side: int) -> bytes:
    """A JPEG of noise, another one for each number."""
    drawn = np.random.default_rng(number)
    coarse = Image.fromarray(drawn.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((side, side))
    noise = Image.fromarray(drawn.integers(0, 256, (side, side, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    Image.blend(coarse, noise, 0.25).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@functools.cache
def _picture(number: int, side: int) -> Picture:
    made = functools.partial(jpeg_of, number, side)
    return Picture(hashlib.sha256(made()).hexdigest(), side, side, made)


def made_request(
    number: int, side: int = 28, model: str = MODEL, text: str = "Where is it?", **more: object
) -> Request:
    prompt = Prompt("rag-10", "0123456789ab", "You locate photos.", f"{text} ({number})", ())
    return Request(f"q{number:05d}", "anthropic", model, more.get("effort"), 500, prompt, _picture(number, side))


def made_requests(count: int, side: int = 28, **more: object) -> Iterator[Request]:
    """One after the other, as they are drawn."""
    for number in range(count):
        yield made_request(number, side, **more)


def large_requests(count: int, size: int) -> Iterator[Request]:
    """Requests about one photo of about `size` bytes whose bytes differ behind its end, where no reader looks."""
    side = 28 * round((size / 0.75) ** 0.5 / 28)
    photo = jpeg_of(0, side)
    for number in range(count):
        made = functools.partial(_marked, photo, number)
        prompt = Prompt("rag-10", "0123456789ab", "You locate photos.", f"Where is it? ({number})", ())
        picture = Picture(f"{number:064x}", side, side, made)
        yield Request(f"q{number:05d}", "anthropic", MODEL, None, 500, prompt, picture)


def _marked(photo: bytes, number: int) -> bytes:
    return photo + f"{number:016d}".encode()
