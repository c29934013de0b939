"""Validate a dataset folder and write down what came of it: validation.json for tools, index.html for people."""

import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dualgeo.datasets.contract import SPLITS
from dualgeo.errors import DualGeoError
from dualgeo.files import folder_written_whole, write_json, write_text
from dualgeo.params import ValidateParams
from dualgeo.validation.facts import DatasetFacts, gather
from dualgeo.validation.page import page
from dualgeo.validation.suite import CRITICAL, CheckResult, checks, run_suite


@dataclass(frozen=True)
class ValidationOutcome:
    """Whether the dataset may be used (no critical check failed), each check's result, and the facts it rests on."""

    dataset: str
    success: bool
    results: list[CheckResult]
    facts: DatasetFacts

    def sentence(self) -> str:
        """The verdict; for a failure the first check that failed and rows to look at."""
        failed = [result for result in self.results if not result.success]
        if not failed:
            return f"All {len(self.results)} checks of data/{self.dataset} passed."
        # What stops the pipeline comes before what is only worth knowing.
        failed.sort(key=lambda result: result.severity != CRITICAL)
        first = failed[0]
        examples = f" ({'; '.join(first.examples[:3])})" if first.examples else ""
        others = len(failed) - 1
        more = f", and {others} more check{'s' if others > 1 else ''} failed" if others else ""
        rows = f" for {first.unexpected} photos" if first.checked > 1 and first.unexpected > 1 else ""
        verb = "breaks" if first.severity == CRITICAL else "may be used, but fails"
        return f"data/{self.dataset} {verb} the check “{first.name}”{rows}{examples}{more}."

    def as_json(self) -> dict[str, Any]:
        """What validation.json holds: the same for the same data, whenever and wherever it runs."""
        photos, quarantined = self.facts.photos, self.facts.quarantined
        return {
            "dataset": self.dataset,
            "success": self.success,
            "sentence": self.sentence(),
            "photos": len(photos),
            "images": self.facts.images,
            "splits": {split: int((photos["split"] == split).sum()) for split in SPLITS},
            "quarantined": len(quarantined),
            "quarantined_share": round(self.facts.quarantined_share, 6),
            "quarantine_reasons": dict(Counter(reason for _, reason in quarantined).most_common(20)),
            "expectations": [asdict(result) for result in self.results],
        }


def validate(dataset_folder: Path, params: ValidateParams, threads: int | None = None) -> ValidationOutcome:
    """Check a dataset folder (its name is the dataset's) against the data contract and `params`.

    Nothing is written. Raises DualGeoError when the table itself cannot be read or holds no photo.
    """
    facts = gather(dataset_folder, threads or os.cpu_count() or 1)
    if facts.photos.empty:
        raise DualGeoError(f"{dataset_folder / 'photos.parquet'} holds no photo; make the dataset again.")
    results = run_suite(facts.photos, checks(params, facts.images))
    usable = all(result.success or result.severity != CRITICAL for result in results)
    return ValidationOutcome(dataset_folder.name, usable, results, facts)


def write_outcome(outcome: ValidationOutcome, folder: Path) -> None:
    """Write `folder`/validation.json and index.html, both or neither."""
    with folder_written_whole(folder) as temporary:
        write_json(temporary / "validation.json", outcome.as_json())
        write_text(temporary / "index.html", page(outcome.as_json(), outcome.facts))
