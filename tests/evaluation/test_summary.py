"""Averaging seeds: the mean, the spread, and the interval over photographers and seeds."""

import numpy as np
import pandas as pd
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.intervals import wilson
from dualgeo.evaluation.summary import summarise
from tests.evaluation.made_hits import PARAMS, per_query


def test_summary_over_seeds() -> None:
    runs = [per_query(np.arange(100) < count, np.arange(100)) for count in (40, 50, 60)]
    accuracy = summarise(runs, PARAMS)["made"]["25"]
    assert (accuracy.mean, accuracy.sd, accuracy.seeds, accuracy.queries) == (50.0, 10.0, 3, 100)
    assert accuracy.units == 100
    assert summarise(runs[:1], PARAMS)["made"]["25"].sd is None


def test_the_interval_holds_the_spread_of_seeds() -> None:
    who = np.arange(2000)
    apart = [per_query(who % 100 < share, who) for share in (40, 50, 60)]
    alike = [per_query(who % 100 < 50, who) for _ in range(3)]
    wide, narrow = (summarise(runs, PARAMS)["made"]["25"] for runs in (apart, alike))
    one = summarise(alike[:1], PARAMS)["made"]["25"]
    assert (narrow.low, narrow.high) == (one.low, one.high)
    # A t interval of three seed means alone is 50 +- 4.303 * 10 / sqrt(3); Wilson's shape pulls it in a little.
    assert 0.8 < (wide.high - wide.low) / (2 * 4.303 * 10 / np.sqrt(3)) < 1


def test_the_naive_look_is_wilson() -> None:
    accuracy = summarise([per_query(np.arange(100) < 37, np.arange(100) // 10)], PARAMS)["made"]["25"]
    low, high = wilson(37, 100, 0.95)
    assert (accuracy.wilson_low, accuracy.wilson_high) == pytest.approx((100 * low, 100 * high), abs=1e-4)
    assert accuracy.low < accuracy.wilson_low < accuracy.wilson_high < accuracy.high
    assert accuracy.design_effect is not None and accuracy.design_effect > 5 and accuracy.units == 10


def test_without_photographers_both_looks_are_one() -> None:
    run = per_query(np.arange(50) < 20, np.arange(50)).assign(photographer=pd.Series([None] * 50, dtype=object))
    accuracy = summarise([run], PARAMS)["made"]["25"]
    assert accuracy.interval == "Wilson" and accuracy.design_effect is None
    assert (accuracy.low, accuracy.high) == (accuracy.wilson_low, accuracy.wilson_high)
    runs = [run, run.assign(error_km=run["error_km"].iloc[::-1].to_numpy())]
    both = summarise(runs, PARAMS)["made"]["25"]
    assert both.mean == 40 and both.low < 40 < both.high


def test_nothing_to_summarise_is_refused() -> None:
    with pytest.raises(DualGeoError, match="no scored runs"):
        summarise([], PARAMS)
