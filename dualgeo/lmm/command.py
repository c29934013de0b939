"""`dualgeo lmm`: ask outside the pipeline, say what it would cost, look at the store, let answers be bought anew."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import get_args

from dualgeo.errors import DualGeoError
from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.ask import known_price, own_prices
from dualgeo.lmm.cell import ask_about_cell, photos_to_ask
from dualgeo.lmm.consent import destination, stays_here
from dualgeo.lmm.estimate import Plan, plan_of
from dualgeo.lmm.prices import NOTHING, price_for
from dualgeo.lmm.provider import Provider
from dualgeo.lmm.providers.choose import provider_for
from dualgeo.lmm.questions import questions_of_cell
from dualgeo.lmm.reply import FINAL, Outcome
from dualgeo.lmm.stats import exported_keys, stats_of
from dualgeo.lmm.stats_text import lines_of
from dualgeo.lmm.store import AnswerStore
from dualgeo.params import Params, load_params
from dualgeo.workspace import Cell, Workspace

Print = Callable[[str], object]
SHORTEST_KEY = 8


def ask_cells(workspace: Workspace, names: Sequence[str], say: Print, provider: Provider | None = None) -> None:
    """Fill the store with the answers about the candidates of the named systems; none: those of `lmm.cells`.

    The same requests as the stage `refine` makes, so that it finds them all; nothing is written below refined/.
    `provider` stands for the configured one. Raises as `ask` does.
    """
    params = load_params(workspace.params)
    cells = _cells(params, names)
    with AnswerStore.open(workspace.answers) as store:
        store.absorb(workspace.exported_answers)
        provider = provider or provider_for(params.lmm, read_answer, workspace.answers)
        for cell in cells:
            before = store.spent_usd
            table = ask_about_cell(workspace, params, cell, store, provider)
            counts = ", ".join(f"{count} {name}" for name, count in table["outcome"].value_counts().items())
            say(f"{cell.name}: {counts or 'no photo to ask about'}; {store.spent_usd - before:.4f} US dollars.")
    say(f"Next: `dvc repro` takes these answers from {workspace.answers.name}/ and pays nothing for them.")


def estimate_cells(workspace: Workspace, names: Sequence[str], say: Print) -> None:
    """Print what asking would send and cost. Photos are read here; nothing is sent, written or waited for."""
    params = load_params(workspace.params)
    cells, store = _cells(params, names), AnswerStore.look(workspace.answers)
    price = known_price(params.lmm, store)
    known, plans, photos = exported_keys(workspace.exported_answers), list[Plan](), photos_to_ask(workspace, params)
    for cell in cells:
        questions = questions_of_cell(workspace, params, cell)
        plan = plan_of(questions, photos.picture, params.lmm, store, price or NOTHING, known)
        # What one system asks, the next takes from the store.
        known |= plan.missing.keys()
        plans.append(plan)
        say(f"{cell.name}: {plan.counts()}, about {plan.photos} photos.")
    if price is None and any(plan.missing for plan in plans):
        price_for(params.lmm, own_prices(store))  # says which model has no price, and where to add it
    for line in _totals(plans, params, store):
        say(line)


def show_stats(workspace: Workspace, as_json: bool, say: Print) -> None:
    """Print the figures of the store; it may be in use."""
    store = AnswerStore.look(workspace.answers)
    tables = (workspace.root / "refined").glob("*/lmm.parquet")
    stats = stats_of(store, tables, workspace.exported_answers)
    if as_json:
        say(json.dumps(asdict(stats), indent=2))
        return
    params = load_params(workspace.params) if workspace.params.exists() else None
    for line in lines_of(stats, params.lmm.max_usd if params else None):
        say(line)


def forget(workspace: Workspace, what: str, say: Print) -> None:
    """Let what stands under a key (or its beginning), or all that ended with an outcome, be asked again."""
    if what == "failed":
        raise DualGeoError("Failures need not be forgotten: every run asks them again.")
    if what not in FINAL and not re.fullmatch(rf"[0-9a-f]{{{SHORTEST_KEY},64}}", what):
        names = ", ".join(name for name in get_args(Outcome) if name in FINAL)
        raise DualGeoError(
            f"'{what}' is neither an outcome ({names}) nor at least {SHORTEST_KEY} digits of a key; "
            "lmm.parquet of a system lists keys and outcomes."
        )
    with AnswerStore.open(workspace.answers) as store:
        store.absorb(workspace.exported_answers)
        keys = _keys(store, what)
        if not keys:
            raise DualGeoError(f"No answer stands under '{what}'; `dualgeo lmm stats` says what is kept.")
        for key in keys:
            store.forget(key)
    say(
        f"{len(keys)} answers are forgotten; what they cost stays counted. `dvc repro --force refine@SYSTEM` or "
        "`dualgeo lmm ask` asks them again."
    )


def _keys(store: AnswerStore, what: str) -> list[str]:
    if what not in FINAL:
        found = sorted(
            {record.key for record in store.records() if record.key.startswith(what) and record.key in store}
        )
        if len(found) > 1:
            raise DualGeoError(f"{len(found)} keys begin with {what}; write more digits.")
        return found
    ended = {record.key for record in store.records() if record.reply.outcome == what and record.key in store}
    # Of several exchanges under one key the first stands, and that one is meant.
    return sorted(key for key in ended if (record := store.find(key)) is not None and record.reply.outcome == what)


def _cells(params: Params, names: Sequence[str]) -> list[Cell]:
    if params.lmm.provider == "none":
        raise DualGeoError("lmm.provider is none in params.yaml, so there is nobody to ask; name a provider there.")
    trained = [f"{variant}-{seed}" for variant in params.systems.variants for seed in params.systems.seeds]
    chosen = list(dict.fromkeys(names or params.lmm.cells or trained))
    for name in chosen:
        Cell.parse(name)
        if name not in trained:
            raise DualGeoError(f"{name} is no system of params.yaml; there are {', '.join(trained)}.")
    return [Cell.parse(name) for name in chosen]


def _totals(plans: Sequence[Plan], params: Params, store: AnswerStore) -> list[str]:
    lmm, price = params.lmm, plans[0].price
    missing = sum(len(plan.missing) for plan in plans)
    tokens = (sum(plan.input_tokens for plan in plans), sum(plan.output_tokens for plan in plans))
    lines = [f"{missing} requests, about {tokens[0]:,} input and {tokens[1]:,} output tokens."]
    for mode in ("direct", "batches") if lmm.provider == "anthropic" else ("direct",):
        expected = sum(plan.expected_usd(mode) for plan in plans)
        dearest = sum(plan.dearest_usd(mode) for plan in plans)
        chosen = " (lmm.sending.mode)" if mode == lmm.sending.mode else ""
        lines.append(f"{mode:>8}: about {expected:.4f} US dollars, at most {dearest:.4f} but for lost attempts{chosen}")
    if price.date:
        lines.append(
            f"Price of {price.model}: {price.input:g} and {price.output:g} US dollars per million input and output "
            f"tokens ({price.source}, {price.date})."
        )
    else:
        lines.append(f"{lmm.model} {price.source} and costs nothing.")
    spent = store.spent_usd
    enough = spent + sum(plan.dearest_usd(lmm.sending.mode) for plan in plans) <= lmm.max_usd
    verdict = "which is enough unless attempts are lost" if enough else "which may end the run before all is asked"
    lines.append(f"lmm.max_usd is {lmm.max_usd:g}, {spent:.4f} of it is spent, {verdict}.")
    goes = "Nothing would leave this machine" if stays_here(lmm) else f"It would go to {destination(lmm)}"
    leave = (
        "" if stays_here(lmm) or lmm.sending.allowed else "; lmm.sending.allowed is false, so nothing may be sent yet"
    )
    lines.append(f"{goes}{leave}. Nothing was sent now.")
    return lines
