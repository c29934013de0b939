"""No place and no photographer is ever in two splits, and every photo within the separation is one place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from dualgeo.datasets import splits
from dualgeo.datasets.splits import assign, groups, places
from dualgeo.errors import DualGeoError
from dualgeo.geo.sphere import EARTH_RADIUS_KM, haversine_km

COORDINATES = st.lists(
    st.tuples(
        st.one_of(st.floats(-90, 90), st.floats(-0.02, 0.02), st.floats(89.98, 90)),
        st.one_of(st.floats(-180, 180), st.floats(179.98, 180), st.floats(-180, -179.98), st.floats(-0.02, 0.02)),
    ),
    min_size=1,
    max_size=40,
)


@given(COORDINATES, st.sampled_from([0.0, 200.0, 1000.0]))
@settings(max_examples=60)
def test_different_places_are_farther_apart_than_the_separation(
    points: list[tuple[float, float]], metres: float
) -> None:
    lat, lon = np.array(points).T
    label = places(lat, lon, metres)
    apart = 1000 * haversine_km(lat[:, None], lon[:, None], lat[None], lon[None])
    assert (apart[label[:, None] != label[None]] >= metres - 1e-3).all()
    assert list(dict.fromkeys(label)) == list(range(label.max() + 1))


def test_places_are_those_of_dbscan(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lat, lon = 48 + rng.uniform(0, 0.2, 400), 179.95 + rng.uniform(0, 0.3, 400)
    lon = np.where(lon > 180, lon - 360, lon)
    reference = DBSCAN(eps=1 / EARTH_RADIUS_KM, min_samples=1, metric="haversine").fit_predict(
        np.radians(np.column_stack([lat, lon]))
    )
    for pairs in (splits.PAIRS_AT_ONCE, 100):
        monkeypatch.setattr(splits, "PAIRS_AT_ONCE", pairs)
        ours = places(lat, lon, 1000)
        assert len(set(zip(ours, reference, strict=True))) == len(set(ours)) == len(set(reference))


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([None, "a", "b", "c", "d"])), min_size=1, max_size=60),
    st.integers(0, 5),
)
def test_no_place_or_photographer_in_two_splits(photos: list[tuple[int, str | None]], seed: int) -> None:
    place, who = np.array([place for place, _ in photos]), [name for _, name in photos]
    group = groups(np.unique(place, return_inverse=True)[1], who)
    if group.max() < 2:
        with pytest.raises(DualGeoError, match="at least 3 are needed"):
            assign(group, 0.1, 0.2, seed)
        return
    split = assign(group, 0.1, 0.2, seed)
    assert set(split) == {"gallery", "validation", "query"}
    assert split == assign(group, 0.1, 0.2, seed)
    for key in ([*place], who):
        pairs = {(value, name) for value, name in zip(key, split, strict=True) if value is not None}
        assert len(pairs) == len({value for value, _ in pairs})


def test_shares_are_met_where_groups_are_small() -> None:
    split = assign(np.arange(1000), 0.1, 0.2, 3)
    assert (split.count("query"), split.count("validation"), split.count("gallery")) == (200, 100, 700)
    assert split != assign(np.arange(1000), 0.1, 0.2, 4)


def test_an_oversize_group_is_gallery() -> None:
    group = np.array([0] * 90 + list(range(1, 11)))
    assert set(assign(group, 0.1, 0.2, 0)[:90]) == {"gallery"}
