"""The versions of the registered model: found by what they hold, made where they are missing."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse
from urllib.request import url2pathname

import dualgeo
from dualgeo.registry.names import CELL, CONTENT, CURRENT, DESCRIPTION, MODEL
from dualgeo.registry.systems import System
from dualgeo.tracking.names import DATA, DATA_VERSION, TRAINING
from dualgeo.tracking.store import artifacts_of, experiment_id
from dualgeo.workspace import Workspace

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel
    from mlflow.tracking import MlflowClient


class Versions:
    """All versions of the registered model whose files lie in this workspace."""

    def __init__(self, client: "MlflowClient", workspace: Workspace) -> None:
        self.client, self.workspace = client, workspace
        self.all = self._known()

    def of_content(self, content: str) -> "ModelVersion | None":
        """The newest version that holds exactly this."""
        return next((version for version in self.all if version.tags.get(CONTENT) == content), None)

    def of_cell(self, cell: str) -> "ModelVersion | None":
        """The version of a cell that lies in the workspace now, else its newest."""
        found = [version for version in self.all if version.tags.get(CELL) == cell]
        return next((version for version in found if version.tags.get(CURRENT) == "true"), found[0] if found else None)

    def of_number(self, number: str) -> "ModelVersion | None":
        """The version of that number."""
        return next((version for version in self.all if str(version.version) == number), None)

    def model(self) -> "RegisteredModel":
        """The registered model, made where it is missing."""
        found = self.client.search_registered_models(f"name = '{MODEL}'")
        model = found[0] if found else self.client.create_registered_model(MODEL, description=DESCRIPTION)
        if model.description != DESCRIPTION:
            self.client.update_registered_model(MODEL, DESCRIPTION)
        return model

    def add(self, system: System, run_id: str | None) -> "ModelVersion":
        """Make a version of `system`, which the run `run_id` trained. A version that is there has all its files."""
        from mlflow.entities import LoggedModelOutput

        self._remove_unfinished(system.content)
        made = self._logged_model(system, run_id)
        if run_id:
            self.client.log_outputs(run_id, [LoggedModelOutput(made.model_id, 0)])
        # By its files: by its id MLflow would look it up in whatever store the process has set.
        version = self.client.create_model_version(
            MODEL, made.artifact_location, run_id, tags=_tags(system), description=_description(system)
        )
        link = json.dumps([{"name": MODEL, "version": str(version.version)}])
        self.client.set_logged_model_tags(made.model_id, {"mlflow.modelVersions": link})
        self.all.insert(0, version)
        return version

    def mark_current(self, contents: set[str]) -> None:
        """Say on each version whether its system lies in the workspace now."""
        for version in self.all:
            now = "true" if version.tags.get(CONTENT) in contents and self._is_newest(version) else "false"
            if version.tags.get(CURRENT) != now:
                self.client.set_model_version_tag(MODEL, str(version.version), CURRENT, now)
                version.tags[CURRENT] = now

    def _is_newest(self, version: "ModelVersion") -> bool:
        return self.of_content(version.tags[CONTENT]) is version

    def _logged_model(self, system: System, run_id: str | None) -> "LoggedModel":
        """The files of a version, as a model that MLflow shows beside the run that trained it."""
        from dualgeo.registry.package import write_package

        params = {"variant": system.cell.variant, "seed": str(system.cell.seed)}
        made = self.client.create_logged_model(
            experiment_id(self.client, TRAINING),
            name=system.cell.name,
            source_run_id=run_id,
            tags=_tags(system),
            params=params,
            model_type="dualgeo",
        )
        write_package(system, _path(made.artifact_location), made.model_id, run_id)
        return self.client.finalize_logged_model(made.model_id, "READY")

    def _remove_unfinished(self, content: str) -> None:
        """Models that a crash left without a version."""
        where = f"tags.`{CONTENT}` = '{content}'"
        for left in self.client.search_logged_models([experiment_id(self.client, TRAINING)], where):
            shutil.rmtree(_path(left.artifact_location).parent, ignore_errors=True)
            self.client.delete_logged_model(left.model_id)

    def _known(self) -> "list[ModelVersion]":
        root = artifacts_of(self.workspace, TRAINING)
        found = sorted(self.client.search_model_versions(f"name = '{MODEL}'"), key=lambda each: -int(each.version))
        # MLflow stores absolute paths: the versions of a folder that was moved or emptied cannot be loaded.
        return [version for version in found if _lies_below(root, self._location(version))]

    def _location(self, version: "ModelVersion") -> Path:
        return _path(self.client.get_model_version_download_uri(MODEL, str(version.version)))


def _tags(system: System) -> dict[str, str]:
    return {
        CELL: system.cell.name,
        "variant": system.cell.variant,
        "seed": str(system.cell.seed),
        "dataset": system.versions["dataset"],
        DATA: system.versions["data"],
        DATA_VERSION: system.versions["model"],
        "dualgeo.index_version": system.versions["index"],
        "dualgeo.calibration_version": system.versions["calibration"],
        "dualgeo.version": dualgeo.__version__,
        CONTENT: system.content,
        CURRENT: "true",
    }


def _description(system: System) -> str:
    trained = f"System `{system.cell.name}`, trained on `{system.versions['dataset']}`."
    return f"{trained} Its model card is the description of the source run."


def _path(uri: str) -> Path:
    return Path(url2pathname(urlparse(uri).path))


def _lies_below(root: Path, path: Path) -> bool:
    return path.is_relative_to(root) and (path / "MLmodel").exists()
