"""A trained system's second stage with the configured model: ask, verify, and what is written of it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.datasets.contract import read_photos
from dualgeo.files import write_json
from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.ask import ask
from dualgeo.lmm.asked import ASKED_SPLITS
from dualgeo.lmm.asking import Counted, note_asking
from dualgeo.lmm.consent import require_leave
from dualgeo.lmm.picture import Photos
from dualgeo.lmm.provider import Provider
from dualgeo.lmm.providers.choose import provider_for
from dualgeo.lmm.questions import questions_of_cell
from dualgeo.lmm.refine import RefinedWithLmm, SimilarityOf, refine_with_lmm
from dualgeo.lmm.store import AnswerStore
from dualgeo.lmm.summary import lmm_summary
from dualgeo.lmm.table import LMM_SCHEMA
from dualgeo.params import Params
from dualgeo.refinement.refine import Refined, Retrieved
from dualgeo.workspace import Cell, Workspace


@dataclass(frozen=True)
class Written:
    """Final answers, and the files that say how they came about."""

    result: RefinedWithLmm
    store: AnswerStore

    def save(self, folder: Path) -> None:
        """Write lmm.parquet, lmm.json, verification.json and answers.jsonl, what of the store was used, to `folder`."""
        write_said(folder, self.result.said)
        self.result.learned.save(folder)
        self.store.export(self.result.said["key"], folder / "answers.jsonl")


@contextmanager
def refined_by_model(
    workspace: Workspace, params: Params, cell: Cell, refined: Refined, again: Retrieved
) -> Generator[Written]:
    """Ask the configured model about `cell`'s photos and yield the answers; the store stays open until they are saved.

    Answers that came with results (`refined/*/answers.jsonl`) are taken into the store first, so that they are not
    bought again. Whatever stops the asking is raised before anything of the cell is written; what was bought is kept.
    """
    with AnswerStore.open(workspace.answers) as store:
        store.absorb(workspace.exported_answers)
        provider = Counted(provider_for(params.lmm, read_answer, workspace.answers))
        before = store.spent_usd
        table = ask_about_cell(workspace, params, cell, store, provider)
        similarity = similarity_of_cell(workspace, params, cell)
        yield Written(refine_with_lmm(refined, again, table, similarity, params.refine, params.lmm), store)
        note_asking(workspace, cell, table, provider.sent, (before, store.spent_usd), params.lmm.max_usd)


def ask_about_cell(
    workspace: Workspace, params: Params, cell: Cell, store: AnswerStore, provider: Provider
) -> pd.DataFrame:
    """What the model says of `cell`'s photos, as `ask` gives it."""
    if not len(store):
        require_leave(params.lmm)  # before anything is read
    photos = photos_to_ask(workspace, params)
    return ask(questions_of_cell(workspace, params, cell), photos.picture, params.lmm, store, provider)


def photos_to_ask(workspace: Workspace, params: Params) -> Photos:
    """The photos of the dataset that a model may be asked about, as they would be sent."""
    folder = workspace.data(params.dataset)
    photos = read_photos(folder)
    return Photos(folder, photos[photos["split"].isin(ASKED_SPLITS)], params.lmm.image_side)


def similarity_of_cell(workspace: Workspace, params: Params, cell: Cell) -> SimilarityOf:
    """Image-GPS similarity of any photos of the dataset, in the trained system `cell`."""
    # These load torch, which a project without a model of this kind does not need here.
    from dualgeo.lmm.similarity import ImageGps
    from dualgeo.model.photos import open_cached_photos
    from dualgeo.model.system import load_system
    from dualgeo.views.device import resolve_device

    photos = open_cached_photos(read_photos(workspace.data(params.dataset)), workspace.masks, workspace.features)
    asked = photos.part(["validation", "query"])
    model = workspace.require(workspace.model(cell), f"train@{cell.name}")
    everyone = ImageGps.of(load_system(model, resolve_device(params.views.device)), asked)
    ids = pd.Index(asked.table["photo_id"])
    return lambda photo_ids: everyone.rows(ids.get_indexer(pd.Index(photo_ids)))


def write_said(folder: Path, said: pd.DataFrame) -> None:
    """Write lmm.parquet and, of a model that was asked, its figures as lmm.json."""
    table = pa.Table.from_pandas(said, schema=LMM_SCHEMA, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, folder / "lmm.parquet", compression="zstd")
    if len(said):
        write_json(folder / "lmm.json", lmm_summary(said))
