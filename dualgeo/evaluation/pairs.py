"""Which variants are held against each other, in the report as in the records."""

from collections.abc import Sequence

LEAD, BASELINE = "dual", "image"


def lead_of(variants: Sequence[str]) -> str:
    """The variant that claims are about: dual where it was trained, else the last one of params.yaml."""
    return LEAD if LEAD in variants else variants[-1]


def baseline_of(variants: Sequence[str]) -> str | None:
    """What the others are compared with: image-only, else the first that is not the lead; None without another."""
    others = [variant for variant in variants if variant != lead_of(variants)]
    if not others:
        return None
    return BASELINE if BASELINE in others else others[0]


def pairs_of(variants: Sequence[str]) -> list[tuple[str, str]]:
    """Every (variant, baseline) that is compared, the lead first."""
    baseline = baseline_of(variants)
    if baseline is None:
        return []
    lead = lead_of(variants)
    return [(variant, baseline) for variant in [lead, *(v for v in variants if v not in (lead, baseline))]]
