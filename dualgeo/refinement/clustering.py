"""DBSCAN over the few candidates of many queries at once.

The algorithm is Ester, Kriegel, Sander and Xu's (KDD 1996); the labels are those scikit-learn's DBSCAN gives to each
query alone. Neighbourhoods are rows of bits: 64 candidates to a machine word make the transitive closure of a whole
batch of queries a few dozen array operations.
"""

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import HALF_CIRCUMFERENCE_KM, Floats, chord_of_km, unit_vectors

Words = npt.NDArray[np.uint64]
_WORD = 64
# Bytes of the arrays worked on at a time: small enough to stay in a core's cache, which doubles the speed.
_DISTANCE_BYTES = 1 << 19
_ROW_BYTES = 1 << 18


def dbscan_labels(lat: npt.ArrayLike, lon: npt.ArrayLike, eps_km: float, min_samples: int) -> npt.NDArray[np.int64]:
    """Cluster labels (B, k) of the candidates of B queries, each query clustered by itself.

    `lat`, `lon`: degrees, shape (B, k); NaN marks a place without a candidate. Two candidates are neighbours when their
    great-circle distance on the mean sphere is at most `eps_km`; a candidate with `min_samples` neighbours, itself
    included, is a core point. Clusters are numbered by their first core point in candidate order; a border point goes
    to the lowest-numbered cluster that reaches it; -1 is noise.
    """
    lats, lons = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    if lats.ndim != 2 or lats.shape != lons.shape:
        raise ValueError(f"lat and lon must have one shape (B, k), not {lats.shape} and {lons.shape}")
    queries, k = lats.shape
    labels = np.full((queries, k), -1, dtype=np.int64)
    if k == 0:
        return labels
    limit = np.inf if eps_km >= HALF_CIRCUMFERENCE_KM else float(chord_of_km(eps_km)) ** 2
    vectors = unit_vectors(lats, lons)
    step = max(1, _ROW_BYTES // (k * 8 * _words(k)))
    for start in range(0, queries, step):
        chunk = slice(start, start + step)
        labels[chunk] = _labels(_neighbours(vectors[chunk], limit), min_samples)
    return labels


def _words(k: int) -> int:
    return -(-k // _WORD)


def _neighbours(vectors: Floats, limit: float) -> Words:
    """Rows of bits (k, B, words): bit j of row i is set where candidates i and j lie within a squared chord."""
    queries, k, _ = vectors.shape
    rows = np.zeros((queries, k, 8 * _words(k)), dtype=np.uint8)
    points = np.ascontiguousarray(np.moveaxis(vectors, -1, 0))  # (3, B, k)
    step = max(1, _DISTANCE_BYTES // (8 * k * k))
    for start in range(0, queries, step):
        x, y, z = points[:, start : start + step]
        squared = _squared_differences(x)
        squared += _squared_differences(y)
        squared += _squared_differences(z)
        # An absent candidate is NaN here, which is near nothing, not even at an infinite limit.
        rows[start : start + step, :, : -(-k // 8)] = np.packbits(squared <= limit, axis=-1, bitorder="little")
    return np.ascontiguousarray(np.swapaxes(_as_words(rows), 0, 1))


def _as_words(octets: npt.NDArray[np.uint8]) -> Words:
    return octets.view("<u8").astype(np.uint64, copy=False)


def _squared_differences(values: Floats) -> Floats:
    # Differences, not 2 - 2 * dot products: these keep their digits for candidates metres apart.
    difference = values[:, :, None] - values[:, None, :]
    return np.multiply(difference, difference, out=difference)


def _labels(adjacent: Words, min_samples: int) -> npt.NDArray[np.int64]:
    """Labels (B, k) from bit rows (k, B, words)."""
    k, _, words = adjacent.shape
    core = np.bitwise_count(adjacent).sum(axis=-1) >= min_samples  # (k, B)
    # A row with bits of core points only: what the candidate can be reached from.
    reach = adjacent & _bits_of(core, words)
    for pivot in range(k):
        word, bit = divmod(pivot, _WORD)
        # All ones where the pivot is in the row, so that the pivot's row is added there.
        mask = np.uint64(0) - ((reach[:, :, word] >> np.uint64(bit)) & np.uint64(1))
        reach |= mask[:, :, None] & reach[pivot]
    below = _bits_below(k, words)[:, None, :]
    first = core & ~np.any(reach & below, axis=-1)  # the first core point of its cluster
    firsts = _bits_of(first, words)  # (B, words)
    reached = reach & firsts
    # The label is the number of first points before the first one that reaches the candidate.
    labels = np.full(core.shape, -1, dtype=np.int64)
    counted = np.bitwise_count(firsts).astype(np.int64)
    before = np.cumsum(counted, axis=-1) - counted
    for word in reversed(range(words)):
        bits = reached[:, :, word]
        lowest = bits & (~bits + np.uint64(1))
        number = before[:, word] + np.bitwise_count(firsts[:, word] & (lowest - np.uint64(1)))
        labels = np.where(bits != 0, number, labels)
    return labels.T


def _bits_of(flags: npt.NDArray[np.bool_], words: int) -> Words:
    """Pack flags (k, B) into (B, words)."""
    k, queries = flags.shape
    packed = np.zeros((queries, words * 8), dtype=np.uint8)
    packed[:, : -(-k // 8)] = np.packbits(flags.T, axis=-1, bitorder="little")
    return _as_words(packed)


def _bits_below(k: int, words: int) -> Words:
    """Row i has bits 0..i-1 set: (k, words)."""
    return _bits_of(np.tri(k, k, -1, dtype=np.bool_).T, words)
