"""`segment`: sample photos beside their masks, with the classes that occur in them."""

import numpy as np
from markupsafe import Markup

from dualgeo.previews.material import Material, NotMade, evenly
from dualgeo.previews.sheet import INNER, MARGIN, TOP, fitted, label, photo, sheet
from dualgeo.report.pictures import class_colour, class_name, mask_picture, read_masks_of, shards_of
from dualgeo.report.svg import join, tag
from dualgeo.report.words import count
from dualgeo.views.cache import Masks

PAIRS, ACROSS = 12, 4
MOST_CLASSES = 20


def masks_picture(material: Material) -> Markup:
    """Pairs of photo and mask from every set of photos, and how well masks agree with the truth where it is known."""
    folder = material.need(material.workspace.masks)
    photos = material.photos
    chosen = [str(i) for i in evenly(photos.sort_values(["dataset", "photo_id"]), PAIRS)["photo_id"]]
    masks = read_masks_of(folder, shards_of(photos, chosen))
    chosen = [photo_id for photo_id in chosen if photo_id in masks]
    if not chosen:
        raise NotMade("cache/masks holds no mask of these photos")
    sources = material.thumbnails(chosen)
    gap, between = 2.0, 12.0
    side = (INNER - ACROSS * gap - (ACROSS - 1) * between) / (2 * ACROSS)
    parts: list[Markup] = []
    for number, photo_id in enumerate(chosen):
        x = MARGIN + (number % ACROSS) * (2 * side + gap + between)
        y = TOP + (number // ACROSS) * (side + 28)
        parts.append(photo(sources.get(photo_id), x, y, side))
        parts.append(photo(mask_picture(masks[photo_id]).source, x + side + gap, y, side))
        parts.append(label(fitted(_caption(material, photo_id), 2 * side, 11.5), x, y + side + 15, "tiny soft"))
    legend, bottom = _legend([masks[i] for i in chosen], TOP + -(-len(chosen) // ACROSS) * (side + 28) + 8)
    return sheet("Segmentation masks", _subtitle(material), [*parts, legend], bottom + 8)


def _caption(material: Material, photo_id: str) -> str:
    condition = material.places.loc[photo_id, "condition"]
    place = material.place(photo_id)
    return f"{place}, {condition}" if isinstance(condition, str) and condition else place


def _subtitle(material: Material) -> str:
    words = f"ADE20K classes for {count(len(material.photos), 'photo')}"
    quality = material.workspace.masks / "quality.json"
    miou = material.figure(quality, "overall", "miou")
    accuracy = material.figure(quality, "overall", "pixel_accuracy")
    if miou != miou:  # no ground truth, as with real photos
        return words
    return f"{words}; against the true masks: {100 * accuracy:.1f} % of pixels right, mIoU {100 * miou:.1f} %"


def _legend(masks: list[Masks], top: float) -> tuple[Markup, float]:
    """The classes of the masks shown, largest first, in five columns; and where they end (y)."""
    pixels: dict[int, float] = {}
    for mask in masks:
        ids, counts = mask_classes(mask)
        for label_, share in zip(ids, counts, strict=True):
            pixels[label_] = pixels.get(label_, 0) + share / len(masks)
    order = sorted(pixels, key=lambda label_: (-pixels[label_], label_))
    columns, row = 5, 20.0
    parts: list[Markup] = []
    for number, label_ in enumerate(order[:MOST_CLASSES]):
        x, y = MARGIN + (number % columns) * INNER / columns, top + (number // columns) * row
        parts.append(tag("rect", x=x, y=y, width=13, height=13, rx=2, fill=class_colour(label_)))
        parts.append(label(f"{class_name(label_)} {_percent(pixels[label_])}", x + 19, y + 11, "small"))
    bottom = top + -(-min(len(order), MOST_CLASSES) // columns) * row
    if len(order) > MOST_CLASSES:
        parts.append(
            label(
                f"and {count(len(order) - MOST_CLASSES, 'smaller class', 'smaller classes')}",
                MARGIN,
                bottom + 12,
                "small soft",
            )
        )
        bottom += row
    return join(parts), bottom


def mask_classes(mask: Masks) -> tuple[list[int], list[float]]:
    """Class ids of a mask and the percent of it that each covers."""
    ids, counts = np.unique(mask, return_counts=True)
    return ids.tolist(), (100 * counts / mask.size).tolist()


def _percent(value: float) -> str:
    return f"{value:.0f} %" if value >= 1 else "< 1 %"
