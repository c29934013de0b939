"""Examples are chosen by rule and show what was decided."""

import numpy as np
import pandas as pd
from PIL import Image

from dualgeo.report.examples import choose, cluster_letters
from dualgeo.report.pictures import class_colour, mask_picture
from dualgeo.report.svg import Scale, short
from dualgeo.report.words import kilometres, signed

QUERIES = pd.DataFrame(
    {
        "query_id": [f"q{n}" for n in range(8)],
        "query_set": ["a", "a", "a", "a", "b", "b", "b", "b"],
        "error_km": [1.0, 2.0, 30.0, np.nan, 0.5, 900.0, 40.0, 8000.0],
    }
)
CONDITIONS = {f"q{n}": "night" if n >= 6 else "daylight" for n in range(8)}


def test_examples_mix_best_typical_worst_and_dark() -> None:
    chosen = choose(QUERIES, CONDITIONS, 4)
    assert [kind for kind, _ in chosen] == ["best", "typical", "worst", "dark"]
    picked = dict(chosen)
    assert picked["best"] == "q4"
    assert picked["worst"] == "q3", "a failure is worse than any error"
    assert picked["dark"] in ("q6", "q7")


def test_examples_are_distinct_and_no_more_than_there_are() -> None:
    chosen = choose(QUERIES, CONDITIONS, 50)
    assert sorted(i for _, i in chosen) == sorted(QUERIES["query_id"])
    assert choose(QUERIES.sample(frac=1, random_state=1), CONDITIONS, 5) == choose(QUERIES, CONDITIONS, 5)
    assert choose(QUERIES.iloc[:0], {}, 4) == []


def test_clusters_get_letters_in_their_final_order() -> None:
    found = pd.DataFrame({"cluster": [2, 2, -1, 0, 2, 5]})
    assert cluster_letters(found) == {2: "A", 0: "B", 5: "C"}


def test_masks_keep_their_classes_and_name_them() -> None:
    mask = np.full((4, 4), 2, np.uint8)
    mask[3] = 6
    picture = mask_picture(mask)
    assert [(c.name, c.percent) for c in picture.classes] == [("sky", 75.0), ("road", 25.0)]
    assert picture.classes[0].colour == class_colour(2)
    assert picture.others == 0
    assert picture.source.startswith("data:image/png;base64,")
    assert Image.init() is not None


def test_figures_read_well() -> None:
    assert [kilometres(v) for v in (0.234, 4.56, 38.2, 1204.4, float("nan"))] == [
        "0.23 km",
        "4.6 km",
        "38 km",
        "1,204 km",
        "–",
    ]
    assert [signed(v) for v in (4.21, -4.21, 0.0, -0.04)] == ["+4.2", "−4.2", "0.0", "0.0"]
    assert [short(v) for v in (1.0, -0.001, 2.345)] == ["1", "0", "2.35"]


def test_logarithmic_scales_keep_their_ends() -> None:
    scale = Scale(1, 10_000, 0, 100, log=True)
    assert (scale(1), scale(100), scale(10_000), scale(0.001)) == (0, 50, 100, 0)
