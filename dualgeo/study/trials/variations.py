"""What the ablation table varies without training again: the index' rows, the number of candidates, the re-rank."""

from dataclasses import dataclass

from dualgeo.params import Params, RefineParams

CONFIGURED = "as configured"
Parts = tuple[tuple[str, float], ...]
"""Names and weights of what a gallery row is made of."""


@dataclass(frozen=True)
class Variation:
    """One way from a trained system's vectors to coordinates."""

    group: str
    """What is varied: one of the groups below, or empty for the system as configured."""
    name: str
    parts: Parts
    top_k: int
    refine: RefineParams

    @property
    def key(self) -> str:
        """`re-rank: none`, as tables spell it."""
        return f"{self.group}: {self.name}" if self.group else self.name


RERANK, EPS, TOP_K, PARTS = "re-rank", "cluster radius", "candidates", "index rows"


def configured(params: Params, parts: Parts) -> Variation:
    """The system as params.yaml has it."""
    return Variation("", CONFIGURED, parts, params.retrieve.top_k, params.refine)


def variations_of(params: Params, parts: Parts) -> list[Variation]:
    """The system as configured, then everything that the table varies, one thing at a time.

    `parts`: what the system's index is made of; only a system that uses the raw image embedding has its rows varied.
    """
    base = configured(params, parts)
    return [base, *_reranks(base), *_radii(base, params), *_candidates(base, params), *_rows(base)]


def published(refine: RefineParams) -> RefineParams:
    """The rule of arXiv 2604.25533: the largest cluster, its arithmetic mean of degrees, the nearest candidate."""
    return refine.model_copy(
        update={
            "rerank": "cluster",
            "choose": "size",
            "centre": "degrees",
            "eps_km": 50.0,
            "min_samples": 2,
            "refiner": "none",
        }
    )


def ours(refine: RefineParams) -> RefineParams:
    """This project's rule at the configured radius: the most similar cluster, its spherical mean, its medoid."""
    return refine.model_copy(
        update={"rerank": "cluster", "choose": "similarity", "centre": "sphere", "refiner": "consensus"}
    )


def radius_name(eps_km: float) -> str:
    """How a cluster radius is named in tables."""
    return f"{eps_km:g} km"


def _reranks(base: Variation) -> list[Variation]:
    none = base.refine.model_copy(update={"rerank": "none", "refiner": "none"})
    rules = {"none": none, "published": published(base.refine), "ours": ours(base.refine)}
    return [Variation(RERANK, name, base.parts, base.top_k, refine) for name, refine in rules.items()]


def _radii(base: Variation, params: Params) -> list[Variation]:
    return [
        Variation(EPS, radius_name(eps), base.parts, base.top_k, ours(base.refine).model_copy(update={"eps_km": eps}))
        for eps in params.study.eps_km
    ]


def _candidates(base: Variation, params: Params) -> list[Variation]:
    return [Variation(TOP_K, f"{k}", base.parts, k, base.refine) for k in params.study.top_k]


def _rows(base: Variation) -> list[Variation]:
    if len(base.parts) < 2:
        return []
    alone = [Variation(PARTS, f"{name} only", ((name, 1.0),), base.top_k, base.refine) for name, _ in base.parts]
    both = " + ".join(f"{weight:g} {name}" for name, weight in base.parts)
    return [*alone, Variation(PARTS, both, base.parts, base.top_k, base.refine)]
