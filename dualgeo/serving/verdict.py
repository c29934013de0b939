"""Whose answer stands for a photo that a model was asked about, and why, in words."""

from collections.abc import Sequence

from dualgeo.lmm.learned import Learned
from dualgeo.lmm.margin import ALWAYS, LEAST_PHOTOS, NEVER
from dualgeo.params.lmm import Verification
from dualgeo.refinement.refine import LMM
from dualgeo.serving.locate import Location
from dualgeo.serving.statement import Statement


def verdict(
    location: Location,
    statements: Sequence[Statement],
    method: Verification,
    learned: Learned | None,
    retrieval_similarity: float,
) -> str:
    """One sentence; `learned` is what the refine stage found out about the system's validation photos."""
    fits = [statement.similarity for statement in statements if statement.similarity is not None]
    stands = "the model's answer stands" if location.source == LMM else "the retrieval answer stands"
    if not fits:
        return f"The model gave no coordinate ({_outcomes(statements)}), so {stands}."
    if method == "none":
        return f"Nothing is verified (lmm.verification is none), so {stands}."
    if method == "consensus":
        return f"By consensus of the candidates and the model {stands}."
    if method == "similarity-argmax":
        return f"Of the candidates' coordinates and the model's the one that fits the photo best was taken: {stands}."
    if learned is None or learned.method != method:
        return f"The refine stage has not learned with this system when to believe a model, so {stands}."
    margin = learned.margin
    if margin.photos < LEAST_PHOTOS or margin.value in (NEVER, ALWAYS):
        return margin.words
    relation = "more" if location.source == LMM else "not more"
    return (
        f"The model's coordinate fits the photo with {max(fits):.3f} and the retrieval answer with "
        f"{retrieval_similarity:.3f}: {relation} than the margin of {margin.value:.3f} learned on {margin.photos} "
        f"validation photos, so {stands}."
    )


def _outcomes(statements: Sequence[Statement]) -> str:
    return ", ".join(dict.fromkeys(statement.outcome for statement in statements))
