"""Re-rank candidates by geographic agreement: the winning cluster's surroundings first."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats, haversine_km, spherical_mean
from dualgeo.params import RefineParams
from dualgeo.refinement.clustering import dbscan_labels

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """The candidates of B queries, best first: degrees and cosine similarity, each (B, k).

    NaN latitude, longitude and score mark a place without a candidate; those places come last.
    """

    lat: Floats
    lon: Floats
    score: Floats

    def __post_init__(self) -> None:
        if self.lat.ndim != 2 or not self.lat.shape == self.lon.shape == self.score.shape:
            raise ValueError("lat, lon and score of candidates must have one shape (B, k)")

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Where there is a candidate, (B, k)."""
        return np.isfinite(self.lat) & np.isfinite(self.lon)


@dataclass(frozen=True)
class Reranked:
    """What the clusters say about B queries with k candidates each."""

    cluster: Integers
    """DBSCAN label (B, k), -1 for noise and for absent candidates."""
    winner: Integers
    """Label of the chosen cluster (B,), -1 where there is none."""
    centre_lat: Floats
    centre_lon: Floats
    """Centre of the chosen cluster (B,), degrees; NaN where there is none."""
    position: Integers
    """Place of each candidate after the re-rank (B, k), 0 first; a permutation in each row."""

    @property
    def members(self) -> npt.NDArray[np.bool_]:
        """Candidates of the chosen cluster, (B, k)."""
        return (self.cluster == self.winner[:, None]) & (self.cluster >= 0)

    @property
    def first(self) -> Integers:
        """Column of the candidate that comes first after the re-rank, (B,)."""
        return np.argmin(self.position, axis=1)


def rerank(candidates: Candidates, params: RefineParams) -> Reranked:
    """Cluster each query's candidates, choose a cluster, and order all of them by distance to its centre.

    Equal distances and queries without a cluster keep the retrieval order. The published way is
    choose="size", centre="degrees" (arXiv 2604.25533); params.rerank="none" clusters nothing.
    """
    queries, k = candidates.lat.shape
    if params.rerank == "none":
        cluster = np.full((queries, k), -1, dtype=np.int64)
    else:
        cluster = dbscan_labels(candidates.lat, candidates.lon, params.eps_km, params.min_samples)
    winner = choose_cluster(cluster, candidates.score, params.choose)
    members = (cluster == winner[:, None]) & (cluster >= 0)
    centre_lat, centre_lon = cluster_centre(candidates, members, params)
    distance = haversine_km(candidates.lat, candidates.lon, centre_lat[:, None], centre_lon[:, None])
    # Absent candidates stay last; without a cluster every distance is NaN and the order is kept. Both members of a pair
    # are as far from its centre: to the millimetre that is a tie, and rounding errors do not decide it.
    distance = np.where(winner[:, None] >= 0, np.round(distance, 6), 0.0)
    order = np.argsort(np.where(candidates.present, distance, np.inf), axis=1, kind="stable")
    position = np.empty_like(order)
    np.put_along_axis(position, order, np.broadcast_to(np.arange(k), order.shape), axis=1)
    return Reranked(cluster, winner, centre_lat, centre_lon, position)


def choose_cluster(cluster: Integers, score: Floats, by: str) -> Integers:
    """The winning label of each row (B,), -1 where all is noise.

    by="similarity": the largest summed similarity (a negative one counts as 0), then the most members;
    by="size": the most members, then the largest summed similarity. What is still equal goes to the lower label,
    the cluster that appears first among the candidates.
    """
    queries, k = cluster.shape
    winner = np.full(queries, -1, dtype=np.int64)
    if k == 0 or cluster.max(initial=-1) < 0:
        return winner
    member = cluster[:, :, None] == np.arange(cluster.max() + 1)  # (B, k, labels)
    sizes = member.sum(axis=1)
    sums = np.where(member, np.maximum(np.nan_to_num(score), 0.0)[:, :, None], 0.0).sum(axis=1)
    # Sums of one set of numbers in another order differ in the last bits: not a difference to decide by.
    sums = np.round(sums, 9)
    first, second = (sums, sizes) if by == "similarity" else (sizes, sums)
    first = np.where(sizes > 0, first, -1)
    second = np.where(first == first.max(axis=1, keepdims=True), second, -1)
    return np.where(sizes.any(axis=1), np.argmax(second, axis=1), -1)


def cluster_centre(
    candidates: Candidates, members: npt.NDArray[np.bool_], params: RefineParams
) -> tuple[Floats, Floats]:
    """Centre of the marked candidates of each row (B,); NaN where none is marked.

    centre="sphere": mean direction, weighted by similarity when similarity also chooses the cluster.
    centre="degrees": the arithmetic mean of latitudes and longitudes as published, wrong near 180 degrees.
    """
    if params.centre == "degrees":
        count = members.sum(axis=1)
        lat, lon = (
            np.where(members, values, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)
            for values in (candidates.lat, candidates.lon)
        )
        return lat, lon
    weights = members.astype(np.float64)
    if params.choose == "similarity":
        weighted = np.where(members, np.maximum(np.nan_to_num(candidates.score), 0.0), 0.0)
        weights = np.where(weighted.any(axis=1, keepdims=True), weighted, weights)
    return spherical_mean(candidates.lat, candidates.lon, weights)
