"""Which version is the champion: by the rule on validation photos, or pinned by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dualgeo.errors import DualGeoError
from dualgeo.params import Params
from dualgeo.registry.names import CELL, CHAMPION, CHOSEN, HAND, MODEL, RULE, WHEN, WHO, WHY
from dualgeo.registry.versions import Versions
from dualgeo.serving.standing import ranked_cells
from dualgeo.tracking.facts import user
from dualgeo.workspace import Cell, Workspace

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Champion:
    """The champion, and the one before it."""

    version: str
    cell: str
    chosen: str
    why: str
    before: str | None
    """Version number of the champion until now; None where there was none."""

    @property
    def changed(self) -> bool:
        return self.before != self.version

    def __str__(self) -> str:
        was = "is still" if not self.changed else "is now" if self.before else "is"
        before = f" (it was version {self.before})" if self.changed and self.before else ""
        return f"The champion {was} version {self.version}, {self.cell}, {self.chosen}: {self.why}{before}."


def champion_now(versions: Versions) -> "ModelVersion | None":
    """The version that has the alias, if its files are here."""
    aliased = versions.model().aliases.get(CHAMPION)
    return versions.of_number(str(aliased)) if aliased is not None else None


def is_pinned(versions: Versions) -> bool:
    """Whether the champion was chosen by hand and is still there."""
    return versions.model().tags.get(CHOSEN) == HAND and champion_now(versions) is not None


def choose_by_rule(versions: Versions, workspace: Workspace, params: Params) -> Champion:
    """Make the registered system that is best on validation photos the champion, pinned or not.

    Raises DualGeoError when no registered system has been scored.
    """
    for standing in ranked_cells(workspace, params):
        version = versions.of_cell(standing.cell.name)
        if version is not None:
            within = f"{standing.accuracy:.1f} % of validation photos within {standing.within_km} km"
            return _set(versions, version, RULE, f"{within}, the most of all systems")
    raise DualGeoError("No registered system has been scored; run `dvc repro`, then `dualgeo track`.")


def choose_by_hand(versions: Versions, what: str, why: str) -> Champion:
    """Pin the version of that number, or of that cell. Raises DualGeoError where there is none."""
    if what.isdigit():
        version = versions.of_number(what)
        missing = f"There is no version {what} of the registered model; there are {_listed(versions)}."
    else:
        version = versions.of_cell(Cell.parse(what).name)
        missing = f"No version of {what} is registered; run `dualgeo track`, or choose from {_listed(versions)}."
    if version is None:
        raise DualGeoError(missing)
    return _set(versions, version, HAND, why or "no reason given")


def _set(versions: Versions, version: "ModelVersion", chosen: str, why: str) -> Champion:
    """Move the alias and say on the model and on the version how that came; nothing is written where all is so."""
    client, number = versions.client, str(version.version)
    model = versions.model()
    aliased = model.aliases.get(CHAMPION)
    before = str(aliased) if aliased is not None else None
    if (before, model.tags.get(CHOSEN), model.tags.get(WHY)) != (number, chosen, why):
        when = datetime.now(UTC).isoformat(timespec="seconds")
        reasons: Mapping[str, str] = {CHOSEN: chosen, WHY: why, WHO: user(), WHEN: when}
        for name, value in reasons.items():
            client.set_model_version_tag(MODEL, number, name, value)
        client.set_registered_model_alias(MODEL, CHAMPION, number)
        for name, value in reasons.items():
            client.set_registered_model_tag(MODEL, name, value)
    return Champion(number, version.tags.get(CELL, ""), chosen, why, before)


def _listed(versions: Versions) -> str:
    known = sorted({f"{version.version} ({version.tags.get(CELL)})" for version in versions.all})
    return ", ".join(known) or "none yet (`dualgeo track` makes them)"
