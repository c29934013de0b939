"""Answers as JSON-ready values: degrees to 6 decimals (0.1 m), km to 3."""

from typing import TYPE_CHECKING

from dualgeo.serving.explain import Cluster, Explanation
from dualgeo.serving.locate import Location
from dualgeo.serving.results import Found

if TYPE_CHECKING:  # a model's side needs libraries that a served system does without
    from dualgeo.serving.asking import Consultation
    from dualgeo.serving.statement import Statement


def document_of(
    photo: str, system: str, found: Found, candidates: int, reasons: Explanation | None
) -> dict[str, object]:
    """All that is known of one photo: the answer and, where they were wanted, `explanation` and `lmm`."""
    document = as_document(photo, system, found.location, candidates)
    if reasons is not None:
        document["explanation"] = explanation_document(reasons)
    if found.consultation is not None:
        document["lmm"] = consultation_document(found.consultation)
    return document


def as_document(photo: str, system: str, location: Location, candidates: int) -> dict[str, object]:
    """The answer alone."""
    return {
        "photo": photo,
        "lat": round(location.lat, 6),
        "lon": round(location.lon, 6),
        "place": location.place.city,
        "country": location.place.code,
        "radius_km": {f"{coverage:g}": round(radius, 3) for coverage, radius in location.radius_km.items()},
        "system": system,
        "stand_in_encoders": location.stand_in,
        "candidates": [
            {
                "photo_id": c.photo_id,
                "lat": round(c.lat, 6),
                "lon": round(c.lon, 6),
                "similarity": round(c.similarity, 4),
                "cluster": c.cluster,
            }
            for c in location.candidates[:candidates]
        ],
    }


def explanation_document(explanation: Explanation) -> dict[str, object]:
    """The clusters and why one of them won."""
    return {
        "choice": explanation.choice,
        "coordinate": explanation.coordinate,
        "clusters": [_cluster(cluster) for cluster in explanation.clusters],
        "alone": [place.photo_id for place in explanation.alone],
    }


def consultation_document(consultation: "Consultation") -> dict[str, object]:
    """What a model said, whose answer stands, and the answer without the model."""
    return {
        "source": consultation.location.source,
        "verdict": consultation.verdict,
        "paid_usd": round(consultation.paid_usd, 6),
        "without_lmm": _answer(consultation.without),
        "answers": [_statement(statement) for statement in consultation.statements],
    }


def _answer(location: Location) -> dict[str, object]:
    radii = {f"{coverage:g}": round(radius, 3) for coverage, radius in location.radius_km.items()}
    return {"lat": round(location.lat, 6), "lon": round(location.lon, 6), "radius_km": radii}


def _cluster(cluster: Cluster) -> dict[str, object]:
    group = cluster.group
    return {
        "cluster": group.cluster,
        "name": cluster.letter,
        "won": cluster.won,
        "photos": len(group.places),
        "lat": round(group.lat, 6),
        "lon": round(group.lon, 6),
        "spread_km": round(group.spread_km, 3),
        "similarity_sum": round(group.similarity_sum, 4),
        "best_similarity": round(group.best, 4),
        "places": [{"name": name, "photos": photos} for name, photos in cluster.towns],
        "photo_ids": [place.photo_id for place in group.places],
    }


def _statement(statement: "Statement") -> dict[str, object]:
    return {
        "prompt": statement.prompt,
        "model": statement.model,
        "outcome": statement.outcome,
        "reason": statement.reason,
        "lat": _rounded(statement.lat, 6),
        "lon": _rounded(statement.lon, 6),
        "radius_km": _rounded(statement.radius_km, 3),
        "place": statement.place,
        "evidence": statement.evidence,
        "candidates_used": statement.used,
        "similarity": _rounded(statement.similarity, 4),
        "from_retrieval_km": _rounded(statement.from_retrieval_km, 3),
        "chosen": statement.chosen,
        "usd": round(statement.usd, 6),
        "from_store": statement.from_store,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
