"""A trained system as a folder that MLflow can load, with its own copy of model, index, calibration and code."""

import json
import logging
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dualgeo
from dualgeo.files import folder_written_whole, read_json, write_json
from dualgeo.refinement.radius import radius_column
from dualgeo.registry.photo_locator import MOST_CANDIDATES, PHOTO_FOLDER
from dualgeo.registry.requirements import requirements
from dualgeo.registry.systems import System

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

CODE = Path(dualgeo.__file__).parent


def write_package(system: System, folder: Path, model_id: str, run_id: str | None) -> None:
    """Write `folder`, whole or not at all, as the MLflow model `model_id` that the run `run_id` trained."""
    from mlflow.models import Model
    from mlflow.pyfunc import save_model

    for chatty in ("mlflow.pyfunc", "mlflow.models.model", "mlflow.utils.environment"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    radii = [radius_column(coverage) for coverage in system.refine.radius_coverage]
    with folder_written_whole(folder) as temporary, tempfile.TemporaryDirectory() as scratch:
        save_model(
            temporary,
            python_model=CODE / "registry" / "model_code.py",
            code_paths=[str(CODE)],
            artifacts=_artifacts(system, radii, Path(scratch)),
            mlflow_model=Model(artifact_path=folder.as_uri(), run_id=run_id, model_uuid=model_id, model_id=model_id),
            signature=signature(radii),
            input_example=example(),
            pip_requirements=requirements(),
            model_config={PHOTO_FOLDER: ""},
            metadata={"cell": system.cell.name, **system.versions},
        )


def signature(radii: list[str]) -> "ModelSignature":
    """What goes in and what comes out, so that MLflow need not ask the model to find out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType, Array, Object, Property

    candidate = Object(
        [
            Property("photo_id", DataType.string),
            *(Property(name, DataType.double) for name in ("lat", "lon", "similarity")),
            Property("cluster", DataType.long),
        ]
    )
    numbers = [ColSpec(DataType.double, name, required=False) for name in ("lat", "lon")]
    words = [ColSpec(DataType.string, name, required=False) for name in ("country", "place")]
    outputs = [
        *numbers,
        *words,
        *(ColSpec(DataType.double, name, required=False) for name in radii),
        ColSpec(Array(candidate), "candidates"),
        ColSpec(DataType.string, "system"),
        ColSpec(DataType.boolean, "stand_in_encoders"),
        ColSpec(DataType.string, "error", required=False),
    ]
    # Any: base64 is text and raw bytes are not, and both are photos.
    inputs = Schema([ColSpec(AnyType(), "photo")])
    params = ParamSchema([ParamSpec("candidates", DataType.long, MOST_CANDIDATES)])
    return ModelSignature(inputs, Schema([*outputs]), params)


def example() -> Any:
    """One small drawn street scene in base64, as a table."""
    import pandas as pd

    text = files("dualgeo.registry").joinpath("example.json").read_text(encoding="utf-8")
    return pd.DataFrame(json.loads(text))


def _artifacts(system: System, radii: list[str], scratch: Path) -> dict[str, str]:
    params = {
        "cell": system.cell.name,
        # Not the device it was trained on: the machine that serves may have another.
        "device": "auto",
        "top_k": system.top_k,
        "refine": system.refine.model_dump(mode="json"),
        "radius_columns": radii,
    }
    write_json(scratch / "params.json", params)
    found = {
        "model": system.model,
        "index": system.index,
        "calibration": system.calibration,
        "params": scratch / "params.json",
        **_local_encoders(system),
    }
    return {name: str(path.resolve()) for name, path in found.items()}


def _local_encoders(system: System) -> dict[str, Path]:
    """Encoders that are folders of this machine; others are shipped in the code or fetched by name from the hub."""
    views: Any = read_json(system.model / "config.json")["views"]
    named = {view: Path(views[view]["model"]).expanduser() for view in ("image", "segmentation")}
    return {f"{view}_encoder": path for view, path in named.items() if path.is_dir()}
