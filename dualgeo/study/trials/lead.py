"""Which variant the study is about, and what it is measured against."""

from collections.abc import Sequence

from dualgeo.errors import DualGeoError


def lead_of(variants: Sequence[str]) -> str:
    """The variant whose worth is asked: dual where it is trained, else the last one."""
    return "dual" if "dual" in variants else variants[-1]


def baseline_of(variants: Sequence[str]) -> str:
    """The variant without the segmentation view: image, else the first that is not the lead.

    Raises DualGeoError for a single variant, where nothing can be compared.
    """
    others = [variant for variant in variants if variant != lead_of(variants)]
    if not others:
        raise DualGeoError(
            "params.yaml: the study compares two variants and systems.variants names one; train image and dual."
        )
    return "image" if "image" in others else others[0]
