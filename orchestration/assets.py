"""Dagster assets for the nodes of dvc.yaml: one asset a node; all that one cell goes through is one step of a run."""

import re
import shlex
import time
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration.checks import checks_of
from orchestration.graph import Node
from orchestration.metadata import describe, preview_of
from orchestration.run import CommandFailed, run_tool
from orchestration.state import Project

Event = dg.MaterializeResult[Any] | dg.AssetCheckResult
PROJECT = "project"
GROUPS_APART = frozenset({"study"})
"""Groups whose cells rest on other cells, or on more than the report needs: each is a step of its own."""
BUSY = "is busy, it is being blocked by"
"""What DVC says of files that another process holds."""
SECONDS_BETWEEN_TRIES = 3.0


def pipeline_assets(nodes: list[Node]) -> list[dg.AssetsDefinition]:
    """The assets of every node. The nodes of one cell share a step, so that a cell that fails stops only its own.

    Dagster splits a step where other nodes lie between its own. The resource `project` is what they run in.
    """
    keys = {node.address: dg.AssetKey(node.key) for node in nodes}
    steps: dict[str, list[Node]] = {}
    for node in nodes:
        steps.setdefault(_step_of(node), []).append(node)
    return [_step(name, members, keys) for name, members in steps.items()]


def _step_of(node: Node) -> str:
    # A step waits for all that any of its nodes rests on: what compares cells must not make one wait for the others.
    if not node.cell:
        return node.stage
    return node.address if node.group in GROUPS_APART else f"cell_{node.cell}"


def _step(name: str, nodes: list[Node], keys: Mapping[str, dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        # Dagster wants steps and jobs to have different names, and any stage may be called like a job.
        name="step_" + re.sub(r"\W", "_", name),
        specs=[_spec(node, keys) for node in nodes],
        check_specs=[_check_spec(node, check.name, check.description) for node in nodes for check in checks_of(node)],
        can_subset=len(nodes) > 1 or any(map(checks_of, nodes)),
        required_resource_keys={PROJECT},
    )
    def step(context: dg.AssetExecutionContext) -> Iterator[Event]:
        yield from Step(context, getattr(context.resources, PROJECT)).run(nodes)

    return step


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


def _check_spec(node: Node, name: str, description: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=dg.AssetKey(node.key), description=description)


class Step:
    """One execution of a step: brings nodes up to date through DVC, one after the other."""

    def __init__(self, context: dg.AssetExecutionContext, project: Project) -> None:
        self.context, self.project, self.root = context, project, project.root
        self.failures: dict[str, CommandFailed] = {}

    def run(self, nodes: list[Node]) -> Iterator[Event]:
        """Yield what became of each selected node. One that fails stops those after it that need it, not the others.

        Raises dg.Failure at the end, naming each that failed and what it said.
        """
        stopped: set[str] = set()
        for node in nodes:
            if dg.AssetKey(node.key) not in self.context.selected_asset_keys:
                yield from self._checks(node)
            elif stopped.intersection(node.upstream):
                self.context.log.error(f"{node.address} was not run: what it needs has failed")
                stopped.add(node.address)
            else:
                try:
                    yield self._materialize(node)
                except CommandFailed as failure:
                    self.context.log.error(f"{node.address}: {failure}")
                    self.failures[node.address] = failure
                    stopped.add(node.address)
                    yield from self._checks(node)
        if self.failures:
            raise self._failure()

    def _materialize(self, node: Node) -> dg.MaterializeResult[Any]:
        begun = time.monotonic()
        before = self.project.data_version(node.address)
        ran = fetch_data(self, node) if node.is_raw else self._reproduce(node)
        if ran and preview_of(self.root, node) is None:
            self._preview(node)
        data_version = self.project.data_version(node.address) or ""
        return dg.MaterializeResult(
            asset_key=dg.AssetKey(node.key),
            data_version=dg.DataVersion(data_version),
            metadata={
                "ran": ran,
                "seconds": round(time.monotonic() - begun, 1),
                "outputs changed": data_version != before,
                # Dagster keeps every event for good: what did not change is pictured where it was made.
                **describe(self.root, node, data_version, pictured=ran),
            },
            check_results=list(self._checks(node)),
        )

    def _reproduce(self, node: Node) -> bool:
        """Let DVC run or restore the node; False where there is nothing to do."""
        while changes := self.project.changes(node.address):
            self.context.log.info(f"{node.address} is out of date: {', '.join(changes)}")
            try:
                # Without --wait-for-lock work that has been done is lost when two runs meet.
                self.tool(node, "dvc", "--wait-for-lock", "repro", "--single-item", node.address)
                return True
            except CommandFailed as failure:
                if not any(BUSY in line for line in failure.last_lines):
                    raise
                # That option does not wait for a stage that works on the same files; what it makes may be what we want.
                self.context.log.warning(f"{node.address}: another process is at work on it; waiting for its end")
                time.sleep(SECONDS_BETWEEN_TRIES)
        self.context.log.info(f"{node.address} is up to date")
        return False

    def _preview(self, node: Node) -> None:
        # A stage that ran has drawn its picture; one that DVC restored has not. No picture is no failure.
        try:
            self.tool(node, "dualgeo", "preview", node.address)
        except CommandFailed as failure:
            self.context.log.warning(f"There is no preview of {node.address}: {failure}")

    def _checks(self, node: Node) -> Iterator[dg.AssetCheckResult]:
        for check in checks_of(node):
            if dg.AssetCheckKey(dg.AssetKey(node.key), check.name) in self.context.selected_asset_check_keys:
                yield check.result(self.root, node)

    def _failure(self) -> dg.Failure:
        said = "\n\n".join(f"{address}\n" + "\n".join(each.last_lines) for address, each in self.failures.items())
        return dg.Failure(
            f"Failed: {', '.join(self.failures)}. The other results are kept.",
            metadata={"what it said": dg.MetadataValue.md(f"```\n{said}\n```")},
            allow_retries=False,
        )

    def tool(self, node: Node, tool: str, *arguments: str) -> None:
        """Run a command for a node, its lines in this run's log. Raises CommandFailed."""
        run = {
            "dagster.run_id": self.context.run_id,
            "dvc.stage": node.stage,
            "dvc.cell": node.cell,
            "dvc.code_version": node.code_version,
        }
        self.context.log.info(" ".join([tool, *arguments]))
        run_tool(self.root, tool, list(arguments), run, self.context.log.info)


def fetch_data(step: Step, node: Node) -> bool:
    """Download, ingest or generate the raw data and pin them; data other than what was pinned are said to be so."""
    before = step.project.data_version(node.address)
    if node.command:
        step.tool(node, *shlex.split(node.command))
    elif not all((step.root / out).exists() for out in node.outs):
        step.tool(node, "dvc", "--wait-for-lock", "pull", node.address)
    if not step.project.changes(node.address):
        return bool(node.command)
    step.tool(node, "dvc", "--wait-for-lock", "add", "--quiet", *node.outs)
    after = step.project.data_version(node.address)
    if before is not None and after != before:
        step.context.log.warning(
            f"{node.address} pinned data version {before} before and pins {after} now; commit it if that was meant"
        )
    return True


def project_resource(project: Project) -> dg.ResourceDefinition:
    """The project as steps see it: the one that the definitions were made from, so that dvc.yaml is read once."""
    return dg.ResourceDefinition.hardcoded_resource(project)
