"""The reasons that `dualgeo locate --explain` gives are the ones by which the answer was taken."""

from typing import Any, cast

import numpy as np
import pytest
from rich.console import Console

from dualgeo.geo.places import name_place
from dualgeo.params import RefineParams
from dualgeo.refinement.refine import refine_one
from dualgeo.serving.explain import Explanation, explain
from dualgeo.serving.locate import Location, Seen
from dualgeo.serving.printing import print_explanation

PARIS = [(48.8584, 2.2945), (48.8606, 2.3376), (48.8530, 2.3499)]
SYDNEY = [(-33.8568, 151.2153), (-33.8600, 151.2100)]
ALONE = [(64.1466, -21.9426)]


def params(**changes: object) -> RefineParams:
    values = {
        "rerank": "cluster",
        "eps_km": 50.0,
        "min_samples": 2,
        "centre": "sphere",
        "choose": "similarity",
        "refiner": "consensus",
        "radius_coverage": [0.5, 0.9],
    }
    return RefineParams.model_validate(values | changes)


def explained(places: list[tuple[float, float]], similarity: list[float], **changes: object) -> Explanation:
    """The explanation of the answer that these candidates really get."""
    lat, lon = (np.array(values) for values in zip(*places, strict=True))
    ids = [f"photo-{number}" for number in range(len(places))]
    seen = Seen(cast(Any, None), cast(Any, None), ids, lat, lon, np.array(similarity))
    refine = params(**changes)
    located = refine_one(lat, lon, similarity, refine, None)
    assert located.lat is not None and located.lon is not None
    location = Location(located.lat, located.lon, name_place(located.lat, located.lon), {}, [], False)
    explanation = explain(seen, location, refine)
    [named] = [place for place in zip(ids, places, strict=True) if f"of {place[0]}" in explanation.coordinate]
    assert named[1] == (located.lat, located.lon), "the sentence names the photo whose coordinate it is"
    return explanation


def test_the_larger_sum_of_similarities_wins() -> None:
    found = explained([SYDNEY[0], *PARIS, SYDNEY[1], *ALONE], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert [(c.letter, c.won, len(c.group.places)) for c in found.clusters] == [("A", True, 3), ("B", False, 2)]
    assert found.choice == "Cluster A won: its photos' similarities add up to 2.10, those of B to 1.40."
    assert "nearest to all its others" in found.coordinate and "cluster A" in found.coordinate
    assert [place.photo_id for place in found.alone] == ["photo-5"]
    assert found.clusters[1].towns[0][0].endswith("Australia")


def test_by_size_the_larger_cluster_wins_though_its_sum_is_smaller() -> None:
    found = explained([*SYDNEY, *PARIS], [0.95, 0.9, 0.2, 0.2, 0.2], choose="size")
    assert [(c.letter, c.won) for c in found.clusters] == [("A", False), ("B", True)]
    assert found.choice == "Cluster B won: it has 3 photos of the candidates, A 2."


def test_equals_are_told_apart_by_the_first_photo() -> None:
    found = explained([SYDNEY[0], PARIS[0], PARIS[1], SYDNEY[1]], [0.5, 0.5, 0.5, 0.5])
    assert found.clusters[0].won and found.clusters[0].towns[0][0].endswith("Australia")
    assert "although B is as strong" in found.choice


def test_a_single_cluster_needs_no_rival() -> None:
    found = explained([*PARIS, *ALONE], [0.5, 0.5, 0.5, 0.9], refiner="none")
    assert found.choice == "Cluster A won: it is the only one."
    assert "nearest to the centre of cluster A" in found.coordinate


def test_without_a_cluster_the_most_similar_stands() -> None:
    found = explained([SYDNEY[0], PARIS[0], *ALONE], [0.7, 0.6, 0.5])
    assert found.clusters == [] and len(found.alone) == 3
    assert found.choice.startswith("No 2 of the 3 candidates lie within 50 km of each other")
    assert found.coordinate == "The coordinate is that of photo-0, the most similar candidate (0.700)."


def test_clusters_that_play_no_part_are_said_to_play_none() -> None:
    found = explained([SYDNEY[0], *PARIS], [0.9, 0.8, 0.7, 0.6], rerank="none")
    assert [c.won for c in found.clusters] == [False]
    assert "refine.rerank is none" in found.choice and "most similar candidate" in found.coordinate


def test_a_person_reads_it_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained([SYDNEY[0], *PARIS, SYDNEY[1], *ALONE], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    print_explanation(Console(width=120), found, 50.0)
    printed = capsys.readouterr().out
    for words in ("candidates within 50 km", "A won", "2.10", "Paris, France", "1 of the candidates", found.choice):
        assert words in printed
