"""Photo files to answers, a photo that cannot be read costing the others nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dualgeo.datasets.images import load_photo
from dualgeo.errors import DualGeoError
from dualgeo.params import Params
from dualgeo.serving.locate import Location, Locator, Seen
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from dualgeo.lmm.request import Picture
    from dualgeo.serving.asking import Consultation


@dataclass(frozen=True)
class Found:
    """What the system says of one photo."""

    seen: Seen
    retrieval: Location
    """The answer without a large multimodal model."""
    consultation: "Consultation | None" = None
    """What a model said; None where none was asked."""

    @property
    def location(self) -> Location:
        """The answer that stands."""
        return self.consultation.location if self.consultation else self.retrieval


@dataclass(frozen=True)
class Result:
    """What became of one photo file."""

    path: Path
    found: Found | str
    """The answer, or in one sentence why there is none."""


def located(locator: Locator, paths: list[Path]) -> Iterator[Result]:
    """A result for each file, as soon as it is known."""
    for path in paths:
        try:
            yield Result(path, Found(*locator.locate_seen(load_photo(path))))
        except DualGeoError as error:
            yield Result(path, str(error))


def asked(workspace: Workspace, params: Params, locator: Locator, paths: list[Path]) -> list[Result]:
    """A result for each file, after the configured model was asked about all of them together.

    Raises DualGeoError when nothing may be sent, no price is known or no request can survive (a wrong key).
    """
    from dualgeo.lmm.picture import picture_of
    from dualgeo.serving.asking import NewPhoto, consult

    results: list[Result] = []
    pictures: dict[int, Picture] = {}
    for path in paths:
        try:
            photo = load_photo(path)
            found = Found(*locator.locate_seen(photo))
        except DualGeoError as error:
            results.append(Result(path, str(error)))
            continue
        pictures[len(results)] = picture_of(photo, params.lmm.image_side)
        results.append(Result(path, found))
    put = [
        NewPhoto(result.found.seen, result.found.retrieval, pictures[at])
        for at, result in enumerate(results)
        if isinstance(result.found, Found)
    ]
    said = iter(consult(workspace, params, locator, put) if put else [])
    return [_with(result, said) for result in results]


def _with(result: Result, said: "Iterator[Consultation]") -> Result:
    if isinstance(result.found, str):
        return result
    return replace(result, found=replace(result.found, consultation=next(said)))
