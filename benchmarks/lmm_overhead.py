"""What the client adds to the server's time for one answer: python -m benchmarks.lmm_overhead

Against the loopback server of the tests with a latency of 50 ms and photos of 60 kB. For each concurrency two ways in
one run: the same bodies posted by bare httpx2 over kept connections, and the provider (SDK, retries, budget, reading of
the answer). Prints milliseconds a request beyond latency / concurrency, and their ratio. The server runs beside it
on the same cores, so its own work is part of both.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator

import httpx2

from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.budget import Budget
from dualgeo.lmm.providers.direct import AnthropicDirect
from dualgeo.lmm.providers.messages import body_of
from dualgeo.lmm.request import Request
from dualgeo.params import SendingParams
from tests.lmm.made_requests import large_requests
from tests.lmm.server import Server, server_running

KEY = "sk-ant-of-a-benchmark"
LATENCY_S = 0.05
PHOTO_BYTES = 60_000


def bare(server: Server, requests: list[Request], concurrency: int) -> float:
    """Seconds to post every body without the SDK."""

    async def post_all() -> None:
        waiting: Iterator[Request] = iter(requests)
        headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        async with httpx2.AsyncClient(timeout=30) as client:

            async def worker() -> None:
                for request in waiting:
                    body = body_of(request, request.picture.jpeg())
                    (await client.post(server.url + "/v1/messages", json=body, headers=headers)).raise_for_status()

            await asyncio.gather(*(worker() for _ in range(concurrency)))

    begun = time.perf_counter()
    asyncio.run(post_all())
    return time.perf_counter() - begun


def provided(requests: list[Request], concurrency: int) -> float:
    """Seconds that the provider takes."""
    sending = SendingParams(
        allowed=True, mode="direct", concurrency=concurrency, timeout_s=30, attempts=1, batch_requests=1, poll_s=1
    )
    begun = time.perf_counter()
    AnthropicDirect(sending, read_answer).answer(iter(requests), Budget(1e9, 0.0), lambda *_: None)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    count = parser.parse_args().requests
    requests = list(large_requests(count, PHOTO_BYTES))
    os.environ["ANTHROPIC_API_KEY"] = KEY
    with server_running("--key", KEY, "--answerer", "fixed", "--latency-s", str(LATENCY_S)) as server:
        os.environ["ANTHROPIC_BASE_URL"] = server.url
        provided(requests[:8], 4)  # imports and the schema are not a cost of each request
        print("| concurrency | bare httpx2, ms a request | provider, ms a request | ratio of the wall times |")
        print("|---|---|---|---|")
        for concurrency in (1, 4, 8):
            asked = requests[: count * concurrency // 8 or 1]
            ideal = LATENCY_S * len(asked) / concurrency
            walls = [bare(server, asked, concurrency), provided(asked, concurrency)]
            over = [1000 * (wall - ideal) / len(asked) for wall in walls]
            print(f"| {concurrency} | {over[0]:.1f} | {over[1]:.1f} | {walls[1] / walls[0]:.2f} |")


if __name__ == "__main__":
    main()
