"""Example photos at every severity with their masks, small and embedded."""

from dataclasses import dataclass

from dualgeo.datasets.contract import read_photos
from dualgeo.params import Params
from dualgeo.report.pictures import jpeg_source, mask_picture, read_images, read_masks_of
from dualgeo.study.corruption.conditions import Condition, chosen_queries
from dualgeo.study.corruption.layout import masks_of
from dualgeo.workspace import Workspace

SIDE = 128


@dataclass(frozen=True)
class Picture:
    """One photo and its mask as data: addresses; `severity` 0 is the photo as taken."""

    severity: int
    photo: str
    mask: str


@dataclass(frozen=True)
class Strip:
    """A corruption's pictures, each severity after the other."""

    corruption: str
    pictures: tuple[Picture, ...]


def strips_of(workspace: Workspace, params: Params, side: int = SIDE) -> tuple[str, list[Strip]]:
    """The id of one query photo, and its strips: the photo in the middle of the first corrupted query set."""
    folder = workspace.data(params.dataset)
    chosen = chosen_queries(read_photos(folder), params.study)
    example = chosen.iloc[len(chosen) // 2]
    photo_id, shard = str(example["photo_id"]), str(example["shard"])
    clean = {photo_id: shard}
    photo = jpeg_source(read_images(folder, clean)[photo_id], side)
    original = Picture(0, photo, mask_picture(read_masks_of(workspace.masks, clean)[photo_id]).source)
    strips: list[Strip] = []
    for corruption in params.study.corruptions:
        pictures = [original]
        for severity in sorted(params.study.severities):
            where = {photo_id: Condition(corruption, severity).shard(shard)}
            image = read_images(workspace.corrupted, where)[photo_id]
            mask = read_masks_of(masks_of(workspace.corrupted), where)[photo_id]
            pictures.append(Picture(severity, jpeg_source(image, side), mask_picture(mask).source))
        strips.append(Strip(corruption, tuple(pictures)))
    return photo_id, strips
