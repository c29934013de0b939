"""Which systems put questions to a model, which model it was, and how that is said."""

import pandas as pd

from dualgeo.evaluation.with_model import ERROR, asked_rows
from dualgeo.report.inputs import CellRun, Run
from dualgeo.report.lmm.words import plain
from dualgeo.report.style import style_of
from dualgeo.report.words import count, listed

MARK = "†"
CLUSTERING_ALONE = (
    "No large multimodal model was asked: the second stage was clustering alone ({refiner}, which is not an LMM)."
)
NAME_LENGTH = 80


def asked_cells(run: Run, variant: str | None = None) -> list[CellRun]:
    """The cells that put questions to a model, in the order of the run."""
    return [cell for cell in run.cells if cell.lmm is not None and variant in (None, cell.cell.variant)]


def questions_of(cell: CellRun) -> pd.DataFrame:
    """A cell's questions about its query photos; not those of validation photos, nor of the filtered search."""
    assert cell.lmm is not None
    return cell.lmm[(cell.lmm["split"] == "query") & ~cell.lmm["filtered"]]


def asked_about(cell: CellRun) -> set[str]:
    """The query photos that were put to the model, answered or not."""
    return {str(name) for name in asked_rows(cell.queries)["query_id"]}


def without_model(cell: CellRun) -> pd.DataFrame:
    """The per-query table with the answers that stand without the model; as it is where none was asked."""
    if cell.lmm is None:
        return cell.queries
    return cell.queries.assign(error_km=cell.queries[ERROR])


def models_of(run: Run) -> list[str]:
    """The models that answered, as their servers name them; the one of the params where none did."""
    named = {plain(name, NAME_LENGTH) for cell in asked_cells(run) for name in cell.lmm["model"].dropna().unique()}  # pyright: ignore[reportOptionalSubscript]
    return sorted(named - {""}) or [plain(run.params.lmm.model, NAME_LENGTH)]


def second_stage(run: Run) -> str:
    """One line: which systems asked which model, or that none did."""
    cells = asked_cells(run)
    if not cells:
        return CLUSTERING_ALONE.format(refiner=run.params.refine.refiner)
    parts: list[str] = []
    for variant in dict.fromkeys(cell.cell.variant for cell in cells):
        mine, seeds = asked_cells(run, variant), run.of(variant)
        names = listed([cell.cell.name for cell in mine])
        some = "" if len(mine) == len(seeds) else f", {len(mine)} of {count(len(seeds), 'seed')}"
        parts.append(f"{style_of(variant).name} ({names}{some})")
    rest = "" if len(cells) == len(run.cells) else "; every other system is clustering alone, which is not an LMM"
    return f"{MARK} The answers of {listed(parts)} were refined by {listed(models_of(run))}{rest}."


def asked_unlike(run: Run, variant: str, baseline: str) -> bool:
    """Whether some, but not all, of the systems in a comparison asked a model."""
    cells = [*run.of(variant), *run.of(baseline)]
    return 0 < sum(cell.lmm is not None for cell in cells) < len(cells)


def unlike(run: Run, variant: str, baseline: str) -> str:
    """What a comparison leaves out, where only some of its systems asked a model; nothing where all did or none."""
    if not asked_unlike(run, variant, baseline):
        return ""
    first, second = (style_of(name).name for name in (variant, baseline))
    return (
        f"A model was asked by some systems of {first} and {second} and not by all. The differences here are those of "
        "the answers that stand without it, so that they say something about the systems; what the model added is in "
        "a part of its own."
    )
