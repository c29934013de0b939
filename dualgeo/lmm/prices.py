"""What models cost: one table with a date and a source for each row, and a project's own rows before it.

US dollars per million tokens. `up_to_tokens` is the longest prompt that a row's prices hold for. `image_side` and
`image_tokens` are what the server scales a photo down to before it counts its tokens: platform.claude.com,
build-with-claude/vision, read 2026-10-07 (28-pixel patches; 2576 pixels and 4784 tokens since Claude 4.7, 1568 and
1568 before).
"""

import csv
import ipaddress
import math
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dualgeo.errors import DualGeoError
from dualgeo.params.lmm import LmmParams

SHIPPED = Path(__file__).parent / "data" / "prices.csv"
OWN = "prices.csv"
"""Name of the optional table in the project folder; its rows come before the shipped ones."""
PATCH = 28


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens of one model, and how its server counts a photo."""

    provider: str
    model: str
    input: float
    output: float
    cache_write: float
    cache_read: float
    batch_share: float
    """What a request in a message batch costs, as a share of the direct price."""
    up_to_tokens: int | None
    image_side: int | None
    image_tokens: int | None
    """Pixels of the long side and tokens that a photo is scaled down to; None: it is counted as sent."""
    date: str
    source: str


NOTHING = Price("", "", 0.0, 0.0, 0.0, 0.0, 1.0, None, None, None, "", "runs on a machine of yours")


def price_for(params: LmmParams, own: Path | None = None) -> Price:
    """Price of the configured model; `own` is the project's own table, which may be absent.

    Models on this machine cost nothing, and neither do OpenAI-compatible servers in the local network that no table
    names. Raises DualGeoError when no row names the model: nothing may be sent at an unknown price.
    """
    free = params.provider == "local" or (params.provider == "openai" and is_near(host_of(params.endpoint or "")))
    return price_of(params.provider, params.model, own, free)


def price_of(provider: str, model: str, own: Path | None = None, free: bool = False) -> Price:
    """The row of a model, the project's own table first; dated snapshots cost what their model costs."""
    tables = [read_prices(own)] if own is not None and own.exists() else []
    for table in [*tables, read_prices(SHIPPED)]:
        for name in (model, re.sub(r"-\d{8}$", "", model)):
            if (provider, name) in table:
                return table[provider, name]
    if free:
        return NOTHING
    raise DualGeoError(
        f"No price is known for {provider} model {model}, so nothing is sent; add a row for it to "
        f"{own or OWN} (columns as in {SHIPPED.name} of dualgeo/lmm/data), or correct lmm.model."
    )


def read_prices(path: Path) -> dict[tuple[str, str], Price]:
    """Read a price table; DualGeoError names the file, the line and the column that is wrong."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DualGeoError(f"{path} cannot be read as a table of prices ({error}).") from None
    prices = [_price(row, f"{path} line {number}") for number, row in enumerate(rows, start=2)]
    return {(price.provider, price.model): price for price in prices}


def _price(row: dict[str, str], where: str) -> Price:
    def text(name: str) -> str:
        value = row.get(name)
        if not value:
            raise DualGeoError(f"{where} has no {name}; give one (columns as in dualgeo/lmm/data/prices.csv).")
        return value.strip()

    def number(name: str, most: float = math.inf) -> float:
        try:
            value = float(text(name))
        except ValueError:
            value = math.nan
        if not 0 <= value <= most or math.isinf(value):
            raise DualGeoError(f"{where}: {name} '{row[name]}' must be a number of at least 0; correct it.")
        return value

    def whole(name: str) -> int | None:
        return int(number(name)) if row.get(name) else None

    return Price(
        text("provider"),
        text("model"),
        number("input"),
        number("output"),
        number("cache_write"),
        number("cache_read"),
        number("batch_share", most=1.0),
        whole("up_to_tokens"),
        whole("image_side"),
        whole("image_tokens"),
        text("date"),
        text("source"),
    )


def image_tokens(width: int, height: int, price: Price = NOTHING) -> int:
    """Tokens of a photo of so many pixels: one for each 28-pixel patch begun, after the server has scaled it down."""
    if price.image_side is None or price.image_tokens is None:
        return _patches(width, height)
    long = max(width, height)
    low, high = 1, min(long, price.image_side)
    # The tokens grow with the long side, so the largest that keeps both limits is found by halving.
    while low < high:
        middle = (low + high + 1) // 2
        fits = _patches(*_scaled(width, height, middle)) <= price.image_tokens
        low, high = (middle, high) if fits else (low, middle - 1)
    return _patches(*_scaled(width, height, low))


def _scaled(width: int, height: int, long: int) -> tuple[int, int]:
    scale = long / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _patches(width: int, height: int) -> int:
    return math.ceil(width / PATCH) * math.ceil(height / PATCH)


def host_of(url: str) -> str:
    """Host name of a URL, without user, password or port; empty where there is none."""
    return (urlsplit(url).hostname or "").lower()


def is_here(host: str) -> bool:
    """Whether a host name means this machine."""
    address = _address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return host == "localhost" or host.endswith(".localhost")


def is_near(host: str) -> bool:
    """Whether a host name means this machine or one of the local network, whose tokens nobody sells."""
    address = _address(host)
    if address is not None:
        return is_here(host) or address.is_private or address.is_link_local
    return is_here(host) or ("." not in host and host != "") or host.endswith((".local", ".lan", ".internal"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
