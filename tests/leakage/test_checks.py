"""Every check finds exactly the pairs that comparing all photos one by one finds, and counts those it does not keep."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualgeo.errors import DualGeoError
from dualgeo.geo.sphere import haversine_km
from dualgeo.leakage import cosine as cosine_module
from dualgeo.leakage import hamming as hamming_module
from dualgeo.leakage import nearby as nearby_module
from dualgeo.leakage import pairs as pairs_module
from dualgeo.leakage import same as same_module
from dualgeo.leakage.cosine import alike_embeddings
from dualgeo.leakage.hamming import alike_hashes
from dualgeo.leakage.nearby import nearby
from dualgeo.leakage.pairs import Found
from dualgeo.leakage.photos import Hashes, Photos, text
from dualgeo.leakage.same import same_photographer_near, same_text
from dualgeo.leakage.times import times_of

NAMES = st.lists(st.sampled_from(["ann", "bob", "cy", None]), min_size=1, max_size=25)
LIMITS = st.sampled_from([None, 1, 3])
SETTINGS = settings(max_examples=60, deadline=None)


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Any:
    """Blocks so small that every example spans several of them."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (cosine_module, "SCORES_AT_ONCE", 40),
            (hamming_module, "GALLERY_BLOCK", 7),
            (hamming_module, "QUERY_BLOCK", 4),
            (nearby_module, "PAIRS_AT_ONCE", 5),
            (same_module, "PAIRS_AT_ONCE", 5),
            (pairs_module, "BUFFERED", 6),
        ):
            patch.setattr(module, name, value)
        yield


def check(
    found: Found, queries: int, gallery: int, value: Callable[[int, int], float | None], limit: int | None, within: bool
) -> None:
    """`value` is what a pair measures, None for no pair; nearer is smaller."""
    for query in range(queries):
        pairs = [(value(query, row), row) for row in range(gallery) if not (within and row == query)]
        wanted = sorted((measure, row) for measure, row in pairs if measure is not None)
        assert found.count[query] == len(wanted)
        kept = found.kept.gallery[found.kept.query == query].tolist()
        assert kept == [row for _, row in wanted][:limit]
    assert np.array_equal(found.kept.query, np.sort(found.kept.query))


@SETTINGS
@given(NAMES, NAMES, LIMITS)
def test_equal_text(gallery: list[str | None], queries: list[str | None], limit: int | None) -> None:
    found = same_text(text(pd.Series(gallery, dtype="str")), text(pd.Series(queries, dtype="str")), limit, False)
    check(found, len(queries), len(gallery), _equal(gallery, queries), limit, False)


@SETTINGS
@given(NAMES, LIMITS)
def test_equal_text_among_the_queries_themselves(names: list[str | None], limit: int | None) -> None:
    column = text(pd.Series(names, dtype="str"))
    check(same_text(column, column, limit, True), len(names), len(names), _equal(names, names), limit, True)


def _equal(gallery: list[str | None], queries: list[str | None]) -> Callable[[int, int], float | None]:
    return lambda query, row: 0.0 if queries[query] is not None and queries[query] == gallery[row] else None


@SETTINGS
@given(st.integers(0, 2**32), st.integers(0, 12), LIMITS, st.booleans())
def test_hashes_within_a_number_of_bits(seed: int, bits: int, limit: int | None, within: bool) -> None:
    draw = np.random.default_rng(seed)
    gallery = _hashes(draw, 30)
    queries = gallery if within else _hashes(draw, 12)
    found = alike_hashes(gallery, queries, bits, limit, within)

    def value(query: int, row: int) -> float | None:
        apart = bin(int(queries.value[query]) ^ int(gallery.value[row])).count("1")
        return apart if apart <= bits and queries.known[query] and gallery.known[row] else None

    check(found, len(queries.value), 30, value, limit, within)
    for query, row, measure in zip(found.kept.query, found.kept.gallery, found.kept.value, strict=True):
        assert measure == value(int(query), int(row))


def _hashes(draw: np.random.Generator, count: int) -> Hashes:
    """Some few bits from two centres, so that distances lie around the radius."""
    centres = np.array([0x0123456789ABCDEF, 0xFFFFFFFF00000000], np.uint64)
    flips = np.zeros(count, np.uint64)
    for bit in range(64):
        flips |= (draw.random(count) < 0.08).astype(np.uint64) << np.uint64(bit)
    return Hashes(centres[draw.integers(0, 2, count)] ^ flips, draw.random(count) < 0.9)


@SETTINGS
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.5, 0.9, 0.95]),
    LIMITS,
    st.booleans(),
    st.sampled_from([np.float16, np.float32]),
)
def test_embeddings_by_cosine(seed: int, least: float, limit: int | None, within: bool, dtype: type) -> None:
    draw = np.random.default_rng(seed)
    gallery = _embeddings(draw, 40, dtype)
    queries = gallery if within else _embeddings(draw, 15, dtype)
    found, compared = alike_embeddings(gallery, queries, least, limit, within)
    a, b = (rows.astype(np.float64) for rows in (queries, gallery))
    with np.errstate(invalid="ignore", divide="ignore"):
        exact = (a @ b.T) / np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    # Cosines of equal photos are equal only up to rounding: the counts must agree, the order up to that.
    enough = exact >= least
    np.fill_diagonal(enough, enough.diagonal() & ~within)
    undecided = np.abs(exact - least) < 1e-9
    assert not undecided.any()
    assert np.array_equal(found.count, enough.sum(axis=1))
    assert compared == int(np.isfinite(b).all(axis=1).sum() - (b == 0).all(axis=1).sum())
    assert enough[found.kept.query, found.kept.gallery].all()
    assert np.allclose(found.kept.value, exact[found.kept.query, found.kept.gallery], atol=1e-5)
    for query in np.flatnonzero(found.count):
        kept = found.kept.value[found.kept.query == query]
        best = np.sort(exact[query][enough[query]])[::-1][:limit]
        assert np.allclose(kept, best, atol=1e-5)


