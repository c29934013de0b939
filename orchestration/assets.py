"""Dagster assets for the nodes of dvc.yaml: one multi-asset a stage, one asset key a cell."""

import re
import shlex
import time
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.graph import Node, changed_addresses, digest, recorded_outs
from orchestration.metadata import describe_outputs
from orchestration.run import CommandFailed, run_tool


def pipeline_assets(root: Path, nodes: list[Node]) -> list[dg.AssetsDefinition]:
    """The assets of every node; nodes of one stage share a definition, and any of its cells can be run alone."""
    keys = {node.address: dg.AssetKey(node.key) for node in nodes}
    stages = groupby(sorted(nodes, key=lambda node: node.stage), key=lambda node: node.stage)
    return [_stage_assets(root, stage, list(cells), keys) for stage, cells in stages]


def _stage_assets(root: Path, stage: str, nodes: list[Node], keys: Mapping[str, dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=re.sub(r"\W", "_", stage), specs=[_spec(node, keys) for node in nodes], can_subset=len(nodes) > 1
    )
    def stage_assets(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        selected = [node for node in nodes if keys[node.address] in context.selected_asset_keys]
        yield from _materialize(context, root, selected)

    return stage_assets


def _spec(node: Node, keys: Mapping[str, dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        keys[node.address],
        deps=[keys[address] for address in node.upstream],
        description=node.description,
        group_name=node.group,
        kinds=set(node.kinds) or {"dvc"},
        code_version=node.code_version,
        metadata={"dvc": node.address, "command": node.command, "outputs": list(node.outs)},
    )


def _materialize(
    context: dg.AssetExecutionContext, root: Path, nodes: list[Node]
) -> Iterator[dg.MaterializeResult[Any]]:
    """Bring nodes up to date one after the other; one that fails leaves the others their turn, then fails the step."""
    failures: dict[str, CommandFailed] = {}
    stages = [node.address for node in nodes if not node.is_raw]
    stale = changed_addresses(root, stages)
    for node in nodes:
        begun = time.monotonic()
        before = recorded_outs(root, node.address)
        try:
            if node.is_raw:
                fetch_data(context, root, node)
            elif node.address in stale:
                _reproduce(context, root, node)
            else:
                context.log.info(f"{node.address} is up to date")
        except CommandFailed as failure:
            context.log.error(f"{node.address}: {failure}")
            failures[node.address] = failure
            continue
        outs = recorded_outs(root, node.address)
        ran = node.address in stale or node.is_raw
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(node.key),
            data_version=dg.DataVersion(digest(outs)),
            metadata={
                "ran": ran,
                "seconds": round(time.monotonic() - begun, 1),
                "outputs changed": outs != before,
                **describe_outputs(root, node.outs),
            },
        )
    if failures:
        said = "\n\n".join(f"{address}\n" + "\n".join(failure.last_lines) for address, failure in failures.items())
        raise dg.Failure(
            f"Failed: {', '.join(failures)}. The other results are kept.",
            metadata={"what it said": dg.MetadataValue.md(f"```\n{said}\n```")},
            allow_retries=False,
        )


def _reproduce(context: dg.AssetExecutionContext, root: Path, node: Node) -> None:
    # Without --wait-for-lock work that has been done is lost when two runs meet.
    _tool(context, root, node, "dvc", ["--wait-for-lock", "repro", "--single-item", node.address])


def fetch_data(context: dg.AssetExecutionContext, root: Path, node: Node) -> None:
    """Generate or check the raw data, then pin them; data other than what was pinned are said to be so."""
    before = recorded_outs(root, node.address)
    tool, *arguments = shlex.split(node.command)
    _tool(context, root, node, tool, arguments)
    _tool(context, root, node, "dvc", ["--wait-for-lock", "add", "--quiet", *node.outs])
    after = recorded_outs(root, node.address)
    if before and after != before:
        context.log.warning(f"{node.address} pinned {before} before and pins {after} now; commit it if that was meant")


def _tool(context: dg.AssetExecutionContext, root: Path, node: Node, tool: str, arguments: list[str]) -> None:
    run = {
        "dagster.run_id": context.run_id,
        "dvc.stage": node.stage,
        "dvc.cell": node.cell,
        "dvc.code_version": node.code_version,
    }
    context.log.info(" ".join([tool, *arguments]))
    run_tool(root, tool, arguments, run, context.log.info)
