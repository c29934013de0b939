"""Stage `leakage`: what the queries and validation photos of the dataset share with its gallery."""

from dualgeo.datasets.contract import read_photos
from dualgeo.files import folder_written_whole, write_json
from dualgeo.leakage.check import check_leakage
from dualgeo.leakage.dataset import dataset_photos
from dualgeo.leakage.exclusions import near_duplicates, write_exclusions
from dualgeo.leakage.finding import Limits
from dualgeo.leakage.outcome import outcome, shown_pairs, write_pairs
from dualgeo.leakage.words import sentence
from dualgeo.params import LeakageParams, Params
from dualgeo.progress import say
from dualgeo.views.cache import ids_by_shard, read_features
from dualgeo.workspace import Workspace


def run(workspace: Workspace, params: Params) -> None:
    """data/<dataset>, cache/features -> reports/leakage/: leakage.json, pairs.parquet, near_duplicates.parquet."""
    folder = workspace.data(params.dataset)
    table = read_photos(folder)
    features = read_features(workspace.features, ids_by_shard(table)).embedding
    gallery = dataset_photos(table, folder, features, "GALLERY", f"{params.dataset} (gallery)")
    queries = dataset_photos(table, folder, features, "QUERIES", f"{params.dataset} (queries)")
    leakage = check_leakage(gallery, queries, limits_of(params.leakage))
    with folder_written_whole(workspace.leakage) as temporary:
        write_json(temporary / "leakage.json", outcome(leakage))
        write_pairs(temporary / "pairs.parquet", shown_pairs(leakage))
        write_exclusions(temporary / "near_duplicates.parquet", near_duplicates(leakage))
    say(sentence(leakage))


def limits_of(params: LeakageParams) -> Limits:
    """The params as the checks take them."""
    return Limits(
        phash_bits=params.phash_bits,
        cosine=params.cosine,
        metres=params.metres,
        minutes=params.minutes,
        photographer_metres=params.photographer_metres,
        pairs_per_query=params.pairs_per_query,
        all_near_duplicates=True,
    )
