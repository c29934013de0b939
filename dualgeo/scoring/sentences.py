"""What is said of one system on one query set below the table: errors, places, radii, candidates."""

from typing import cast

from dualgeo.scoring.systems import System

REFERENCE_KM = 25.0
Block = dict[str, object]


def reference_key(keys: list[str]) -> str:
    """The threshold nearest to 25 km, for where one must stand for all."""
    return min(keys, key=lambda key: abs(float(key) - REFERENCE_KM))


def facts(system: System, query_set: str) -> list[str]:
    """Sentences without full stops, each a mean over the system's files; what a file does not give is not said."""
    blocks = [answers.scored.metrics[query_set] for answers in system.answers]
    return [_errors(blocks), *_places(blocks), *_radii(blocks), *_oracle(blocks)]


def _errors(blocks: list[Block]) -> str:
    error = {key: _kilometres([block[key] for block in blocks]) for key in ("median_km", "mean_km", "p90_km")}
    return (
        f"median error {error['median_km']}, mean {error['mean_km']}, 90 % within {error['p90_km']} (of those "
        f"answered); GeoScore {_mean([block['geoscore'] for block in blocks]):,.0f}; "
        f"{_total(blocks, 'failed'):,} without an answer, {_total(blocks, 'null_island'):,} at (0, 0)"
    )


def _places(blocks: list[Block]) -> list[str]:
    if not all("places" in block for block in blocks):
        return []
    levels = [cast("dict[str, Block]", block["places"]) for block in blocks]
    shares = [f"{level} {_percent([found[level]['value'] for found in levels])}" for level in levels[0]]
    return [f"right {', '.join(shares)}"]


def _radii(blocks: list[Block]) -> list[str]:
    radii = [cast("dict[str, Block]", block.get("radius", {})) for block in blocks]
    shared = [level for level in radii[0] if all(level in found for found in radii)]
    return [
        f"the {100 * float(level):g} % radius covers {_percent([found[level]['coverage'] for found in radii])}, "
        f"median {_kilometres([found[level]['median_km'] for found in radii])}"
        for level in shared
    ]


def _oracle(blocks: list[Block]) -> list[str]:
    """Accuracy of the best of the first k candidates at the reference distance."""
    if not all(block.get("oracle_at") for block in blocks):
        return []
    depths = [cast("dict[str, dict[str, float]]", block["oracle_at"]) for block in blocks]
    key = reference_key(list(next(iter(depths[0].values()))))
    shared = [k for k in depths[0] if all(k in found for found in depths)]
    shares = [f"{k}: {_mean([found[k][key] for found in depths]):.1f}" for k in shared]
    return [f"best of the first k candidates within {key} km, in percent: {', '.join(shares)}"]


def _total(blocks: list[Block], key: str) -> int:
    return sum(int(cast("int", block[key])) for block in blocks)


def _mean(values: list[object]) -> float:
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return sum(numbers) / len(numbers) if numbers else float("nan")


def _percent(values: list[object]) -> str:
    return "unknown" if any(value is None for value in values) else f"{_mean(values):.1f} %"


def _kilometres(values: list[object]) -> str:
    """As many digits as a reader can use; none where a file has no such value (half of the queries are failures)."""
    if any(value is None for value in values):
        return "none"
    mean = _mean(values)
    return f"{mean:.2f} km" if mean < 0.995 else f"{mean:.1f} km" if mean < 9.95 else f"{mean:,.0f} km"
