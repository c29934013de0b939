"""How much better than the retrieval answer a model's coordinate must fit a photo: learned on validation photos.

An image-GPS similarity favours what retrieval finds, for both rest on one training: a true coordinate often fits worse
than a wrong candidate does. So the two are not compared as they are. The margin is the one under which validation
photos, whose truth is known, gain most, and no coordinate passes where no gain was shown.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dualgeo.geo.sphere import Floats

NEVER, ALWAYS = 2.0, -3.0
"""Cosines differ by -2 to 2: nothing exceeds the one, everything the other."""
LEAST_PHOTOS = 20
"""With fewer validation photos that the model answered, nothing is learned."""
FOLDS = 5
CAUTION = 2.0
"""Standard errors by which the validation photos' gain must exceed nothing."""


@dataclass(frozen=True)
class Margin:
    """A difference of similarities that a model's coordinate must exceed."""

    value: float
    photos: int
    """Validation photos that it was learned on."""

    @property
    def words(self) -> str:
        """What it means, in one sentence."""
        if self.photos < LEAST_PHOTOS:
            few = f"The model answered {self.photos} validation photos and learning a margin needs {LEAST_PHOTOS}"
            return f"{few}: the retrieval answer stands."
        learned = f"Learned on {self.photos} validation photos"
        if self.value == NEVER:
            return f"{learned}: no margin was shown to gain anything, so the retrieval answer stands."
        if self.value == ALWAYS:
            return f"{learned}: the model's answer stands for every photo."
        if self.value < 0:
            where = f"its similarity falls short of that of the retrieval answer by less than {-self.value:.3f}"
        else:
            where = f"its similarity exceeds that of the retrieval answer by more than {self.value:.3f}"
        return f"{learned}: the model's answer stands where {where}."

    @staticmethod
    def learn(gain: Floats, retrieval_km: npt.ArrayLike, generated_km: npt.ArrayLike) -> "Margin":
        """From validation photos (n,): how much better the model's coordinate fits, and both errors in km.

        NaN: no such coordinate; a photo without both teaches nothing. What is compared is the logarithm of 1 km +
        error, because errors range from streets to continents. Of all margins the one is taken with the largest summed
        improvement less `CAUTION` standard errors of it; if that is not above 0, NEVER.
        """
        improvement = np.log1p(np.asarray(retrieval_km, np.float64)) - np.log1p(np.asarray(generated_km, np.float64))
        known = np.isfinite(gain) & np.isfinite(improvement)
        photos = int(known.sum())
        if photos < LEAST_PHOTOS:
            return Margin(NEVER, photos)
        order = np.argsort(-gain[known], kind="stable")
        falling, improved = gain[known][order], improvement[known][order]
        total, square = np.cumsum(improved), np.cumsum(improved**2)
        # Photos of equal gain pass or fail together.
        last = np.append(falling[1:] < falling[:-1], True)
        shown = np.where(last, np.round(total - CAUTION * np.sqrt(square), 9), -np.inf)
        best = int(np.argmax(shown))
        if shown[best] <= 0:
            return Margin(NEVER, photos)
        if best == photos - 1:
            return Margin(ALWAYS, photos)
        return Margin(round(float(falling[best] + falling[best + 1]) / 2, 9), photos)


UNLEARNED = Margin(NEVER, 0)


@dataclass(frozen=True)
class Margins:
    """The margin for new photos, and those under which validation photos themselves are judged."""

    new: Margin
    folds: tuple[Margin, ...]
    """Margin i was learned without the validation photos of fold i."""

    @staticmethod
    def learn(
        photo_ids: Sequence[str], gain: Floats, retrieval_km: npt.ArrayLike, generated_km: npt.ArrayLike
    ) -> "Margins":
        """From validation photos, row for row as in `Margin.learn`."""
        fold, retrieval, generated = folds_of(photo_ids), np.asarray(retrieval_km), np.asarray(generated_km)
        without = [Margin.learn(gain[fold != i], retrieval[fold != i], generated[fold != i]) for i in range(FOLDS)]
        return Margins(Margin.learn(gain, retrieval, generated), tuple(without))

    def of(self, photo_ids: Sequence[str], validation: npt.NDArray[np.bool_]) -> Floats:
        """The margin of each photo (B,): a validation photo's is one that was learned without it.

        So what validation photos say of accuracy and radii is what they would say had they taught nothing.
        """
        own = np.array([margin.value for margin in self.folds])[folds_of(photo_ids)]
        return np.where(validation, own, self.new.value)


def folds_of(photo_ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """Fold of each photo (B,), by a digest of its id."""
    digests = [hashlib.sha256(photo_id.encode("utf-8")).digest() for photo_id in photo_ids]
    return np.array([int.from_bytes(digest[:8], "big") % FOLDS for digest in digests], dtype=np.int64)
