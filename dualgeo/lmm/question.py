"""What is asked about one photo: the places that retrieval found for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A gallery photo among the candidates, as far as a prompt may speak of it."""

    photo_id: str
    """Never shown to a model: an id may be a file name, and a file name may say anything."""
    lat: float
    lon: float
    """Degrees, WGS84."""
    similarity: float
    """Cosine, -1..1."""
    cluster: int
    """DBSCAN label among the query's candidates, -1: none."""


@dataclass(frozen=True)
class Question:
    """One photo to be located."""

    query_id: str
    query_set: str
    split: str
    """"query" or "validation": radii are calibrated on validation photos, so these are asked about as well."""
    filtered: bool
    """Whether the candidates are those of the search without the photos that give the query away."""
    candidates: tuple[Place, ...]
    """All that were retrieved, most similar first; may be empty."""
    negatives: tuple[Place, ...]
    """Gallery photos that look least like this one, least similar first; shown as unlikely places."""
