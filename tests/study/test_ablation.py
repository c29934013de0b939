"""The ablation table: the radius is chosen on validation photos, and every line is measured against one system."""

import numpy as np
import pytest

from dualgeo.study.findings.epsilon import choose_radius
from dualgeo.study.findings.table import SAME, ablation_table
from dualgeo.study.trials.variations import CONFIGURED, variations_of
from tests.study.made import HIT_KM, MISS_KM, ablation, params, study


def test_the_radius_is_the_best_on_validation_photos() -> None:
    made = params()
    tables = [ablation(made, seed, best_km=100.0) for seed in range(2)]
    choice = choose_radius(tables, made.study, 25.0)
    assert choice is not None and choice.chosen_km == 100.0
    assert max(choice.accuracy) == choice.accuracy[choice.eps_km.index(100.0)]


def test_query_photos_have_no_say_in_the_radius() -> None:
    made = params()
    tables = [ablation(made, seed) for seed in range(2)]
    before = choose_radius(tables, made.study, 25.0)
    for flattered in ("1 km", "200 km"):
        changed = [table.copy() for table in tables]
        for table in changed:
            queries = table["split"] == "query"
            table.loc[queries, "error_km"] = MISS_KM
            table.loc[queries & (table["name"] == flattered), "error_km"] = HIT_KM
        assert choose_radius(changed, made.study, 25.0) == before


def test_of_equally_good_radii_the_smallest_is_chosen_and_without_validation_photos_none() -> None:
    made = params()
    level = [ablation(made, seed, best_km=-1) for seed in range(2)]
    choice = choose_radius(level, made.study, 25.0)
    assert choice is not None and choice.chosen_km == min(made.study.eps_km)
    assert choose_radius([table[table["split"] == "query"] for table in level], made.study, 25.0) is None


def test_only_the_chosen_radius_shows_a_figure_on_queries() -> None:
    made = study({})
    table = ablation_table(made.params, made.taken, made.validation, made.ablations, 25.0)
    radii = [row for row in table.rows if row.group == "cluster radius"]
    assert len(radii) == len(made.params.study.eps_km)
    assert [row.name for row in radii if row.queries is not None] == ["25 km"]
    assert all(row.validation is not None for row in radii)


def test_lines_are_compared_with_the_lead_and_corrected_over_the_table() -> None:
    made = study({"atlas": 15})
    table = ablation_table(made.params, made.taken, made.validation, made.ablations, 25.0)
    lines = {(row.group, row.name): row for row in table.rows}
    lead, image = lines["views", "dual"], lines["views", "image only"]
    assert lead.difference is None and lead.note == CONFIGURED
    assert image.difference is not None and image.difference.points == pytest.approx(-12.5, abs=0.5)
    compared = [row for row in table.rows if row.difference is not None]
    assert all(row.p is not None and row.difference is not None and row.p >= row.difference.p for row in compared)
    chosen = lines["cluster radius", "25 km"]
    assert chosen.difference is not None and SAME not in chosen.note  # the made radii answer as image only does


def test_everything_is_varied_one_thing_at_a_time() -> None:
    made = params()
    parts = (("fused", 3.0), ("image", 1.0))
    base, *varied = variations_of(made, parts)
    assert (base.name, base.parts, base.top_k, base.refine) == (CONFIGURED, parts, 20, made.refine)
    assert len({variation.key for variation in varied}) == len(varied)
    by_group = {variation.group for variation in varied}
    assert by_group == {"re-rank", "cluster radius", "candidates", "index rows"}
    for variation in varied:
        changed = [variation.parts != parts, variation.top_k != 20, variation.refine != made.refine]
        assert sum(changed) <= 1, variation.key
    radii = [variation.refine.eps_km for variation in varied if variation.group == "cluster radius"]
    assert radii == made.study.eps_km
    assert not [v for v in variations_of(made, (("fused", 1.0),)) if v.group == "index rows"]


def test_made_ablations_differ_between_seeds() -> None:
    made = params()
    first, second = (ablation(made, seed)["error_km"].to_numpy(np.float64) for seed in range(2))
    assert (first != second).any(), "else the tests above would not average over anything"
