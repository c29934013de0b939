"""What DVC says of the workspace is what Dagster is told, whoever changed it."""

import json
import shutil
from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from orchestration.build import build_definitions
from orchestration.state import Project as Dvc
from orchestration.sync import report_changes
from tests.orchestration.conftest import CELLS, DVC_YAML, KEYS, Project, commit


def sync(toy: Project, instance: dg.DagsterInstance) -> list[str]:
    return report_changes(instance, toy.root, Dvc(toy.root).states())


def stale(toy: Project, instance: dg.DagsterInstance) -> set[str]:
    """The assets that Dagster's pages would not show as fresh, by Dagster's own reckoning."""
    graph = build_definitions(toy.root).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return {key.to_user_string() for key in graph.get_all_asset_keys() if resolver.get_status(key).value != "FRESH"}


def dvc_stale(toy: Project) -> set[str]:
    """The same by `dvc status`, as asset keys."""
    said = toy.call("dvc", "status", "--json").strip().splitlines()[-1]

    return {address.removesuffix(".dvc").replace("@", "/") for address in json.loads(said)}


def cells(*stages: str) -> set[str]:
    return {f"{stage}/{cell}" for stage in stages for cell in CELLS}


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def edit_train(toy: Project) -> None:
    toy.edit("train", learning_rate=0.5)


def edit_report(toy: Project) -> None:
    toy.write("dvc.yaml", DVC_YAML.replace("work.py report", "work.py report again"))


def edit_code(toy: Project) -> None:
    toy.write("code.txt", "other code")


def lose_a_model(toy: Project) -> None:
    shutil.rmtree(toy.root / "models" / "dual-0")


def touch_an_output(toy: Project) -> None:
    toy.write("reports/validation/validation.json", "{}")


def edit_data_that_training_does_not_read(toy: Project) -> None:
    toy.write("data/atlas/extra.txt", "other")
    toy.call("dvc", "add", "-q", "data")


def edit_data_without_pinning(toy: Project) -> None:
    toy.write("data/atlas/numbers.txt", "4 5 6")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (edit_train, cells("train")),
        (edit_report, {"report"}),
        (edit_code, {"validate"}),
        (lose_a_model, {"train/dual-0", "score/dual-0"}),
        (touch_an_output, {"validate", *cells("train")}),
        (edit_data_that_training_does_not_read, {"validate"}),
        (edit_data_without_pinning, {"data", "validate", *cells("train")}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_dagster_shows_as_stale_what_dvc_would_run(
    toy: Project, instance: dg.DagsterInstance, change: Callable[[Project], None], expected: set[str]
) -> None:
    toy.call("dvc", "repro", "-q")
    assert {address.partition(".")[0].replace("@", "/") for address in sync(toy, instance)} == KEYS
    assert stale(toy, instance) == set() == dvc_stale(toy)
    assert sync(toy, instance) == [], "what is known is not reported again"
    change(toy)
    sync(toy, instance)
    assert stale(toy, instance) == expected == dvc_stale(toy)
    toy.call("dvc", "repro", "-q")
    toy.call("dvc", "commit", "-q", "-f", "data.dvc")
    sync(toy, instance)
    assert stale(toy, instance) == set()


def test_back_and_forth_between_two_params(toy: Project, instance: dg.DagsterInstance) -> None:
    versions: list[str] = []
    for rate in (0.1, 0.2, 0.1):
        toy.edit("train", learning_rate=rate)
        toy.call("dvc", "repro", "-q")
        sync(toy, instance)
        assert stale(toy, instance) == set()
        event = instance.get_latest_materialization_event(dg.AssetKey(["train", "dual-0"]))
        assert event is not None and event.asset_materialization is not None
        versions.append((event.asset_materialization.tags or {})["dagster/data_version"])
    assert versions[0] == versions[2] != versions[1]


def test_what_another_commit_has_not_run_is_stale_and_a_checkout_back_is_fresh(
    toy: Project, instance: dg.DagsterInstance
) -> None:
    toy.call("dvc", "repro", "-q")
    first = commit(toy, "ran")
    toy.edit("score", resamples=7)
    toy.call("dvc", "repro", "-q")
    commit(toy, "ran again")
    sync(toy, instance)
    toy.call("git", "checkout", "-q", f"{first}~1")
    sync(toy, instance)
    assert stale(toy, instance) == KEYS - {"data"}
    toy.call("git", "checkout", "-q", first)
    toy.call("dvc", "checkout", "-q")
    sync(toy, instance)
    assert stale(toy, instance) == set() == dvc_stale(toy)


def test_checks_and_reasons_are_reported_with_what_they_judge(toy: Project, instance: dg.DagsterInstance) -> None:
    toy.call("dvc", "repro", "-q")
    sync(toy, instance)
    key = dg.AssetCheckKey(dg.AssetKey(["train", "dual-0"]), "loss")
    record = instance.get_latest_asset_check_evaluation_record(key)
    assert record is not None and record.status.value == "SUCCEEDED"
    edit_train(toy)
    sync(toy, instance)
    event = instance.get_latest_materialization_event(key.asset_key)
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["out of date"].value == "train in params.yaml"


def test_an_output_that_cannot_be_read_hides_nothing_else(toy: Project, instance: dg.DagsterInstance) -> None:
    toy.call("dvc", "repro", "-q")
    toy.write("scores/dual-0/queries.parquet", "torn")
    sync(toy, instance)
    assert stale(toy, instance) == {"score/dual-0", "report"}
    event = instance.get_latest_materialization_event(dg.AssetKey(["score", "dual-0"]))
    assert event is not None and event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["unreadable table"].value == "queries.parquet is no parquet file"
    assert "atlas/acc/25/value" in metadata


def test_a_torn_dvc_lock_is_a_sentence(toy: Project, instance: dg.DagsterInstance) -> None:
    from dualgeo.errors import DualGeoError

    toy.call("dvc", "repro", "-q")
    toy.write("dvc.lock", (toy.root / "dvc.lock").read_text()[:300])
    with pytest.raises(DualGeoError, match=r"dvc\.lock"):
        sync(toy, instance)
