"""Bodies are read as far as an answer can reach, so that no server fills the memory."""

from collections.abc import AsyncIterator
from typing import cast

import httpx2

MOST_BYTES = 8_000_000
"""The longest answer that can be asked for, 64,000 tokens, has a twentieth of them."""
MOST_PACKED = 64_000
"""Of a body that is compressed although none was asked for: it unpacks to a thousand times as much at most."""
PLAIN = {"Accept-Encoding": "identity"}
"""Headers of a client whose bodies are bounded."""


class BodyTooLarge(httpx2.TransportError):
    """More came than an answer has."""


async def bounded(response: httpx2.Response) -> None:
    """A response hook of an httpx client: from now on the body ends with BodyTooLarge where it is too large."""
    packed = response.headers.get("content-encoding", "identity") != "identity"
    response.stream = _Bounded(cast(httpx2.AsyncByteStream, response.stream), MOST_PACKED if packed else MOST_BYTES)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream, self._most = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = 0
        async for part in self._stream:
            came += len(part)
            if came > self._most:
                raise BodyTooLarge(f"the server sent more than {self._most:,} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
