"""What validation photos taught about a model's answers: whom to believe, and how far off an answer may be."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json, write_json
from dualgeo.geo.sphere import HALF_CIRCUMFERENCE_KM, Floats
from dualgeo.lmm.choices import Choices
from dualgeo.lmm.margin import Margin
from dualgeo.lmm.verify import Verified
from dualgeo.refinement.radius import ENOUGH_TO_NORMALISE, Calibration, error_scale

FORMAT = 1
FILE = "verification.json"


@dataclass(frozen=True)
class Learned:
    """Applies to photos that are put to the model; calibration.json to those that are not."""

    method: str
    """lmm.verification that it was learned with."""
    margin: Margin
    retrieval: Calibration
    """Of answers that stayed retrieval's after the model was asked."""
    lmm: Calibration
    """Of answers that are the model's."""

    @staticmethod
    def fit(
        method: str,
        margin: Margin,
        error_km: Floats,
        scale_km: Floats,
        generated: npt.NDArray[np.bool_],
        at: list[float],
    ) -> "Learned":
        """From the validation photos that were put to the model (n,): error, scale, whether the model's answer stood.

        `at`: coverages. Each kind of answer has radii of its own; a kind with fewer photos than normalising needs takes
        those of both together, whose coverage holds over both.
        """
        calibrations: list[Calibration] = []
        for kind in (~generated, generated):
            own = kind if kind.sum() >= ENOUGH_TO_NORMALISE else np.ones_like(kind)
            calibrations.append(Calibration.fit(error_km[own], scale_km[own], at))
        return Learned(method, margin, *calibrations)

    def radius_km(self, scale_km: Floats, generated: npt.NDArray[np.bool_]) -> Floats:
        """Radii (B, coverages) of answers that are retrieval's or the model's; NaN where the scale is (B,)."""
        return np.where(generated[:, None], self.lmm.radius_km(scale_km), self.retrieval.radius_km(scale_km))

    def save(self, folder: Path) -> None:
        """Write verification.json."""
        write_json(
            folder / FILE,
            {
                "format": FORMAT,
                "verification": self.method,
                "margin": self.margin.value,
                "margin_photos": self.margin.photos,
                "note": self.margin.words if self.method == "similarity" else "",
                "calibration": {"retrieval": self.retrieval.document(), "lmm": self.lmm.document()},
            },
        )

    @staticmethod
    def load(folder: Path) -> "Learned | None":
        """Read verification.json of refined/<cell>; None where no model was asked.

        DualGeoError names the file when it is damaged or of another format.
        """
        path = folder / FILE
        if not path.exists():
            return None
        document = read_json(path)
        if document.get("format") != FORMAT:
            raise DualGeoError(f"{path} was written by another version; run `dvc repro refine` again.")
        try:
            calibrations = cast(dict[str, dict[str, object]], document["calibration"])
            return Learned(
                str(document["verification"]),
                Margin(float(cast(float, document["margin"])), int(cast(int, document["margin_photos"]))),
                Calibration.of(calibrations["retrieval"], path),
                Calibration.of(calibrations["lmm"], path),
            )
        except (KeyError, TypeError, ValueError):
            raise DualGeoError(f"{path} is incomplete; run `dvc repro refine` again.") from None


def scale_of(choices: Choices, verified: Verified) -> Floats:
    """What the calibrated radius of each answer is proportional to: km (B,), NaN without an answer.

    For a retrieved coordinate the candidates' distances from it; for the model's the geometric mean of that and of the
    radius that the model itself states, plus 1 km. A poor scale makes large radii, not false ones.
    """
    spread = error_scale(choices.candidates, verified.lat, verified.lon)
    if choices.generated.lat.shape[1] == 0:
        return spread
    column = np.maximum(verified.chosen, 0)[:, None]
    stated = np.take_along_axis(choices.generated.radius_km, column, axis=1)[:, 0]
    own = 1.0 + np.clip(np.nan_to_num(stated, nan=HALF_CIRCUMFERENCE_KM), 0.0, HALF_CIRCUMFERENCE_KM)
    return np.where(verified.generated, np.sqrt(own * np.where(np.isnan(spread), own, spread)), spread)
