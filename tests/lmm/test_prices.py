"""Prices come with a date and a source; tokens of photos follow the published rule; nothing is sent unpriced."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualgeo.errors import DualGeoError
from dualgeo.lmm.cost import cost_of, dearest_usd, most_tokens, usage_usd
from dualgeo.lmm.prices import SHIPPED, image_tokens, is_here, is_near, price_for, price_of, read_prices
from dualgeo.lmm.reply import Usage
from tests.lmm.exchanges import params_for, reply_with, request_about

STANDARD, HIGH = price_of("anthropic", "claude-haiku-4-5"), price_of("anthropic", "claude-sonnet-5-5")


@pytest.mark.parametrize(
    ("size", "price", "tokens"),
    [
        ((200, 200), STANDARD, 64),
        ((1000, 1000), STANDARD, 1296),
        ((1092, 1092), STANDARD, 1521),
        ((1920, 1080), HIGH, 2691),
        ((3840, 2160), HIGH, 4784),
        ((3840, 2160), STANDARD, 1560),
        ((1075, 1520), STANDARD, 1551),
        ((1, 1), STANDARD, 1),
    ],
)
def test_tokens_of_photos_are_those_that_the_provider_publishes(size, price, tokens):
    assert image_tokens(*size, price) == tokens
    assert image_tokens(*size[::-1], price) == tokens


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_no_photo_costs_more_than_its_models_limit_or_than_it_would_unscaled(width, height):
    for price in (STANDARD, HIGH):
        assert 1 <= image_tokens(width, height, price) <= price.image_tokens
        assert image_tokens(width, height, price) <= image_tokens(width, height)


def test_every_price_has_a_date_and_a_source_and_output_costs_more_than_input():
    prices = read_prices(SHIPPED)
    assert ("anthropic", "claude-sonnet-5-5") in prices
    for price in prices.values():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", price.date)
        assert "platform.claude.com" in price.source
        assert 0 < price.cache_read < price.input < price.cache_write < price.output
        assert price.batch_share == 0.5


def test_a_dated_snapshot_costs_what_its_model_costs():
    assert price_of("anthropic", "claude-haiku-4-5-20251001") == STANDARD


def test_a_model_without_a_price_is_refused_with_the_file_that_wants_a_row(tmp_path):
    with pytest.raises(DualGeoError, match=r"claude-9.*nothing is sent; add a row for it to .*prices\.csv"):
        price_for(params_for(model="claude-9"), tmp_path / "prices.csv")
    (tmp_path / "prices.csv").write_text(
        SHIPPED.read_text().splitlines()[0]
        + "\nanthropic,claude-9,7,70,8,1,0.5,,,,2026-11-01,my contract\n"
        + "anthropic,claude-haiku-4-5,0.5,2,1,0.1,1,,,,2026-11-01,my contract\n"
    )
    assert price_for(params_for(model="claude-9"), tmp_path / "prices.csv").output == 70
    assert price_for(params_for(), tmp_path / "prices.csv").source == "my contract"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("anthropic,claude-9,seven,70,8,1,0.5,,,,2026-11-01,me", r"line 2: input 'seven' must be a number"),
        ("anthropic,claude-9,-1,70,8,1,0.5,,,,2026-11-01,me", r"line 2: input '-1'"),
        ("anthropic,claude-9,nan,70,8,1,0.5,,,,2026-11-01,me", r"line 2: input 'nan'"),
        ("anthropic,claude-9,7,70,8,1,1.5,,,,2026-11-01,me", r"line 2: batch_share '1.5'"),
        ("anthropic,claude-9,7,70,8,1,0.5,,,,,me", r"line 2 has no date"),
        ("anthropic,,7,70,8,1,0.5,,,,2026-11-01,me", r"line 2 has no model"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, sentence):
    path = tmp_path / "prices.csv"
    path.write_text(f"{SHIPPED.read_text().splitlines()[0]}\n{row}\n")
    with pytest.raises(DualGeoError, match=sentence):
        read_prices(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DualGeoError, match="cannot be read"):
        read_prices(path)


@pytest.mark.parametrize(
    ("endpoint", "here", "near"),
    [
        ("http://127.0.0.1:8000/v1", True, True),
        ("http://localhost:11434/v1", True, True),
        ("http://[::1]:8000/v1", True, True),
        ("http://0.0.0.0:8000/v1", True, True),
        ("http://192.168.1.7:8000/v1", False, True),
        ("http://gpu-box:8000/v1", False, True),
        ("http://server.local/v1", False, True),
        ("https://api.openai.com/v1", False, False),
        ("https://localhost.example.com/v1", False, False),
        ("https://8.8.8.8/v1", False, False),
        ("https://127.0.0.1@api.example.com/v1", False, False),
    ],
)
def test_only_servers_of_ones_own_network_are_free_without_a_row(tmp_path, endpoint, here, near):
    from dualgeo.lmm.prices import host_of

    # Params refuse an address with a user; the price must not rest on that.
    params = params_for(provider="openai", model="qwen", endpoint="http://any/v1").model_copy(
        update={"endpoint": endpoint}
    )
    assert (is_here(host_of(endpoint)), is_near(host_of(endpoint))) == (here, near)
    if near:
        assert price_for(params, tmp_path / "prices.csv").output == 0
    else:
        with pytest.raises(DualGeoError, match="No price is known for openai model qwen"):
            price_for(params, tmp_path / "prices.csv")


def test_a_model_on_this_machine_costs_nothing():
    params = params_for(provider="local", model="some/model", endpoint=None)
    assert price_for(params).input == 0


def test_costs_are_what_the_published_prices_say():
    usage = Usage(input_tokens=1_000_000, output_tokens=2_000_000, cache_write_tokens=400_000, cache_read_tokens=1000)
    assert usage_usd(usage, STANDARD, "direct") == pytest.approx(1 + 10 + 0.5 + 0.0001)
    assert usage_usd(usage, STANDARD, "batch") == pytest.approx(usage_usd(usage, STANDARD, "direct") / 2)


@given(st.text(max_size=300), st.integers(64, 64_000))
def test_no_answer_can_cost_more_than_its_dearest_end(text, max_tokens):
    """A tokenizer makes at most one token of a byte; a message may be written to the cache as a whole."""
    request = request_about(1, text, max_tokens)
    most = most_tokens(request, STANDARD)
    bytes_ = len((request.prompt.system + text).encode())
    assert most.input >= bytes_ + image_tokens(96, 96, STANDARD)
    for mode in ("direct", "batch"):
        worst = Usage(output_tokens=max_tokens, cache_write_tokens=most.input)
        assert usage_usd(worst, STANDARD, mode) <= dearest_usd(request, STANDARD, mode) * (1 + 1e-12)


def test_lost_attempts_count_at_their_dearest_apart_from_what_is_certain():
    request = request_about(1)
    cost = cost_of(request, reply_with(lost=2), STANDARD)
    assert cost.usd == pytest.approx((1200 * 1 + 300 * 5) / 1e6)
    assert cost.possible_usd == pytest.approx(2 * dearest_usd(request, STANDARD, "direct"))


def test_a_price_that_ends_at_a_length_is_not_used_beyond_it():
    haiku = price_of("anthropic", "claude-haiku-5-5")
    assert dearest_usd(request_about(1, "x" * 50_000), haiku, "direct") > 0
    with pytest.raises(DualGeoError, match="only known up to 100000"):
        dearest_usd(request_about(1, "x" * 100_000), haiku, "direct")


def test_the_table_is_one_that_a_spreadsheet_opens():
    with SHIPPED.open(newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {len(rows[0])}
