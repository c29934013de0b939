"""Candidates as geographic clusters: what the re-rank knows, put to the model."""

from collections import Counter
from collections.abc import Mapping

from dualgeo.lmm.groups import Group, groups_of, letters, rounded_km
from dualgeo.lmm.places import SIMILARITY_DECIMALS, json_line, label, near, place_lines, point
from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Place, Question
from dualgeo.lmm.strategies.zero_shot import zero_shot
from dualgeo.lmm.variants import Variant
from dualgeo.lmm.wording import SYSTEM, render, version_of

TEMPLATE = "dualgeo.j2"
MOST_NAMES = 3
"""Towns named of one cluster, the most frequent."""


def dualgeo(question: Question, variant: Variant, candidates: int, negatives: int) -> Prompt:
    """`dualgeo-10`: the ten most similar places by cluster; sizes and sums count all that were retrieved."""
    name = f"dualgeo-{candidates}"
    chosen = question.candidates[:candidates]
    if not chosen:
        return zero_shot(question, variant, name)
    groups = [group for group in groups_of(question.candidates) if any(place in chosen for place in group.places)]
    named = [(letters(position), group) for position, group in enumerate(groups)]
    alone = [place for place in chosen if place.cluster < 0]
    clustered = _turned(named, variant.turn)
    shown = [place for _, group in clustered for place in group.places if place in chosen] + alone
    labels = {place.photo_id: label(position) for position, place in enumerate(shown)}
    values: dict[str, object] = {
        "wording": variant.wording,
        "turn": variant.turn,
        "found": len(question.candidates),
        "clusters": "\n".join(json_line(_described(name, group, labels)) for name, group in clustered),
        "alone": place_lines(alone, labels),
        "negatives": place_lines(question.negatives[:negatives], {}),
    }
    text = render(TEMPLATE, values)
    return Prompt(variant.named(name), version_of(TEMPLATE), render(SYSTEM, {}), text, tuple(labels))


def _turned(named: list[tuple[str, Group]], turn: int) -> list[tuple[str, Group]]:
    """Clusters, given heaviest first, in the order of the variant (see `places.ordered`)."""
    match turn:
        case 0:
            return named
        case 1:
            return named[::-1]
        case 2:
            return sorted(named, key=lambda item: (item[1].lon, -item[1].lat))
        case _:
            return sorted(named, key=lambda item: (-item[1].lat, item[1].lon))


def _described(name: str, group: Group, labels: Mapping[str, str]) -> dict[str, object]:
    towns = Counter(near(place.lat, place.lon) for place in group.places)
    return {
        "cluster": name,
        "photos": len(group.places),
        "centre": point(group.lat, group.lon),
        "spread_km": rounded_km(group.spread_km),
        "similarity_sum": round(group.similarity_sum, 1),
        "near": [town for town, _ in towns.most_common(MOST_NAMES)],
        "members": [_member(place, labels) for place in group.places if place.photo_id in labels],
    }


def _member(place: Place, labels: Mapping[str, str]) -> list[object]:
    return [labels[place.photo_id], *point(place.lat, place.lon), round(place.similarity, SIMILARITY_DECIMALS)]
