"""Confidence radii that hold what they say: split-conformal prediction on the validation photos.

Normalised split-conformal prediction (Papadopoulos et al. 2008; Lei et al. 2018): errors of validation photos are
divided by a scale that is known without the truth, and the quantile of the ratios times a new photo's scale is its
radius. If new photos are like the validation photos, a radius stated at 90 % covers the truth in at least 90 % of
them, however poor the scale; a good scale makes radii small where the system is sure.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from dualgeo.errors import DualGeoError
from dualgeo.files import read_json, write_json
from dualgeo.geo.sphere import HALF_CIRCUMFERENCE_KM, Floats, haversine_km
from dualgeo.refinement.consensus import trust
from dualgeo.refinement.rerank import Candidates

ENOUGH_TO_NORMALISE = 20
SMALLEST_KM = 0.1
LARGEST_KM = float(HALF_CIRCUMFERENCE_KM)
_FLOOR_KM = 1.0
FORMAT = 1


def radius_column(coverage: float) -> str:
    """Column of the radius stated at a coverage: 0.9 -> `radius_km_90`."""
    return f"radius_km_{100 * coverage:g}"


def error_scale(candidates: Candidates, lat: Floats, lon: Floats) -> Floats:
    """How far off the answers (lat, lon), each (B,), may be, judged by the candidates alone: km, (B,).

    The geometric mean, weighted by trust, of the candidates' distances from the answer, each plus 1 km. Candidates that
    agree, a heavy cluster and a clear margin over the rest all make it small. The geometric mean because errors range
    from streets to continents, and one stray candidate must not decide.
    """
    weights = trust(candidates)
    distance = haversine_km(candidates.lat, candidates.lon, lat[:, None], lon[:, None])
    logs = np.where(weights > 0, np.log(_FLOOR_KM + np.nan_to_num(distance)), 0.0)
    total = weights.sum(axis=1)
    return np.where(total > 0, np.exp((weights * logs).sum(axis=1) / np.where(total > 0, total, 1.0)), np.nan)


@dataclass(frozen=True)
class Calibration:
    """What validation photos taught about errors; `radius_km` applies it to any photo of the same system."""

    coverage: tuple[float, ...]
    quantiles: tuple[float | None, ...]
    """Quantile for each coverage: of error / scale when normalised, else of the error in km; None: not known."""
    normalised: bool
    photos: int
    """Validation photos used, failures included."""
    failed: int
    """Validation photos without an answer: their error counts as infinite."""
    note: str
    """One sentence on how the radii were found and how far they can be trusted."""

    @staticmethod
    def fit(error_km: npt.ArrayLike, scale_km: npt.ArrayLike, coverage: list[float]) -> "Calibration":
        """From validation errors (n,), NaN for a failure, and their scales (n,)."""
        errors, scales = np.asarray(error_km, np.float64), np.asarray(scale_km, np.float64)
        n, failed = len(errors), int(np.isnan(errors).sum())
        normalised = n >= ENOUGH_TO_NORMALISE
        if n == 0:
            none = (None,) * len(coverage)
            return Calibration(tuple(coverage), none, False, 0, 0, "No validation photos: no radii are stated.")
        ratios = errors / scales if normalised else errors
        ordered = np.sort(np.where(np.isnan(ratios), np.inf, ratios))
        quantiles = [_conformal_quantile(ordered, level) for level in coverage]
        note = f"Split-conformal on {n} validation photos, errors normalised by candidate spread."
        if not normalised:
            note = (
                f"Only {n} validation photos (normalising needs {ENOUGH_TO_NORMALISE}): one radius for all photos, "
                "the quantile of the validation errors."
            )
        unbounded = [f"{100 * level:g} %" for level, q in zip(coverage, quantiles, strict=True) if q is None]
        if unbounded:
            note += f" At {' and '.join(unbounded)} they allow no smaller radius than the whole Earth."
        return Calibration(tuple(coverage), tuple(quantiles), normalised, n, failed, note)

    def radius_km(self, scale_km: npt.ArrayLike) -> Floats:
        """Radii (..., coverages) for scales (...): between 0.1 km and half the circumference of the Earth.

        NaN where the scale is NaN (no answer) and where there was nothing to calibrate on.
        """
        scales = np.asarray(scale_km, np.float64)[..., None]
        if self.photos == 0:
            return np.full((*scales.shape[:-1], len(self.coverage)), np.nan)
        quantiles = np.array([np.inf if value is None else value for value in self.quantiles])
        radii = quantiles * (scales if self.normalised else np.where(np.isnan(scales), np.nan, 1.0))
        return np.clip(radii, SMALLEST_KM, LARGEST_KM)

    def document(self) -> dict[str, object]:
        """The calibration as a JSON object."""
        return {
            "format": FORMAT,
            "coverage": list(self.coverage),
            "quantiles": list(self.quantiles),
            "normalised": self.normalised,
            "photos": self.photos,
            "failed": self.failed,
            "note": self.note,
        }

    @staticmethod
    def of(document: dict[str, object], path: Path) -> "Calibration":
        """Read what `document` made; DualGeoError names `path`, where it lay, when it is of another format."""
        if document.get("format") != FORMAT:
            raise DualGeoError(f"{path} was written by another version; run `dvc repro refine` again.")
        try:
            return Calibration(
                tuple(cast(list[float], document["coverage"])),
                tuple(cast(list[float | None], document["quantiles"])),
                bool(document["normalised"]),
                cast(int, document["photos"]),
                cast(int, document["failed"]),
                str(document["note"]),
            )
        except (KeyError, TypeError):
            raise DualGeoError(f"{path} is incomplete; run `dvc repro refine` again.") from None

    def save(self, path: Path) -> None:
        """Write calibration.json."""
        write_json(path, self.document())

    @staticmethod
    def load(path: Path) -> "Calibration":
        """Read calibration.json; DualGeoError names the file when it is missing or of another format."""
        return Calibration.of(read_json(path), path)


def _conformal_quantile(ordered: Floats, coverage: float) -> float | None:
    """The ceil((n + 1) coverage)-th smallest ratio; None where that is infinite or beyond the last."""
    # The small subtraction undoes float noise such as 0.9 * 10 = 9.000000000000002.
    place = int(np.ceil((len(ordered) + 1) * coverage - 1e-9))
    if place > len(ordered):
        return None
    value = float(ordered[place - 1])
    return value if np.isfinite(value) else None
