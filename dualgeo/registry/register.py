"""Register what lies in the workspace and see to the champion."""

from collections.abc import Mapping
from dataclasses import dataclass

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import read_lock
from dualgeo.params import Params
from dualgeo.progress import say
from dualgeo.registry.champion import Champion, champion_now, choose_by_hand, choose_by_rule, is_pinned
from dualgeo.registry.systems import find_systems
from dualgeo.registry.versions import Versions
from dualgeo.tracking.store import alone, open_store, said_plainly
from dualgeo.workspace import Workspace


@dataclass(frozen=True)
class Registered:
    """What `register` found and did."""

    added: dict[str, str]
    """Cell -> number of the version that was made."""
    known: int
    """Systems that had their version."""
    refused: dict[str, str]
    """Cell -> why it cannot be registered."""
    champion: Champion | None
    """None where it was left alone: pinned, or nothing is scored."""


def register(workspace: Workspace, params: Params, runs: Mapping[str, str]) -> Registered:
    """Give every trained system here its version and, unless one is pinned, choose the champion by the rule.

    `runs`: address (`train@dual-0`) -> id of the run that trained it. Done twice, the second time changes nothing.
    Raises DualGeoError when the store cannot be written.
    """
    with said_plainly(workspace):
        client = open_store(workspace)
        with alone(workspace, "registry"):
            versions = Versions(client, workspace)
            systems, refused = find_systems(workspace, params, read_lock(workspace.root))
            added: dict[str, str] = {}
            for system in systems:
                if versions.of_content(system.content) is None:
                    versions.model()
                    version = versions.add(system, runs.get(f"train@{system.cell.name}"))
                    added[system.cell.name] = str(version.version)
            versions.mark_current({system.content for system in systems})
            champion = _champion(versions, workspace, params)
    registered = Registered(added, len(systems) - len(added), refused, champion)
    _tell(registered)
    return registered


def promote(workspace: Workspace, params: Params, what: str, why: str) -> Champion:
    """Make `what` (a cell or a version number) the champion, or, where it is empty, go back to the rule."""
    with said_plainly(workspace):
        client = open_store(workspace)
        with alone(workspace, "registry"):
            versions = Versions(client, workspace)
            if not versions.all:
                raise DualGeoError("Nothing is registered yet; run `dualgeo track` first.")
            if what:
                return choose_by_hand(versions, what, why)
            return choose_by_rule(versions, workspace, params)


def _champion(versions: Versions, workspace: Workspace, params: Params) -> Champion | None:
    if not versions.all or is_pinned(versions):
        return None
    try:
        return choose_by_rule(versions, workspace, params)
    except DualGeoError:
        # Trained and not scored yet: the champion of before stays, as far as there is one.
        if champion_now(versions) is None:
            say("Registry: no champion yet; it is chosen once a system is scored.")
        return None


def _tell(registered: Registered) -> None:
    say(f"Registry: {len(registered.added)} versions added, {registered.known} were there.")
    for cell, why in registered.refused.items():
        say(f"Registry: {cell} is left out: {why}; run `dvc repro`, then `dualgeo track`.")
    if registered.champion and registered.champion.changed:
        say(str(registered.champion))
