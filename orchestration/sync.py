"""Bring Dagster's records in line with the workspace, whoever changed it: a shell, `dvc checkout`, an editor.

What counts is DVC's verdict. Dagster shows an asset as stale when the code version or an input's data version of its
latest materialization differs from the present one, so what is reported here is worded such that both always agree.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
)

from orchestration.checks import checks_of
from orchestration.graph import Node
from orchestration.jobs import RECORD
from orchestration.metadata import describe, files_of
from orchestration.state import ABSENT, State

VERSION_TAGS = (CODE_VERSION_TAG, DATA_VERSION_TAG, f"{INPUT_DATA_VERSION_TAG_PREFIX}/")
NEVER_RAN = "has not run with this dvc.lock"
WATCHED = ("dvc.yaml", "dvc.lock", "params.yaml")


def report_changes(instance: DagsterInstance, root: Path, states: Mapping[str, State]) -> list[str]:
    """Report every node whose latest materialization does not say what `states` say; returns their addresses.

    Nodes that a run of Dagster's is about to report are left to it. Asset checks are reported beside what they judge.
    """
    busy = busy_keys(instance)
    if busy is None:
        return []
    reported: list[str] = []
    latest = instance.get_latest_materialization_events([dg.AssetKey(state.node.key) for state in states.values()])
    for state in states.values():
        node, key = state.node, dg.AssetKey(state.node.key)
        if key in busy or not differs(latest.get(key), state, states):
            continue
        described = describe(root, node, state.data_version) if state.data_version != ABSENT else {}
        why = ", ".join(state.changes) or "nothing"
        metadata = {**described, "ran": False, "reported": "found in the workspace", "out of date": why}
        tags = wanted_tags(state, states)
        instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=metadata, tags=tags))
        if state.data_version != ABSENT:
            _report_checks(instance, root, node)
        reported.append(node.address)
    return reported


def differs(latest: dg.EventLogEntry | None, state: State, states: Mapping[str, State]) -> bool:
    """Whether the latest materialization of a node says something else than its state."""
    if latest is None or latest.asset_materialization is None:
        return state.recorded
    return version_tags(latest.asset_materialization.tags or {}) != version_tags(wanted_tags(state, states))


def wanted_tags(state: State, states: Mapping[str, State]) -> dict[str, str]:
    """The tags of a materialization that states this: Dagster reads versions from them."""
    tags = {
        DATA_VERSION_TAG: state.data_version,
        CODE_VERSION_TAG: state.made_by if state.recorded else NEVER_RAN,
        DATA_VERSION_IS_USER_PROVIDED_TAG: "true",
    }
    for address in state.node.upstream:
        key = dg.AssetKey(states[address].node.key).to_user_string()
        tags[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{key}"] = state.made_from.get(address, NEVER_RAN)
        tags[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{key}"] = "NULL"
    return tags


def version_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Those tags that decide whether Dagster shows an asset as fresh."""
    return {name: value for name, value in tags.items() if name.startswith(VERSION_TAGS)}


def busy_keys(instance: DagsterInstance) -> set[dg.AssetKey] | None:
    """Assets that runs under way will report themselves; None where a run may report any."""
    going = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]))
    busy: set[dg.AssetKey] = set()
    for run in going:
        if run.asset_selection is None and run.job_name != RECORD:
            return None
        busy |= set(run.asset_selection or ())
    return busy


def fingerprint(root: Path, nodes: Iterable[Node], cache: Path) -> str:
    """Digest of name, size and time of every file that can change a verdict, without reading any of them.

    Of DVC's cache it takes the times of its (at most 256) folders, which tell when a file in them came or went.
    """
    names = {*WATCHED, *(path.name for path in root.glob("*.dvc"))}
    names |= {name for node in nodes for name in (*node.code, *node.outs)}
    digest = hashlib.sha256()
    for line in sorted([*_lines(root / name for name in names), *_folders(cache)]):
        digest.update(line.encode())
    return digest.hexdigest()[:32]


def _lines(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        found = False
        for file in files_of(path) if path.exists() else ():
            found = True
            try:
                status = file.stat()
            except FileNotFoundError:
                continue
            yield f"{file}\0{status.st_mtime_ns}\0{status.st_size}\n"
        if not found:
            yield f"{path}\0absent\n"


def _folders(cache: Path) -> Iterator[str]:
    for path in (cache, *(cache.iterdir() if cache.exists() else ())):
        with suppress(FileNotFoundError):
            yield f"{path}\0{path.stat().st_mtime_ns}\n"


def _report_checks(instance: DagsterInstance, root: Path, node: Node) -> None:
    for check in checks_of(node):
        result = check.result(root, node)
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(node.key),
                check_name=check.name,
                passed=result.passed,
                severity=result.severity,
                description=result.description,
                metadata=dict(result.metadata or {}),
            )
        )
