"""Every coordinate that may become the answer to a photo, and how well each of them fits the photo."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dualgeo.geo.sphere import Floats
from dualgeo.lmm.generated import Generated
from dualgeo.refinement.refine import Answers
from dualgeo.refinement.rerank import Candidates, Integers


@dataclass(frozen=True)
class Choices:
    """Coordinates of B photos, side by side: k candidates, the retrieval answer, m generated ones."""

    candidates: Candidates
    """(B, k)."""
    answers: Answers
    """What stands without the model."""
    generated: Generated
    """(B, m)."""
    fit: Floats
    """Image-GPS similarity (B, k + 1 + m), in the order above; NaN where there is no coordinate."""

    @staticmethod
    def of(
        candidates: Candidates, answers: Answers, generated: Generated, similarity: Callable[[Floats, Floats], Floats]
    ) -> "Choices":
        """`similarity`: coordinates (B, n) in degrees -> cosines (B, n), as lmm.similarity.ImageGps gives them."""
        unmeasured = Choices(candidates, answers, generated, np.empty((len(answers.lat), 0)))
        # Of photos about which the model said nothing no coordinate need be encoded.
        asked = generated.answered[:, None]
        lat, lon = (np.where(asked, values, np.nan) for values in (unmeasured.lat, unmeasured.lon))
        return Choices(candidates, answers, generated, similarity(lat, lon))

    @property
    def lat(self) -> Floats:
        """Degrees (B, k + 1 + m)."""
        return np.concatenate([self.candidates.lat, self.answers.lat[:, None], self.generated.lat], axis=1)

    @property
    def lon(self) -> Floats:
        """Degrees (B, k + 1 + m)."""
        return np.concatenate([self.candidates.lon, self.answers.lon[:, None], self.generated.lon], axis=1)

    @property
    def retrieval(self) -> int:
        """Column of the retrieval answer; those of generated coordinates come after it."""
        return self.candidates.lat.shape[1]

    @property
    def best_generated(self) -> Integers:
        """Column (B,) of the generated coordinate that fits best, the first of equals; meaningless without one."""
        made = np.where(self.generated.present, self.fit[:, self.retrieval + 1 :], -np.inf)
        if made.shape[1] == 0:
            return np.full(len(made), self.retrieval)
        return self.retrieval + 1 + np.argmax(made, axis=1)

    @property
    def gain(self) -> Floats:
        """By how much the best generated coordinate fits better than the retrieval answer (B,); NaN without both."""
        best = np.take_along_axis(self.fit, self.best_generated[:, None], axis=1)[:, 0]
        return np.where(self.generated.answered, best - self.fit[:, self.retrieval], np.nan)
