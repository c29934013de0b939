"""The gallery index: FAISS behind one small interface, saved with the photos its rows stand for."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.errors import DualGeoError
from dualgeo.files import folder_written_whole, read_json, write_json
from dualgeo.params import IndexParams
from dualgeo.retrieval.recall import Recall, Rows, Vectors

GALLERY_COLUMNS = ["photo_id", "lat", "lon", "photographer", "dataset"]
TRAINING_ROWS_PER_LIST = 39
"""FAISS warns below 39 training vectors for each list: cells would be drawn from too few points."""


class GalleryIndex:
    """Unit vectors of gallery photos, searched by inner product (= cosine)."""

    def __init__(
        self,
        index: "faiss.Index",
        gallery: pd.DataFrame,
        parts: list[tuple[str, float]],
        recall: Recall | None = None,
    ) -> None:
        self.index = index
        self.gallery = gallery
        self.parts = parts
        self.recall = recall
        """What `measure_recall` found, if it was asked: saved with the index, so that a check can read it."""

    @staticmethod
    def build(
        vectors: Vectors, gallery: pd.DataFrame, parts: list[tuple[str, float]], params: IndexParams
    ) -> "GalleryIndex":
        """Index `vectors` (N, D), row i standing for row i of `gallery` (GALLERY_COLUMNS).

        Raises DualGeoError when an IVF index is asked for more lists than the gallery can fill.
        """
        index = faiss.index_factory(vectors.shape[1], factory_string(params, len(vectors)), faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.add(vectors)
        if params.kind == "ivf":
            faiss.extract_index_ivf(index).nprobe = params.probes
        return GalleryIndex(index, gallery[GALLERY_COLUMNS].reset_index(drop=True), parts)

    def search(self, vectors: Vectors, k: int, without: Rows | None = None) -> tuple[npt.NDArray[np.float32], Rows]:
        """The `k` nearest gallery rows of each query: cosines (Q, k) falling, rows (Q, k), -1 where there are fewer.

        `without`: gallery rows that no query is answered with, as if they were not in the index. Equal cosines are
        ordered by row, so the order does not depend on FAISS's threads.
        """
        if vectors.shape[1] != self.index.d:
            raise DualGeoError(
                f"Queries have {vectors.shape[1]} dimensions and the index {self.index.d}; build the index again."
            )
        asked, k = np.ascontiguousarray(vectors), min(k, self.index.ntotal)
        if without is None:
            scores, rows = self.index.search(asked, k)
        else:
            # The parameters point to the selector without owning it: it must outlive the search.
            selector = self._all_but(without)
            scores, rows = self.index.search(asked, k, params=self._parameters(selector))
        order = np.lexsort((rows, -scores), axis=1)
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)

    # FAISS's Python wrappers take arrays and keywords that its types do not tell of.
    def _all_but(self, rows: Rows) -> Any:
        kept = np.ones(self.index.ntotal, np.bool_)
        kept[rows] = False
        bitmap: Any = faiss.IDSelectorBitmap
        return bitmap(np.packbits(kept, bitorder="little"))

    def _parameters(self, selector: Any) -> Any:
        parameters: Any = faiss
        if isinstance(self.index, faiss.IndexIVF):
            return parameters.SearchParametersIVF(sel=selector, nprobe=self.index.nprobe)
        return parameters.SearchParameters(sel=selector)

    def save(self, folder: Path) -> None:
        """Write gallery.faiss, gallery.parquet and config.json, whole or not at all."""
        with folder_written_whole(folder) as temporary:
            faiss.write_index(self.index, str(temporary / "gallery.faiss"))
            table = pa.Table.from_pandas(self.gallery, preserve_index=False).replace_schema_metadata(None)
            pq.write_table(table, temporary / "gallery.parquet", compression="zstd")
            config: dict[str, Any] = {"parts": [list(part) for part in self.parts], "rows": len(self.gallery)}
            config |= {"d": self.index.d} | ({} if self.recall is None else {"recall": vars(self.recall)})
            write_json(temporary / "config.json", config)

    @staticmethod
    def load(folder: Path) -> "GalleryIndex":
        """Read what `save` wrote; DualGeoError names the folder when it is missing or damaged."""
        config: dict[str, Any] = read_json(folder / "config.json")
        try:
            index = faiss.read_index(str(folder / "gallery.faiss"))
            gallery = pq.read_table(folder / "gallery.parquet").to_pandas()
        except (RuntimeError, OSError, pa.ArrowException) as error:
            raise DualGeoError(f"{folder} holds no usable index ({error}); run `dvc repro index` again.") from None
        if index.ntotal != len(gallery):
            raise DualGeoError(
                f"{folder}: {index.ntotal} vectors but {len(gallery)} photos; run `dvc repro index` again."
            )
        parts = [(str(name), float(weight)) for name, weight in config["parts"]]
        recall = Recall.of(config["recall"]) if "recall" in config else None
        return GalleryIndex(index, gallery, parts, recall)


def factory_string(params: IndexParams, rows: int) -> str:
    """FAISS's name of the index that params ask for."""
    quantiser = {"none": "Flat", "fp16": "SQfp16", "sq8": "SQ8"}[params.quantiser]
    if params.kind == "flat":
        return quantiser
    if rows < params.lists * TRAINING_ROWS_PER_LIST:
        most = max(1, rows // TRAINING_ROWS_PER_LIST)
        raise DualGeoError(
            f"params.yaml: index.lists is {params.lists}, but {rows} gallery photos fill at most {most} lists "
            "well; lower it or set index.kind to flat."
        )
    return f"IVF{params.lists},{quantiser}"
