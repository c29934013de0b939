"""Candidates by geographic cluster: how many, where, how wide, how similar."""

from collections.abc import Sequence
from dataclasses import dataclass

from dualgeo.geo.sphere import haversine_km, spherical_mean
from dualgeo.lmm.question import Place


@dataclass(frozen=True)
class Group:
    """A cluster of candidates."""

    cluster: int
    """Its DBSCAN label."""
    places: tuple[Place, ...]
    """Its members, most similar first; never empty."""
    lat: float
    lon: float
    """Mean of the members on the sphere, degrees."""
    spread_km: float
    """Distance of the farthest member from that centre."""
    similarity_sum: float
    """Summed cosines, a negative one counted as 0: what the re-rank chooses by."""

    @property
    def best(self) -> float:
        """Highest similarity of a member."""
        return self.places[0].similarity


def groups_of(places: Sequence[Place]) -> list[Group]:
    """The clusters among `places` (most similar first), largest summed similarity first; noise is in none.

    Equal sums go by size, then by the lower label, as the re-rank by similarity has it.
    """
    labels = sorted({place.cluster for place in places if place.cluster >= 0})
    made = [_group(number, [place for place in places if place.cluster == number]) for number in labels]
    return sorted(made, key=lambda group: (-round(group.similarity_sum, 9), -len(group.places), group.cluster))


def letters(position: int) -> str:
    """A, B, ..., Z, AA, AB, ...: names of clusters that cannot be taken for the labels of places."""
    name = ""
    position += 1
    while position > 0:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def rounded_km(distance: float) -> float:
    """Kilometres with as many digits as they mean: one decimal below ten."""
    return round(distance, 1) if distance < 10 else float(round(distance))


def _group(number: int, members: list[Place]) -> Group:
    lats, lons = [place.lat for place in members], [place.lon for place in members]
    mean_lat, mean_lon = spherical_mean(lats, lons)
    lat, lon = float(mean_lat), float(mean_lon)
    spread = float(haversine_km(lats, lons, lat, lon).max())
    total = sum(max(place.similarity, 0.0) for place in members)
    return Group(number, tuple(members), lat, lon, spread, total)
