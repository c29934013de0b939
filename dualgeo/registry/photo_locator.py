"""The MLflow model: photos in, answers out. Needs only the files that it was saved with."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from mlflow.pyfunc.model import PythonModel

from dualgeo.errors import DualGeoError
from dualgeo.params import RefineParams

if TYPE_CHECKING:
    from dualgeo.serving.locate import Location

RADIUS = "radius_km_"
PHOTO_FOLDER = "photo_folder"
MOST_CANDIDATES = 5


class PhotoLocator(PythonModel):
    """One trained system behind MLflow's interface."""

    def load_context(self, context: Any) -> None:
        """Load the system; DualGeoError names what is missing."""
        # Imported here: whoever only saves a model needs neither torch nor FAISS.
        from dualgeo.serving.locate import AnswerParams, Locator, SystemFiles

        artifacts: Mapping[str, str] = context.artifacts
        params = json.loads(Path(artifacts["params"]).read_text(encoding="utf-8"))
        encoders = {
            view: artifacts[f"{view}_encoder"] for view in ("image", "segmentation") if f"{view}_encoder" in artifacts
        }
        files = SystemFiles(
            params["cell"], Path(artifacts["model"]), Path(artifacts["index"]), Path(artifacts["calibration"]), encoders
        )
        refine = RefineParams.model_validate(params["refine"])
        self._radii = list(params["radius_columns"])
        self._locator: Locator = Locator(files, AnswerParams(params["device"], params["top_k"], refine))
        folder = str((context.model_config or {}).get(PHOTO_FOLDER) or "")
        self._folder = Path(folder) if folder else None

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Answers (N rows) to the N values of column `photo`: degrees, km; `error` says why a row has no answer.

        `params`: `candidates`, how many gallery photos to name (5).
        """
        if not isinstance(model_input, pd.DataFrame) or "photo" not in model_input.columns:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DualGeoError("The input must be a table with a column named photo.")
        most = int((params or {}).get("candidates", MOST_CANDIDATES))
        rows = [self._answer(value, most) for value in model_input["photo"]]
        # Objects, so that a missing answer is null and never NaN, which is no JSON.
        return pd.DataFrame(rows, index=model_input.index, columns=self._columns(), dtype=object)

    def _columns(self) -> list[str]:
        places = ["lat", "lon", "country", "place"]
        return [*places, *self._radii, "candidates", "system", "stand_in_encoders", "error"]

    def _answer(self, value: object, most: int) -> dict[str, object]:
        from dualgeo.registry.photo_input import read_photo

        nothing: dict[str, object] = {
            **dict.fromkeys(self._columns()),
            "candidates": [],
            "system": self._locator.name,
            "stand_in_encoders": self._locator.stand_in,
        }
        try:
            return nothing | self._document(self._locator.locate(read_photo(value, self._folder)), most)
        except DualGeoError as error:
            return nothing | {"error": str(error)}

    def _document(self, location: "Location", most: int) -> dict[str, object]:
        from dualgeo.refinement.radius import radius_column
        from dualgeo.serving.document import as_document

        document = as_document("", self._locator.name, location, most)
        radii = {radius_column(coverage): round(km, 3) for coverage, km in location.radius_km.items()}
        return {name: document[name] for name in ("lat", "lon", "country", "place", "candidates")} | radii
