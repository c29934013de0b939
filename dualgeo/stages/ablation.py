"""`dualgeo ablation`: the ablation table, whatever of it exists already."""

from dualgeo.params import load_params
from dualgeo.progress import say
from dualgeo.report.findings import reference_km
from dualgeo.stages.ablate import run
from dualgeo.study.findings.inputs import read_ablations, read_clean
from dualgeo.study.findings.table import ablation_table
from dualgeo.study.findings.write import ablation_table_of, console_of
from dualgeo.workspace import Cell, Workspace


def print_ablation(workspace: Workspace) -> None:
    """Run the cells of `ablate` that have no results, then print the table.

    Results that are out of date are taken as they are (`dvc repro study` renews them). DualGeoError when the systems
    themselves have not been trained and scored.
    """
    params = load_params(workspace.params)
    taken, validation = read_clean(workspace, params)
    for variant in params.study.ablations:
        for seed in params.systems.seeds:
            cell = Cell(variant, seed)
            if not (workspace.ablation(cell) / "queries.parquet").exists():
                say(f"ablate {cell.name}")
                run(workspace, params, cell)
    km = reference_km(params.score.thresholds_km)
    table = ablation_table(params, taken, validation, read_ablations(workspace, params), km)
    console_of().print(ablation_table_of(table))
