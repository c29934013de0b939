"""A vision-language model on this machine is loaded as it would be from the hub, and asked like any other provider."""

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from dualgeo.errors import DualGeoError
from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.providers.answer_format import answer_schema, schema_in_words
from dualgeo.lmm.providers.local import LocalModel
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Picture, Request
from dualgeo.stages import refine
from tests.lmm.made_cell import CELL, made_params, made_project
from tests.lmm.tiny_model import POSITIONS, write_tiny_model

ANSWER = {
    "evidence": ["mountain ridge", "Spanish shop sign"],
    "candidates_used": ["C1"],
    "country": "Bolivia",
    "region": "La Paz",
    "city": "La Paz",
    "latitude": -16.5,
    "longitude": -68.15,
    "confidence_radius_km": 20.0,
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny llava")


def request(model: Path | str, max_tokens: int = 64, text: str = "Where was this taken?") -> Request:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (90, 120, 60)).save(buffer, "JPEG")
    jpeg = buffer.getvalue()
    prompt = Prompt("zero-shot", "0" * 12, "You locate photos.", text, ())
    picture = Picture(hashlib.sha256(jpeg).hexdigest(), 64, 48, lambda: jpeg)
    return Request("q1", "local", str(model), None, max_tokens, prompt, picture)


class Purse:
    """Counts what a provider tells the budget."""

    def __init__(self) -> None:
        self.reserved, self.settled = 0, 0

    def reserve(self, _: Request) -> None:
        self.reserved += 1

    def settle(self, _: Request, __: Reply) -> float:
        self.settled += 1
        return 0.0


def ask(provider: LocalModel, *requests: Request) -> list[Reply]:
    replies: list[Reply] = []
    purse = Purse()
    budget: Any = purse
    provider.answer(requests, budget, lambda _, reply: replies.append(reply))
    assert purse.reserved == purse.settled == len(requests)
    return replies


def test_babble_is_no_answer_and_the_same_each_time(tiny: Path) -> None:
    provider = LocalModel(str(tiny), read_answer)
    first, second = ask(provider, request(tiny), request(tiny))
    assert (first.outcome, first.stop_reason) == ("truncated", "max_tokens")
    assert "cut off" in first.reason and "64" in first.reason
    assert first.text == second.text and first.text, "decoding is greedy"
    assert first.usage.output_tokens == 64
    assert first.usage.input_tokens > len("Where was this taken?"), "a token for each byte, and the photo's"
    assert (first.mode, first.attempts, first.lost) == ("local", 1, 0)
    assert first.latency_s > 0


