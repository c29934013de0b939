"""Why an answer is what it is: the clusters among the candidates, which one won, and how the coordinate follows."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from dualgeo.lmm.groups import Group, groups_of, letters
from dualgeo.lmm.places import near
from dualgeo.lmm.question import Place
from dualgeo.params import RefineParams
from dualgeo.refinement.clustering import dbscan_labels
from dualgeo.refinement.rerank import choose_cluster
from dualgeo.serving.locate import Location, Seen


@dataclass(frozen=True)
class Cluster:
    """A cluster of candidates as it is told."""

    letter: str
    """A has the largest summed similarity."""
    group: Group
    towns: list[tuple[str, int]]
    """Nearest towns and how many members lie near each, the most frequent first."""
    won: bool


@dataclass(frozen=True)
class Explanation:
    """The reasons for the answer that retrieval gives."""

    clusters: list[Cluster]
    alone: list[Place]
    """Candidates in no cluster, most similar first."""
    choice: str
    """Why this cluster, or why none: one or two sentences."""
    coordinate: str
    """How the coordinate follows; one sentence."""


def places_of(seen: Seen, params: RefineParams) -> tuple[Place, ...]:
    """Candidates, most similar first, with the labels that the configured radius gives, whatever `rerank` says."""
    labels = dbscan_labels(seen.lat[None], seen.lon[None], params.eps_km, params.min_samples)[0]
    columns = zip(seen.photo_ids, seen.lat, seen.lon, seen.similarity, labels, strict=True)
    return tuple(
        Place(photo_id, float(lat), float(lon), round(float(similarity), 6), int(label))
        for photo_id, lat, lon, similarity, label in columns
    )


def explain(seen: Seen, location: Location, params: RefineParams) -> Explanation:
    """Explain the answer `location` that retrieval gave from what was `seen`."""
    places = places_of(seen, params)
    groups = groups_of(places)
    winner = _winner(places, params)
    clusters = [_cluster(at, group, winner) for at, group in enumerate(groups)]
    alone = [place for place in places if place.cluster < 0]
    won = next((cluster for cluster in clusters if cluster.won), None)
    choice = _no_choice(places, clusters, params) if won is None else _choice(won, clusters, params)
    return Explanation(clusters, alone, choice, _coordinate(places, location, won, params))


def _winner(places: tuple[Place, ...], params: RefineParams) -> int:
    if params.rerank == "none":
        return -1
    labels = np.array([[place.cluster for place in places]], dtype=np.int64)
    return int(choose_cluster(labels, np.array([[place.similarity for place in places]]), params.choose)[0])


def _cluster(position: int, group: Group, winner: int) -> Cluster:
    towns = Counter(near(place.lat, place.lon) for place in group.places)
    return Cluster(letters(position), group, towns.most_common(), group.cluster == winner)


def _no_choice(places: tuple[Place, ...], clusters: list[Cluster], params: RefineParams) -> str:
    if clusters:
        return "Clusters play no part in this answer (refine.rerank is none): the order of similarity stands."
    return (
        f"No {params.min_samples} of the {len(places)} candidates lie within {params.eps_km:g} km of each other, "
        "so there is no cluster and the order of similarity stands."
    )


def _choice(won: Cluster, clusters: list[Cluster], params: RefineParams) -> str:
    others = [cluster for cluster in clusters if not cluster.won]
    if not others:
        return f"Cluster {won.letter} won: it is the only one."
    key = _by_sum if params.choose == "similarity" else _by_size
    rival = max(others, key=lambda cluster: (key(cluster), -cluster.group.cluster))
    if key(won) == key(rival):
        return f"Cluster {won.letter} won although {rival.letter} is as strong: its first photo is more similar."
    total, photos = won.group.similarity_sum, len(won.group.places)
    if params.choose == "similarity":
        said = f"its photos' similarities add up to {total:.2f}, those of {rival.letter} to "
        return f"Cluster {won.letter} won: {said}{rival.group.similarity_sum:.2f}."
    return (
        f"Cluster {won.letter} won: it has {photos} photos of the candidates, {rival.letter} {len(rival.group.places)}."
    )


def _by_sum(cluster: Cluster) -> tuple[float, float]:
    return round(cluster.group.similarity_sum, 9), len(cluster.group.places)


def _by_size(cluster: Cluster) -> tuple[float, float]:
    return len(cluster.group.places), round(cluster.group.similarity_sum, 9)


def _coordinate(places: tuple[Place, ...], location: Location, won: Cluster | None, params: RefineParams) -> str:
    taken = next(place for place in places if (place.lat, place.lon) == (location.lat, location.lon))
    if won is None:
        return f"The coordinate is that of {taken.photo_id}, the most similar candidate ({taken.similarity:.3f})."
    if params.refiner == "none":
        return f"The coordinate is that of {taken.photo_id}, which lies nearest to the centre of cluster {won.letter}."
    return (
        f"The coordinate is that of {taken.photo_id} ({taken.similarity:.3f}), the photo of cluster {won.letter} that "
        "lies nearest to all its others, the similar ones counting most."
    )
