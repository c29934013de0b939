"""From what was measured to the evidence, the ablation table and the curves: every number that the study reports."""

from dataclasses import dataclass

from dualgeo.params import Params
from dualgeo.report.findings import reference_km
from dualgeo.report.style import style_of
from dualgeo.study.findings.contests import contests_of, levels_of
from dualgeo.study.findings.curves import Line, lines_of
from dualgeo.study.findings.inputs import Study, read_study
from dualgeo.study.findings.stability import stability_of
from dualgeo.study.findings.table import AblationTable, ablation_table
from dualgeo.study.findings.verdict import Evidence
from dualgeo.workspace import Workspace


@dataclass(frozen=True)
class Findings:
    """The whole result of the study."""

    study: Study
    evidence: Evidence
    ablation: AblationTable
    lines: list[Line]


def ask(workspace: Workspace, params: Params) -> Findings:
    """Read the other stages' files and compute everything; DualGeoError names what is missing."""
    study = read_study(workspace, params)
    km = reference_km(params.score.thresholds_km)
    evidence = Evidence(
        lead=style_of(study.lead).name,
        baseline=style_of(study.baseline).name,
        threshold_km=km,
        contests=contests_of(study, km),
        accuracy={style_of(variant).name: levels_of(study, variant, km) for variant in study.variants},
        costs={
            "lead": study.costs[study.lead],
            "baseline": study.costs[study.baseline],
            **{name: cost for name, cost in study.costs.items() if name.startswith("view ")},
        },
        stability=stability_of(
            workspace.data(params.dataset), workspace.masks, workspace.features, workspace.corrupted
        ),
        meaningful=params.report.accuracy_is_meaningful,
        stand_ins=params.views.image.model.startswith("standin/"),
    )
    table = ablation_table(params, study.taken, study.validation, study.ablations, km)
    return Findings(study, evidence, table, lines_of(study, km))
