"""Put assets, checks and the executor together for one project folder."""

from pathlib import Path

import dagster as dg

from orchestration.assets import pipeline_assets
from orchestration.checks import pipeline_checks
from orchestration.graph import read_graph


def _as_given(config: dict[str, object]) -> dict[str, object]:
    return config


# Starting a process for each step costs more than the steps of a run in which little has changed.
in_process_by_default = dg.multi_or_in_process_executor.configured(
    _as_given,
    name="in_process_by_default",
    config_schema=dg.Field(
        dg.Selector({"in_process": dg.Permissive(), "multiprocess": dg.Permissive()}),
        default_value={"in_process": {}},
    ),
)


def build_definitions(root: Path) -> dg.Definitions:
    """The Dagster definitions of the project in `root`; DualGeoError says what is wrong with its dvc.yaml."""
    nodes = read_graph(root)
    return dg.Definitions(
        assets=pipeline_assets(root, nodes),
        asset_checks=pipeline_checks(root, nodes),
        executor=in_process_by_default,
    )
