"""`corrupt`: one query photo under every corruption, and what the segmenter makes of each copy."""

from markupsafe import Markup

from dualgeo.previews.material import Material
from dualgeo.previews.sheet import INNER, MARGIN, TOP, label, photo, sheet
from dualgeo.study.findings.strip import strips_of

GAP, HEAD = 3.0, 20.0
THUMB = 64
"""Pixels along a copy: a sheet must stay small enough to be stored with every run."""


def corrupted_picture(material: Material) -> Markup:
    """A row a corruption: the copies from clean to strongest at the left, their masks at the right."""
    material.need(material.workspace.corrupted / "photos.parquet")
    material.need(material.workspace.corrupted / "masks")
    photo_id, strips = strips_of(material.workspace, material.params, THUMB)
    across = len(strips[0].pictures)
    side = (INNER - GAP * (2 * across - 1) - 3 * GAP) / (2 * across)
    parts: list[Markup] = []
    y = TOP
    for strip in strips:
        parts.append(label(strip.corruption, MARGIN, y + 12, "small strong"))
        for place, picture in enumerate(strip.pictures):
            x = MARGIN + place * (side + GAP)
            beside = x + across * (side + GAP) + 3 * GAP
            parts += [photo(picture.photo, x, y + HEAD, side), photo(picture.mask, beside, y + HEAD, side)]
        y += side + HEAD + 10
    severities = ", ".join(f"{picture.severity}" for picture in strips[0].pictures)
    return sheet("Corrupted copies", f"Photo {photo_id} at severity {severities}, and its masks", parts, y + 8)