def test_babble_that_ends_by_itself_is_invalid_with_the_reason(tiny: Path, tmp_path: Path) -> None:
    ends = write_tiny_model(tmp_path / "ends early")
    settings = json.loads((ends / "generation_config.json").read_text())
    # Any byte may end an answer now: the first does.
    (ends / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": list(range(260))}))
    [reply] = ask(LocalModel(str(ends), read_answer), request(ends))
    assert (reply.outcome, reply.stop_reason, reply.usage.output_tokens) == ("invalid", "end_turn", 1)
    assert reply.reason


def test_what_the_model_writes_is_read_as_an_answer(tiny: Path) -> None:
    provider = LocalModel(str(tiny), read_answer)
    [babble] = ask(provider, request(tiny))
    say_instead(provider, json.dumps(ANSWER))
    [reply] = ask(provider, request(tiny, max_tokens=1024))
    assert (babble.outcome, reply.outcome, reply.reason) == ("truncated", "answered", "")
    assert read_answer(reply.text).latitude == -16.5
    assert reply.usage.output_tokens == len(json.dumps(ANSWER)) + 1


def test_an_answer_that_is_cut_off_is_truncated_and_one_that_is_whole_is_not(tiny: Path) -> None:
    provider = LocalModel(str(tiny), read_answer)
    say_instead(provider, json.dumps(ANSWER))
    whole = len(json.dumps(ANSWER))
    cut, complete = ask(provider, request(tiny, max_tokens=whole - 9), request(tiny, max_tokens=whole))
    assert (cut.outcome, complete.outcome) == ("truncated", "answered")


def test_a_prompt_longer_than_the_model_takes_is_rejected_and_the_next_one_goes_on(tiny: Path) -> None:
    long, short = ask(
        LocalModel(str(tiny), read_answer), request(tiny, text="x" * POSITIONS), request(tiny, max_tokens=8)
    )
    assert long.outcome == "rejected" and str(POSITIONS) in long.reason
    assert short.outcome == "truncated"


def test_memory_that_does_not_suffice_is_a_failure_to_be_tried_again(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = LocalModel(str(tiny), read_answer)
    ask(provider, request(tiny, max_tokens=1))

    def out_of_memory(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory.\nTried to allocate 20 GiB.")

    monkeypatch.setattr(provider._loaded.model, "generate", out_of_memory)
    [reply] = ask(provider, request(tiny))
    assert reply.outcome == "failed" and "out of memory" in reply.reason and "\n" not in reply.reason


def test_a_model_is_loaded_for_the_first_request_only(tmp_path: Path) -> None:
    assert ask(LocalModel(str(tmp_path / "nowhere"), read_answer)) == []


@pytest.mark.parametrize("name", ["nowhere/at/all", "./nowhere"])
def test_a_folder_that_is_not_there_is_one_sentence(name: str) -> None:
    with pytest.raises(DualGeoError, match="does not exist"):
        ask_in_vain(LocalModel(name, read_answer), name)


def test_a_hub_id_without_a_connection_says_how_to_fetch_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # As HF_HUB_OFFLINE=1 at the start of a program; without it, the hub's library tries for half a minute.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DualGeoError, match="hf download somebody/some-model") as error:
        ask_in_vain(LocalModel("somebody/some-model", read_answer), "somebody/some-model")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"torn"), "safetensors"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "safetensors"),
        (lambda folder: (folder / "chat_template.jinja").unlink(), "chat template"),
    ],
)
def test_a_folder_that_is_not_whole_is_one_sentence(tmp_path: Path, spoil: Any, words: str) -> None:
    folder = write_tiny_model(tmp_path / "model")
    spoil(folder)
    with pytest.raises(DualGeoError, match=words) as error:
        ask_in_vain(LocalModel(str(folder), read_answer), folder)
    assert "\n" not in str(error.value)


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "mine",
        "auto_map": {"AutoConfig": "mine.Mine", "AutoModelForImageTextToText": "mine.Mine"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Mine: ...\n")
    with pytest.raises(DualGeoError):
        ask_in_vain(LocalModel(str(folder), read_answer), folder)
    assert not (tmp_path / "ran").exists()


def test_the_form_of_an_answer_is_told_in_words_with_every_property() -> None:
    words = schema_in_words()
    assert all(f'"{name}"' in words for name in answer_schema()["properties"])
    assert "0.0" not in words, "an example would be echoed"


def test_where_a_model_babbles_the_retrieval_answers_stand_and_it_is_not_asked_again(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "model")
    settings = json.loads((model / "generation_config.json").read_text())
    (model / "generation_config.json").write_text(json.dumps(settings | {"eos_token_id": list(range(260))}))
    workspace = made_project(tmp_path / "project")
    params = made_params(model=str(model), strategy="zero-shot", photos_per_set=3, max_tokens=64)
    refine.run(workspace, params, CELL)
    said = pd.read_parquet(workspace.refined(CELL) / "lmm.parquet")
    assert len(said) == 6 and set(said["outcome"]) == {"invalid"} and said["reason"].str.len().min() > 0
    assert said["usd"].sum() == 0 and said["lat"].isna().all() and not said["chosen"].any()
    answers = pd.read_parquet(workspace.refined(CELL) / "predictions.parquet").set_index("query_id")
    asked = answers.loc[said["query_id"].unique()]
    assert set(asked["lmm_outcome"]) == {"invalid"} and set(asked["source"]) == {"retrieval"}
    assert (asked["lat"] == asked["without_lmm_lat"]).all() and (asked["lon"] == asked["without_lmm_lon"]).all()
    before = (workspace.refined(CELL) / "lmm.parquet").read_bytes()
    shutil.rmtree(model)
    refine.run(workspace, params, CELL)
    assert (workspace.refined(CELL) / "lmm.parquet").read_bytes() == before


def ask_in_vain(provider: LocalModel, model: Path | str) -> None:
    budget: Any = Purse()
    provider.answer([request(model)], budget, lambda *_: pytest.fail("nothing can be answered"))


def say_instead(provider: LocalModel, words: str) -> None:
    """Let the loaded model choose the tokens of `words`, whatever its weights say: only its logits are replaced."""
    from transformers import LogitsProcessor, LogitsProcessorList

    loaded = provider._loaded
    tokens = loaded.processor.tokenizer(words)["input_ids"] + [loaded.processor.tokenizer.eos_token_id]

    class Script(LogitsProcessor):
        def __init__(self) -> None:
            self.begun: int | None = None

        def __call__(self, ids: Any, scores: Any) -> Any:
            self.begun = ids.shape[1] if self.begun is None else self.begun
            chosen = tokens[ids.shape[1] - self.begun]
            scores = scores * 0 - 1e9
            scores[:, chosen] = 0
            return scores

    generate = loaded.model.generate
    loaded.model.generate = lambda **settings: generate(**settings, logits_processor=LogitsProcessorList([Script()]))
