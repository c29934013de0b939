"""What a dataset must satisfy, as a Great Expectations suite, and its outcome in plain values."""

# Great Expectations documents these names but does not mark them as exported.
# pyright: reportPrivateImportUsage=false

import logging
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import great_expectations.expectations.core as wanted
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.metadata_types import FailureSeverity

from dualgeo.datasets.contract import SPLITS
from dualgeo.params import ValidateParams

EXAMPLES = 5
CRITICAL, WARNING = FailureSeverity.CRITICAL.value, FailureSeverity.WARNING.value
# Names the row in examples; Great Expectations cannot use the column that it judges for that.
ROW_ID = "row_id"


@dataclass(frozen=True)
class Check:
    """One expectation: its place on the page, what it says in words, and Great Expectations' form of it."""

    group: str
    name: str
    expectation: Any
    shown: str | None = None
    """Column whose value explains a failure; None: the expectation's own."""
    required: bool = True
    """False: a failure is a warning, and the data may be used."""


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check. `unexpected` counts rows against it, `examples` are some of them ("id: value").

    `severity` is Great Expectations' word for what a failure means: "critical" stops the pipeline, "warning" does not.
    """

    group: str
    name: str
    expectation: str
    severity: str
    success: bool
    checked: int
    unexpected: int
    examples: list[str]


def checks(params: ValidateParams, images: int) -> list[Check]:
    """Every check for a dataset of which `images` photos are stored, most telling first."""
    result = [
        Check("Positions", "every photo has a latitude", wanted.ExpectColumnValuesToNotBeNull(column="lat")),
        Check("Positions", "every photo has a longitude", wanted.ExpectColumnValuesToNotBeNull(column="lon")),
        Check("Positions", "latitude between -90 and 90 degrees", _between("lat", -90, 90)),
        Check("Positions", "longitude between -180 and 180 degrees", _between("lon", -180, 180)),
        Check(
            "Positions",
            "no photo at (0, 0), which stands for an unknown place",
            wanted.ExpectColumnValuesToBeNull(column="unknown_place"),
        ),
        Check("Identity", "every photo id once", wanted.ExpectColumnValuesToBeUnique(column="photo_id")),
        Check(
            "Identity",
            "photo ids of letters, digits, - and _",
            wanted.ExpectColumnValuesToMatchRegex(column="photo_id", regex=r"^[A-Za-z0-9_-]{1,80}\Z"),
        ),
        Check("Identity", "no two photos of the same bytes", wanted.ExpectColumnValuesToBeUnique(column="sha256")),
        Check(
            "Splits",
            "every photo is gallery, validation or query",
            wanted.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
        ),
        Check(
            "Splits",
            "no split is empty",
            wanted.ExpectColumnDistinctValuesToContainSet(column="split", value_set=list(SPLITS)),
        ),
        Check("Splits", "no place in two splits", _at_most_one("place_splits"), "place"),
        Check(
            "Splits",
            f"at least {params.min_separation_m:g} m from any query or validation photo to the gallery",
            _between("gallery_distance_m", params.min_separation_m, None),
        ),
        Check(
            "Images",
            "as many rows in the table as images in the shards",
            wanted.ExpectTableRowCountToEqual(value=images),
        ),
        Check(
            "Images",
            "every image can be decoded"
            if params.max_unreadable_share == 0
            else f"at most {100 * params.max_unreadable_share:g} % of images cannot be decoded",
            wanted.ExpectColumnValuesToBeNull(column="image_problem", mostly=1 - params.max_unreadable_share),
        ),
        Check(
            "Splits",
            "no photographer in two splits",
            _at_most_one("photographer_splits"),
            "photographer",
            params.require_photographer_disjoint,
        ),
        Check(
            "Rights",
            "every photo has a licence",
            wanted.ExpectColumnValuesToMatchRegex(column="licence_text", regex=r"\S"),
            required=params.require_licence,
        ),
    ]
    order = ["Positions", "Identity", "Splits", "Images", "Rights"]
    return sorted(result, key=lambda check: order.index(check.group))


def _between(column: str, low: float, high: float | None) -> Any:
    return wanted.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)


def _at_most_one(column: str) -> Any:
    return _between(column, 1, 1)


def run_suite(photos: pd.DataFrame, planned: list[Check]) -> list[CheckResult]:
    """Judge the photos (columns of `DatasetFacts.photos`) in memory: no project folder, no network, nothing written."""
    # Its log repeats, on standard error, what the outcome says.
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    judged = photos.assign(**{ROW_ID: photos["photo_id"]})
    asset = context.data_sources.add_pandas("photos").add_dataframe_asset("photos")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": judged})
    form = {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": [ROW_ID],
        "partial_unexpected_count": EXAMPLES,
    }
    return [_outcome(check, batch.validate(check.expectation, result_format=form), photos) for check in planned]


def _outcome(check: Check, validation: Any, photos: pd.DataFrame) -> CheckResult:
    found: dict[str, Any] = validation.result
    if validation.exception_info and any(_raised(info) for info in validation.exception_info.values()):
        raise RuntimeError(f"{check.name}: {validation.exception_info}")
    rows: list[dict[str, Any]] = found.get("partial_unexpected_index_list") or []
    column: str = check.shown or getattr(check.expectation, "column", "")
    values = photos.set_index("photo_id", drop=False)[column] if rows else None
    examples = [_example(row[ROW_ID], None if values is None else values[row[ROW_ID]]) for row in rows]
    if not validation.success and "observed_value" in found:
        wanted_value = validation.expectation_config.kwargs.get("value")
        instead = "" if wanted_value is None else f", not {wanted_value}"
        examples = [f"found {_words(found['observed_value'])}{instead}"]
    unexpected = int(found.get("unexpected_count", 0 if validation.success else 1))
    return CheckResult(
        check.group,
        check.name,
        str(validation.expectation_config.type),
        CRITICAL if check.required else WARNING,
        bool(validation.success),
        int(found.get("element_count", len(photos))) - int(found.get("missing_count") or 0),
        unexpected,
        examples,
    )


def _raised(info: Any) -> bool:
    return isinstance(info, dict) and bool(info.get("raised_exception"))  # pyright: ignore[reportUnknownMemberType]


def _example(photo_id: str, value: Any) -> str:
    if isinstance(value, pd.Series):
        value = value.iloc[0]
    return (
        photo_id
        if value is None or value != value or not str(value).strip() or value == photo_id
        else f"{photo_id}: {_words(value)}"
    )


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "nothing"  # pyright: ignore[reportUnknownVariableType]
    return f"{value:g}" if isinstance(value, float) else str(value)
