"""Clients of the Anthropic SDK that send to one host, once, and record nothing."""

import httpx2
from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient

from dualgeo.lmm.providers.bounded import PLAIN, bounded

CONNECT_S = 10.0


def async_client(key: str, timeout_s: float, concurrency: int) -> AsyncAnthropic:
    """For direct mode. Its own retries are off: ours count what may have been paid for."""
    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=30.0)
    # A redirect would send the photo to a host that nobody agreed to.
    hooks = {"response": [bounded]}
    http = DefaultAsyncHttpxClient(limits=limits, follow_redirects=False, event_hooks=hooks, headers=PLAIN)
    return AsyncAnthropic(
        api_key=key, timeout=timeout_of(timeout_s), max_retries=0, http_client=http, open_telemetry=False
    )


def sync_client(key: str, timeout_s: float) -> Anthropic:
    """For batches, where nothing happens at once."""
    http = DefaultHttpxClient(follow_redirects=False)
    return Anthropic(api_key=key, timeout=timeout_of(timeout_s), max_retries=0, http_client=http, open_telemetry=False)


def timeout_of(seconds: float) -> httpx2.Timeout:
    return httpx2.Timeout(seconds, connect=min(CONNECT_S, seconds))
