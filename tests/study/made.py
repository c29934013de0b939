"""Studies with made numbers: who hits what is decided by the test."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from dualgeo.params import Params
from dualgeo.study.corruption.cost import Cost
from dualgeo.study.findings.inputs import Study, Tables

PROJECT = Path(__file__).resolve().parents[2]
PHOTOGRAPHERS, PHOTOS_EACH = 60, 3
HIT_KM, MISS_KM = 5.0, 900.0


def params(**study: object) -> Params:
    """The committed params with a small study: two seeds of image and dual, fog and JPEG at 1 and 5."""
    document = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    document["systems"] = {"variants": ["image", "dual"], "seeds": [0, 1]}
    document["score"]["resamples"] = 200
    document["study"] |= {"corruptions": ["fog", "jpeg"], "severities": [1, 5], "ablations": ["dual"]} | study
    return Params.model_validate(document)


def table(query_set: str, share: float, seed: int, favour: int = 0) -> pd.DataFrame:
    """One seed's queries of a set: about `share` of them hit, the same ones for every system.

    `favour` more photographers (fewer, if negative) have all their photos hit than share alone would give.
    """
    count = PHOTOGRAPHERS * PHOTOS_EACH
    photographer = np.repeat(np.arange(PHOTOGRAPHERS), PHOTOS_EACH)
    luck = np.random.default_rng(7).permutation(PHOTOGRAPHERS)
    hit = luck[photographer] < round(share * PHOTOGRAPHERS) + favour
    # One photo a seed goes astray, so that seeds differ.
    hit[(17 * seed) % count] = False
    corruption, _, severity = query_set.partition("/")[2].rpartition("-")
    return pd.DataFrame(
        {
            "query_id": [f"q{number:04d}" for number in range(count)],
            "query_set": query_set,
            "corruption": corruption,
            "severity": int(severity or 0),
            "photographer": [f"trip-{number}" for number in photographer],
            "error_km": np.where(hit, HIT_KM, MISS_KM),
            "moved_km": np.where(hit, 1.0, 500.0),
        }
    )


def tables(sets: dict[str, tuple[float, int]], seeds: int = 2) -> list[pd.DataFrame]:
    """A variant's tables, one a seed: query set -> (share, favour)."""
    return [
        pd.concat([table(name, share, seed, favour) for name, (share, favour) in sets.items()], ignore_index=True)
        for seed in range(seeds)
    ]


def study(favours: dict[str, int], **section: object) -> Study:
    """Dual against image on two sets as taken and four corrupted ones.

    `favours`: query set -> how many photographers more (or fewer) dual places than image only.
    """
    taken = {"atlas": 0.7, "atlas-night": 0.4}
    corrupted = {"atlas/fog-1": 0.6, "atlas/fog-5": 0.3, "atlas/jpeg-1": 0.65, "atlas/jpeg-5": 0.4}

    def both(sets: dict[str, float]) -> Tables:
        return {
            "image": tables({name: (share, 0) for name, share in sets.items()}),
            "dual": tables({name: (share, favours.get(name, 0)) for name, share in sets.items()}),
        }

    made = params(**section)
    return Study(
        params=made,
        taken=both(taken),
        validation={variant: tables({"atlas-validation": (0.5, 0)}) for variant in ("image", "dual")},
        corrupted=both(corrupted),
        ablations={"dual": [ablation(made, seed) for seed in range(2)]},
        costs={
            "view image": Cost(1000, 2000, 0),
            "view segmentation": Cost(500, 1000, 0),
            "image": Cost(100, 200, 64),
            "dual": Cost(200, 400, 96),
        },
        photos={"gallery": 100, "validation": 180, "query": 360},
    )


def ablation(made: Params, seed: int, best_km: float = 25.0) -> pd.DataFrame:
    """The `ablate` stage's table of a seed, in which `best_km` is the best radius on validation photos."""
    rows: list[pd.DataFrame] = []
    named = [("", "as configured"), *(("cluster radius", f"{eps:g} km") for eps in made.study.eps_km)]
    for group, name in named:
        for split, query_set in (("validation", "atlas-validation"), ("query", "atlas"), ("query", "atlas-night")):
            better = 8 if split == "validation" and name == f"{best_km:g} km" else 0
            share = {"atlas-validation": 0.5, "atlas": 0.7, "atlas-night": 0.4}[query_set]
            frame = table(query_set, share, seed, better)[["query_id", "query_set", "photographer", "error_km"]]
            rows.append(frame.assign(group=group, name=name, split=split))
    return pd.concat(rows, ignore_index=True)
