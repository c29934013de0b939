"""The re-rank: which cluster wins, where its centre lies, and the order that follows."""

import numpy as np
import pytest

from dualgeo.geo.sphere import destination, haversine_km
from dualgeo.params import RefineParams
from dualgeo.refinement.consensus import medoid, trust
from dualgeo.refinement.rerank import Candidates, rerank


def refine_params(**changes: object) -> RefineParams:
    defaults: dict[str, object] = {
        "rerank": "cluster",
        "eps_km": 50.0,
        "min_samples": 2,
        "centre": "sphere",
        "choose": "similarity",
        "refiner": "consensus",
        "radius_coverage": [0.5, 0.9],
    }
    return RefineParams.model_validate(defaults | changes)


PUBLISHED = {"choose": "size", "centre": "degrees"}


def candidates(*points: tuple[float, float, float]) -> Candidates:
    """One query; (lat, lon, similarity) of each candidate."""
    table = np.array(points)
    return Candidates(table[None, :, 0], table[None, :, 1], table[None, :, 2])


FIJI = candidates((-16.8, 179.9, 0.9), (-16.8, -179.9, 0.8), (-16.7, 179.95, 0.7), (48.8, 2.3, 0.6))


def test_a_cluster_in_fiji_has_its_centre_in_fiji() -> None:
    ours = rerank(FIJI, refine_params())
    assert float(haversine_km(ours.centre_lat[0], ours.centre_lon[0], -16.77, 179.98)) < 15
    assert list(ours.position[0, 3:]) == [3]  # Paris comes last
    published = rerank(FIJI, refine_params(**PUBLISHED))
    assert float(haversine_km(published.centre_lat[0], published.centre_lon[0], -16.77, 179.98)) > 10_000


def test_order_is_by_distance_to_the_centre_for_all_candidates() -> None:
    result = rerank(FIJI, refine_params())
    order = np.argsort(result.position[0])
    distance = haversine_km(FIJI.lat[0], FIJI.lon[0], result.centre_lat[0], result.centre_lon[0])[order]
    assert (np.diff(distance) >= 0).all()


TWO_CLUSTERS = candidates((10, 10, 0.9), (50, 50, 0.3), (10.1, 10, 0.8), (50.1, 50, 0.3), (50.2, 50, 0.3))


def test_similarity_and_size_choose_differently() -> None:
    assert rerank(TWO_CLUSTERS, refine_params()).winner[0] == 0
    assert rerank(TWO_CLUSTERS, refine_params(choose="size")).winner[0] == 1
    assert rerank(TWO_CLUSTERS, refine_params(choose="size")).members[0].tolist() == [False, True, False, True, True]


def test_ties_in_size_go_to_summed_similarity_then_to_the_first() -> None:
    points = [(10, 10, 0.2), (50, 50, 0.3), (10.1, 10, 0.2), (50.1, 50, 0.3)]
    assert rerank(candidates(*points), refine_params(choose="size")).winner[0] == 1
    level = [(lat, lon, 0.3) for lat, lon, _ in points]
    assert rerank(candidates(*level), refine_params(choose="size")).winner[0] == 0
    assert rerank(candidates(*level), refine_params()).winner[0] == 0


def test_negative_similarities_still_choose_and_centre() -> None:
    result = rerank(candidates((10, 10, -0.1), (10.2, 10, -0.2), (50, 50, -0.3)), refine_params())
    assert result.winner[0] == 0
    assert result.centre_lat[0] == pytest.approx(10.1)


@pytest.mark.parametrize("changes", [{}, PUBLISHED, {"rerank": "none"}])
def test_without_a_cluster_the_retrieval_order_stays(changes: dict[str, object]) -> None:
    result = rerank(candidates((10, 10, 0.9), (-40, 60, 0.8), (70, -100, 0.7)), refine_params(**changes))
    assert result.winner[0] == -1
    assert result.position[0].tolist() == [0, 1, 2]
    assert np.isnan(result.centre_lat[0])


def test_equal_distances_keep_the_retrieval_order() -> None:
    same = candidates(*[(10.0, 10.0, 0.5)] * 6)
    assert rerank(same, refine_params()).position[0].tolist() == list(range(6))


def test_absent_candidates_come_last() -> None:
    lat = np.array([[10.0, 50.0, 50.1, np.nan], [np.nan] * 4])
    batch = Candidates(lat, lat.copy(), np.where(np.isnan(lat), np.nan, 0.5))
    result = rerank(batch, refine_params())
    assert result.position.tolist() == [[2, 0, 1, 3], [0, 1, 2, 3]]
    assert result.winner.tolist() == [0, -1]


def test_a_query_is_reranked_the_same_in_any_batch() -> None:
    rng = np.random.default_rng(0)
    lat, lon = destination(
        np.full((30, 20), -17.0), 180.0, rng.uniform(0, 360, (30, 20)), rng.uniform(0, 400, (30, 20))
    )
    score = -np.sort(-rng.random((30, 20)))
    whole = rerank(Candidates(lat, lon, score), refine_params())
    for row in (0, 13, 29):
        part = slice(row, row + 1)
        alone = rerank(Candidates(lat[part], lon[part], score[part]), refine_params())
        np.testing.assert_array_equal(alone.position, whole.position[part])
        np.testing.assert_array_equal(alone.centre_lat, whole.centre_lat[part])


def test_trust_ignores_the_scale_of_similarities() -> None:
    points = [(0.0, 0.0, 0.9), (1.0, 1.0, 0.5), (2.0, 2.0, 0.4)]
    scaled = [(lat, lon, 0.9 + score / 100) for lat, lon, score in points]
    np.testing.assert_allclose(trust(candidates(*points)), trust(candidates(*scaled)), rtol=1e-6)
    np.testing.assert_array_equal(trust(candidates(*[(0.0, 0.0, 0.5)] * 3)), [[1, 1, 1]])


def test_medoid_is_the_candidate_nearest_to_the_others() -> None:
    batch = candidates((0, 0, 0.5), (0, 1, 0.5), (0, 2.1, 0.5), (60, 60, 0.5))
    eligible = np.array([[True, True, True, False]])
    assert medoid(batch, eligible, np.ones((1, 4)))[0] == 1
    assert medoid(batch, eligible, np.array([[1.0, 1.0, 9.0, 99.0]]))[0] == 2
    assert medoid(batch, np.zeros((1, 4), dtype=bool), np.ones((1, 4)))[0] == 0
