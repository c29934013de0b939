"""Asset checks: what the stages' output files say about themselves. A stage's exit status does the gating."""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.graph import Node


def pipeline_checks(root: Path, nodes: list[Node]) -> list[dg.AssetChecksDefinition]:
    """The checks that the outputs of `nodes` allow: expectations met, training losses finite and falling."""
    checks = [expectations_check(root, node) for node in nodes if node.stage == "validate"]
    trained = [node for node in nodes if node.stage == "train"]
    return [*checks, losses_check(root, trained)] if trained else checks


def expectations_check(root: Path, node: Node) -> dg.AssetChecksDefinition:
    """Whether the data met every expectation."""

    @dg.asset_check(asset=dg.AssetKey(node.key), name="expectations", description="The data met every expectation.")
    def expectations() -> dg.AssetCheckResult:
        path = root / node.outs[0] / "validation.json"
        if not path.exists():
            return dg.AssetCheckResult(passed=False, description=f"{path.relative_to(root)} does not exist.")
        result = json.loads(path.read_text(encoding="utf-8"))
        return dg.AssetCheckResult(passed=result.get("success") is True, metadata={"validation": _shown(result)})

    return expectations


def losses_check(root: Path, nodes: list[Node]) -> dg.AssetChecksDefinition:
    """Whether each cell's training loss stayed finite and fell."""
    specs = [
        dg.AssetCheckSpec("loss", asset=dg.AssetKey(node.key), description="The training loss is finite and fell.")
        for node in nodes
    ]

    @dg.multi_asset_check(name="losses", specs=specs, can_subset=True)
    def losses(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        for node in nodes:
            key = dg.AssetKey(node.key)
            if dg.AssetCheckKey(key, "loss") in context.selected_asset_check_keys:
                passed, words = loss_verdict(root / node.outs[0] / "curve.csv")
                yield dg.AssetCheckResult(passed=passed, asset_key=key, check_name="loss", description=words)

    return losses


def loss_verdict(path: Path) -> tuple[bool, str]:
    """Whether the losses in a curve.csv (columns epoch, loss, ...) are finite and ended lower, and that in words."""
    if not path.exists():
        return False, f"{path.name} does not exist."
    with path.open(encoding="utf-8", newline="") as handle:
        values = [float(row["loss"]) for row in csv.DictReader(handle)]
    if not values:
        return False, "No epoch was recorded."
    if not all(map(math.isfinite, values)):
        return False, "The loss stopped being finite."
    words = f"{values[0]:.4g} in the first epoch, {values[-1]:.4g} in the last of {len(values)}."
    return len(values) == 1 or values[-1] < values[0], words


def _shown(result: dict[str, object]) -> dg.MetadataValue:
    return dg.MetadataValue.json({key: value for key, value in result.items() if not isinstance(value, list)})
