"""The model card of a training and the description of a score: Markdown that MLflow shows on the run's page."""

from collections.abc import Mapping, Sequence
from typing import Any

CARD = "model-card.md"
LONGEST = 7900
"""MLflow refuses tags of more than 8,000 characters."""
WHAT = {
    "image": "It sees a photo through the frozen image encoder alone.",
    "segmentation": "It sees a photo through the frozen segmenter alone: a map of what is where.",
    "dual-no-attention": "It sees a photo as a picture and as a map of what is where, joined without attention.",
    "dual": "It sees a photo as a picture and as a map of what is where; the two views attend to each other.",
}
STAND_IN = (
    "**The encoders are stand-ins** made for the drawn scenes of Atlas, the embedded world. On a real photo an answer "
    "of this system says nothing about where it was taken."
)
USE = """## Intended use and limits

For photos you may analyse: your own, archives, research collections, journalism and disaster response with due care.
Not for following, exposing, harassing or profiling people, not to undo someone's choice to hide a location, and never
as the only evidence for a decision about a person. An answer is an estimate; its radius is honest only for photos like
those it was calibrated on, and systems like this are worse where the gallery has few photos, which is most of the world
outside rich countries."""


def model_card(
    config: Mapping[str, Any],
    data: Mapping[str, str],
    params: Mapping[str, Any],
    curve: Sequence[tuple[int, Mapping[str, float]]],
    metrics: Mapping[str, Any] | None,
) -> str:
    """The card of one trained system.

    `config`: models/<cell>/config.json. `data`: what it was trained on, name -> version. `params`: flat, those that
    made it. `curve`: figures of each epoch. `metrics`: metrics.json of its score, None while there is none.
    """
    variant, views = str(config["variant"]), config["views"]
    encoders = [views["image"]["model"], views["segmentation"]["model"]]
    parts = [
        f"# DualGeo system {variant}-{config['seed']}",
        "It says where on Earth a photo was taken: coordinate, calibrated radius and the gallery photos behind it. "
        f"{WHAT.get(variant, '')} Trained by aligning photos with coordinates (DualGeo, arXiv 2604.25533).",
        STAND_IN if any(str(name).startswith("standin/") for name in encoders) else "",
        USE,
        "## Data\n\n" + _pairs(data) if data else "",
        "## Encoders and model\n\n"
        + _pairs(
            {
                "image encoder": _encoder(views["image"]),
                "segmenter": _encoder(views["segmentation"]),
                "variant": variant,
                "seed": config["seed"],
            }
            | {name: params[name] for name in sorted(params) if name.startswith("train.")}
        ),
        _curve(curve),
        figures_table(metrics) if metrics else "## Figures\n\nNot scored yet.",
    ]
    return _shortened("\n\n".join(part for part in parts if part) + "\n")


def score_note(cell: str, metrics: Mapping[str, Any], training_run: str | None, compared: str = "") -> str:
    """The description of one score; `compared`: what the comparison of its variant says."""
    rests = f"Rests on training run `{training_run}`." if training_run else "The training it rests on is not recorded."
    against = f"\n## All seeds of the variant against the baseline\n\n{compared}" if compared else ""
    return _shortened(f"Score of `{cell}`. {rests}\n\n{figures_table(metrics)}\n{against}")


def figures_table(metrics: Mapping[str, Any]) -> str:
    """Percent of photos within each distance, with intervals, a row for each query set."""
    sets = {name: figures for name, figures in metrics.items() if isinstance(figures, Mapping) and figures.get("acc")}
    if not sets:
        return ""
    distances = sorted({key for figures in sets.values() for key in figures["acc"]}, key=float)
    head = ["query set", "photos", *(f"within {km} km" for km in distances), "median km"]
    rows = [
        [name, str(figures.get("queries", "")), *(_share(figures["acc"].get(km)) for km in distances), _km(figures)]
        for name, figures in sets.items()
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    how = str(next(iter(sets.values())).get("interval", ""))
    return f"## Figures\n\nPercent of photos, with the interval of each figure ({how}).\n\n{table}"


def _encoder(view: Mapping[str, Any]) -> str:
    revision = view.get("revision")
    return f"{view['model']}" + (f" at {revision}" if revision else "")


def _curve(curve: Sequence[tuple[int, Mapping[str, float]]]) -> str:
    if not curve:
        return ""
    (first, begun), (last, ended) = curve[0], curve[-1]
    if "loss" not in begun or "loss" not in ended:
        return ""
    lowest = min(curve, key=lambda row: row[1]["loss"])
    return (
        f"## Training\n\nLoss {begun['loss']:.4g} after epoch {first}, {ended['loss']:.4g} after epoch {last}; "
        f"lowest {lowest[1]['loss']:.4g} after epoch {lowest[0]}."
    )


def _share(figure: Mapping[str, float] | None) -> str:
    return f"{figure['value']:.1f} ({figure['low']:.1f} to {figure['high']:.1f})" if figure else ""


def _km(figures: Mapping[str, Any]) -> str:
    value = figures.get("median_km")
    return f"{value:,.1f}" if isinstance(value, int | float) else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return "\n".join(f"- {name}: `{value}`" for name, value in values.items())


def _shortened(text: str) -> str:
    return (
        text if len(text) <= LONGEST else text[:LONGEST].rpartition("\n")[0] + "\n\n(cut; the rest is in the report)\n"
    )