def _embeddings(draw: np.random.Generator, count: int, dtype: type) -> np.ndarray:
    centres = np.random.default_rng(0).standard_normal((4, 8))
    rows = centres[draw.integers(0, 4, count)] + 0.35 * draw.standard_normal((count, 8))
    rows[draw.random(count) < 0.05] = 0
    rows[draw.random(count) < 0.05] = np.nan
    return (rows * draw.uniform(0.5, 3, (count, 1))).astype(dtype)


@pytest.mark.parametrize(("a", "b", "c"), [(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41)])
def test_a_cosine_at_the_threshold_counts_however_the_product_is_rounded(a: int, b: int, c: int) -> None:
    """Right triangles of whole sides: the cosine is a / c exactly, and in float32 above or below it."""
    queries = np.array([[c, 0], [2 * c, 0]], np.float32)
    gallery = np.array([[a, b], [a, b * 1.0001], [3 * a, 3 * b]], np.float32)
    found, _ = alike_embeddings(gallery, queries, a / c, None, False)
    assert found.kept.gallery[found.kept.query == 0].tolist() == [0, 2]
    assert found.count.tolist() == [2, 2]


def test_embeddings_of_two_encoders_are_refused() -> None:
    with pytest.raises(DualGeoError, match="have 8 numbers and the queries' 9"):
        alike_embeddings(np.ones((2, 8)), np.ones((2, 9)), 0.9, None, False)


def _photos(draw: np.random.Generator, count: int) -> Photos:
    """Photos around two places, one at the date line, some without a coordinate, a time or an author."""
    place = draw.integers(0, 2, count)
    lat = np.array([48.85, -16.9])[place] + draw.normal(0, 0.0007, count)
    lon = np.array([2.35, 180.0])[place] + draw.normal(0, 0.0007, count)
    lon = np.where(lon > 180, lon - 360, lon)
    lat[draw.random(count) < 0.1] = np.nan
    copied = draw.random(count) < 0.2
    lat[copied], lon[copied] = 48.85, 2.35
    minutes = draw.integers(0, 60, count)
    times = pd.Series([f"2013-10-09 15:{minute:02d}:00" for minute in minutes]).where(draw.random(count) < 0.8)
    authors = pd.Series(draw.choice(["ann", "bob"], count)).where(draw.random(count) < 0.8)
    return Photos("made", count, photographer=text(authors), lat=lat, lon=lon, times=times_of(text(times)))


@SETTINGS
@given(st.integers(0, 2**32), st.sampled_from([1.0, 60.0, 200.0]), st.sampled_from([1.0, 15.0]), LIMITS, st.booleans())
def test_places_moments_and_photographers_nearby(
    seed: int, metres: float, minutes: float, limit: int | None, within: bool
) -> None:
    draw = np.random.default_rng(seed)
    gallery = _photos(draw, 30)
    queries = gallery if within else _photos(draw, 12)
    apart = 1000 * haversine_km(queries.lat[:, None], queries.lon[:, None], gallery.lat[None], gallery.lon[None])
    wait = np.abs(queries.times.clock_s[:, None] - gallery.times.clock_s[None]) / 60
    own = np.array(queries.photographer.to_pylist())[:, None] == np.array(gallery.photographer.to_pylist())[None]
    own &= ~np.array([name is None for name in queries.photographer.to_pylist()])[:, None]
    both = nearby(gallery, queries, metres, minutes, limit, within)
    near = same_photographer_near(gallery, queries, metres, limit, within)
    for found, wanted in (
        (both.place, apart <= metres),
        (both.moment, (apart <= metres) & (wait <= minutes)),
        (near, own & (apart <= metres)),
    ):
        if within:
            wanted = wanted & ~np.eye(len(wanted), dtype=bool)
        assert np.array_equal(found.count, wanted.sum(axis=1))
        assert wanted[found.kept.query, found.kept.gallery].all()
        for query in np.flatnonzero(found.count):
            kept = found.kept.value[found.kept.query == query]
            assert np.allclose(kept, np.sort(apart[query][wanted[query]])[:limit], atol=1e-6)


def test_times_as_tables_and_cameras_write_them() -> None:
    written = [
        "2013-10-09 15:30:13.0",
        "2013:10:09 15:30:13",
        "2013-10-09T15:30:13+02:00",
        "2013/10/09 15:30",
        "2013-10-09T15:30:13Z",
        "2013-10-09",
        "0000-00-00 00:00:00",
        "2013-02-30 10:00:00",
        "yesterday",
        None,
    ]
    times = times_of(text(pd.Series(written)))
    known = pd.Timestamp("2013-10-09 15:30:13").timestamp()
    assert times.clock_s[:5].tolist() == [known, known, known, known - 13, known]
    assert np.isnan(times.clock_s[5:]).all()
    assert times.offset_s[[2, 4]].tolist() == [7200, 0] and np.isnan(times.offset_s[[0, 1, 3]]).all()


def test_clocks_of_one_place_are_compared_in_utc_where_both_tell_their_offset() -> None:
    times = times_of(text(pd.Series(["2013-10-09T17:30:00+02:00", "2013-10-09T15:30:00Z", "2013-10-09 17:30:00"])))
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    assert times.apart_s(first, times, second).tolist() == [0, 0, 7200]
