"""Any OpenAI-compatible server answers, through the real SDK, whatever part of the interface it knows."""

import base64
import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dualgeo.errors import DualGeoError
from dualgeo.lmm.answer import read_answer
from dualgeo.lmm.budget import Budget, BudgetEndsError
from dualgeo.lmm.cost import FRAME_TOKENS, SCHEMA_BYTES
from dualgeo.lmm.prices import NOTHING
from dualgeo.lmm.providers.answer_format import answer_schema, schema_in_words
from dualgeo.lmm.providers.openai import OpenAiCompatible
from dualgeo.lmm.providers.waits import Backoff
from dualgeo.lmm.reply import Reply
from dualgeo.lmm.request import Request
from dualgeo.params.lmm import SendingParams
from tests.lmm.chat_server import Answered, ChatServer, Seen, chat_server, completion, refusal
from tests.lmm.exchanges import SENDING, answer_text
from tests.lmm.made_requests import made_request

ANSWER = answer_text(48.85, 2.35, ["C1"])
KEY = "sk-test-0123456789abcdef"
QUICK = Backoff(0.01, 0.02)


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def requests(count: int = 1, **changes: object) -> list[Request]:
    made = [made_request(number) for number in range(count)]
    return [replace(each, provider="openai", model="tiny-vl", **changes) for each in made]


def ask(
    server: ChatServer | str, asked: Iterable[Request], budget: Budget | None = None, **sending: object
) -> list[Reply]:
    """Replies in the order of `asked`."""
    replies: dict[str, Reply] = {}
    asked = list(asked)
    url = server if isinstance(server, str) else server.url
    provider = OpenAiCompatible(url, SendingParams.model_validate(SENDING | sending), read_answer, QUICK)
    provider.answer(asked, budget or Budget(0.0, 0.0), lambda request, reply: replies.__setitem__(request.key, reply))
    return [replies[each.key] for each in asked]


def always(answered: Answered):
    return lambda seen, number: answered


def test_the_photo_the_words_and_the_schema_arrive_and_the_answer_comes_back() -> None:
    [asked] = requests(effort="low")
    with chat_server(always(Answered(body=completion(ANSWER), headers={"x-request-id": "req_7"}))) as server:
        [reply] = ask(server, [asked])
    [seen] = server.seen
    assert seen.path == "/v1/chat/completions"
    assert (seen.body["model"], seen.body["max_tokens"], seen.body["reasoning_effort"]) == ("tiny-vl", 500, "low")
    system, user = seen.body["messages"]
    assert system == {"role": "system", "content": asked.prompt.system}
    photo, words = user["content"]
    kind, _, data = photo["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64" and base64.b64decode(data) == asked.picture.jpeg()
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (28, 28)
    assert words["text"].startswith(asked.prompt.text) and schema_in_words() in words["text"]
    form = seen.body["response_format"]
    assert form["type"] == "json_schema" and form["json_schema"]["schema"] == answer_schema()
    assert set(form["json_schema"]["schema"]["required"]) == set(answer_schema()["properties"])
    assert (reply.outcome, reply.text, reply.model, reply.request_id) == ("answered", ANSWER, "tiny-vl", "req_7")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (900, 80)
    assert (reply.mode, reply.attempts, reply.lost, reply.stop_reason) == ("direct", 1, 0, "stop")


@pytest.mark.parametrize("knows", ["json_object", None])
@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_knows_no_schema_is_asked_in_a_simpler_form_from_then_on(knows: str | None, status: int) -> None:
    def says(seen: Seen, _: int) -> Answered:
        known = seen.form == knows or seen.form is None
        return Answered(body=completion(ANSWER)) if known else refusal(status, "response_format is not supported")

    with chat_server(says) as server:
        replies = ask(server, requests(6), concurrency=1)
    assert [reply.outcome for reply in replies] == ["answered"] * 6
    refused = {"json_object": ["json_schema"], None: ["json_schema", "json_object"]}[knows]
    assert [seen.form for seen in server.seen] == [*refused, *[knows] * 6], "what it refused is not tried again"


def test_a_photo_that_the_server_refuses_in_every_form_is_rejected_and_changes_nothing_for_the_next() -> None:
    def says(seen: Seen, _: int) -> Answered:
        if "(0)" in seen.words:
            return refusal(400, f"image is too large, you sent {seen.form}")
        return Answered(body=completion(ANSWER))

    with chat_server(says) as server:
        first, second = ask(server, requests(2), concurrency=1)
    assert first.outcome == "rejected" and "too large, you sent json_schema" in first.reason
    assert second.outcome == "answered"
    assert server.seen[-1].form == "json_schema"


def test_once_a_form_was_taken_a_refusal_is_about_the_request() -> None:
    def says(seen: Seen, _: int) -> Answered:
        return refusal(400, "unsupported image") if "(1)" in seen.words else Answered(body=completion(ANSWER))

    with chat_server(says) as server:
        replies = ask(server, requests(3), concurrency=1)
    assert [reply.outcome for reply in replies] == ["answered", "rejected", "answered"]
    assert len(server.seen) == 3


def test_the_bound_of_tokens_is_given_under_the_name_that_the_server_takes() -> None:
    def says(seen: Seen, _: int) -> Answered:
        if "max_tokens" in seen.body:
            return refusal(400, "Unsupported parameter", param="max_tokens", code="unsupported_parameter")
        return Answered(body=completion(ANSWER))

    with chat_server(says) as server:
        replies = ask(server, requests(2), concurrency=1)
    assert [reply.outcome for reply in replies] == ["answered"] * 2
    assert [seen.body.get("max_completion_tokens") for seen in server.seen] == [None, 500, 500]
    assert {seen.form for seen in server.seen} == {"json_schema"}


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (completion("I cannot say."), "invalid", ""),
        (completion(ANSWER[:60], stop="length"), "truncated", "500 tokens"),
        (completion(ANSWER, stop="length"), "answered", ""),
        (completion("", refusal="I will not locate people."), "refused", "I will not locate people"),
        (completion("", stop="content_filter"), "refused", "content filter"),
        (completion(""), "invalid", "said nothing"),
        (completion(json.dumps(json.loads(ANSWER) | {"latitude": 123.0})), "invalid", ""),
        (completion(json.dumps(json.loads(ANSWER) | {"latitude": 0, "longitude": 0})), "invalid", ""),
        (completion(f"```json\n{ANSWER}\n```"), "answered", ""),
    ],
)
def test_what_comes_back_has_the_same_outcomes_as_everywhere(body: dict, outcome: str, words: str) -> None:
    with chat_server(always(Answered(body=body))) as server:
        [reply] = ask(server, requests())
    assert reply.outcome == outcome and words in reply.reason
    assert bool(reply.reason) == (outcome != "answered")
    assert reply.usage.output_tokens == 80, "paid for all the same"


@pytest.mark.parametrize(
    ("trouble", "lost"),
    [
        (refusal(429, "slow down"), 0),
        (refusal(500, "out of memory"), 0),
        (Answered(502, "<html>bad gateway</html>"), 1),
        (Answered(body=None), 1),
        (Answered(body="no JSON at all"), 1),
        (Answered(body={"object": "chat.completion", "choices": []}), 1),
        (Answered(body=completion(ANSWER), after_s=3.0), 1),
    ],
)
def test_trouble_is_tried_again_and_what_may_have_been_charged_is_counted(trouble: Answered, lost: int) -> None:
    trouble = replace(trouble, headers=trouble.headers | {"retry-after-ms": "10"})
    with chat_server(lambda seen, number: Answered(body=completion(ANSWER)) if number else trouble) as server:
        [reply] = ask(server, requests(), timeout_s=1.0)
    assert (reply.outcome, reply.attempts, reply.lost) == ("answered", 2, lost)
    assert len(server.seen) == 2


def test_trouble_without_end_is_a_failure_with_its_reason() -> None:
    with chat_server(always(refusal(503, "loading the model"))) as server:
        [reply] = ask(server, requests(), attempts=3)
    assert (reply.outcome, reply.attempts) == ("failed", 3)
    assert "loading the model" in reply.reason and "attempt 3" in reply.reason


def test_no_more_requests_are_under_way_than_params_allow() -> None:
    with chat_server(always(Answered(body=completion(ANSWER), after_s=0.03))) as server:
        replies = ask(server, requests(24), concurrency=4)
    assert len(replies) == 24
    assert server.most_at_once == 4


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (refusal(401, f"Incorrect API key provided: {KEY}"), "refused the key in OPENAI_API_KEY"),
        (refusal(404, "The model `tiny-vl` does not exist."), "knows no model tiny-vl"),
        (Answered(404, {"detail": "Not Found"}), "correct lmm.endpoint"),
        (Answered(404, "404 page not found"), "correct lmm.endpoint"),
        (Answered(307, "moved", {"location": "http://127.0.0.1:9/elsewhere"}), "correct lmm.endpoint"),
        (refusal(429, "You exceeded your quota", code="insufficient_quota"), "no more can be spent"),
    ],
)
def test_what_no_request_can_survive_stops_everything_in_one_sentence(
    answered: Answered, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server(always(answered)) as server, pytest.raises(DualGeoError, match=words) as error:
        ask(server, requests(5), concurrency=1)
    assert KEY not in str(error.value) and "\n" not in str(error.value)
    assert len(server.seen) == 1


def test_nothing_that_listens_is_said_with_the_host() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        [reply] = ask(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", requests(), attempts=2)
    assert (reply.outcome, reply.lost) == ("failed", 0)
    assert "nothing answers at 127.0.0.1" in reply.reason


def test_the_key_comes_from_the_environment_and_none_is_sent_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with chat_server(always(Answered(body=completion(ANSWER)))) as server:
        ask(server, requests())
        monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
        [reply] = ask(server, requests())
    assert "authorization" not in server.seen[0].headers
    assert server.seen[1].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(reply)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-half another")
    with pytest.raises(DualGeoError, match="OPENAI_API_KEY") as error:
        ask(server, requests())
    assert "sk-half" not in str(error.value)


def test_a_server_that_quotes_the_key_does_not_get_it_into_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server(always(refusal(400, f"Bearer {KEY} sent a bad image"))) as server:
        [reply] = ask(server, requests())
    assert reply.outcome == "rejected" and KEY not in repr(reply)


def test_a_proxy_of_the_environment_does_not_take_what_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with chat_server(always(Answered(body=completion(ANSWER)))) as server:
        [reply] = ask(server, requests())
    assert reply.outcome == "answered"


def test_the_budget_stops_it_before_it_is_passed() -> None:
    price = replace(NOTHING, input=1.0, output=10.0, cache_write=1.0, cache_read=1.0)
    with chat_server(always(Answered(body=completion(ANSWER)))) as server:
        budget = Budget(0.02, 0.0, price)
        with pytest.raises(BudgetEndsError):
            ask(server, requests(50), budget, concurrency=4)
    assert 0 < len(server.seen) < 50
    assert 0 < budget.spent_usd <= 0.02
    assert budget.held_usd == 0


def test_an_answer_without_a_count_of_tokens_counts_at_its_dearest() -> None:
    price = replace(NOTHING, input=1.0, output=10.0, cache_write=1.0, cache_read=1.0)
    body = completion(ANSWER)
    del body["usage"]
    with chat_server(always(Answered(body=body))) as server:
        budget = Budget(1.0, 0.0, price)
        [reply] = ask(server, requests(), budget)
    assert (reply.outcome, reply.lost) == ("answered", 1)
    assert budget.spent_usd >= 500 * 10 / 1e6, "at least the longest answer"


def test_cached_tokens_are_told_apart() -> None:
    body = completion(ANSWER)
    body["usage"]["prompt_tokens_details"] = {"cached_tokens": 600}
    with chat_server(always(Answered(body=body))) as server:
        [reply] = ask(server, requests())
    assert (reply.usage.input_tokens, reply.usage.cache_read_tokens) == (300, 600)


def test_the_words_about_the_form_fit_into_what_a_prompt_is_priced_at() -> None:
    assert len(schema_in_words().encode()) <= SCHEMA_BYTES + FRAME_TOKENS


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualgeo.lmm.providers.openai.find_spec", lambda name: None)
    with pytest.raises(DualGeoError, match=r"pip install 'dualgeo\[openai\]'"):
        ask("http://127.0.0.1:9/v1", requests())


def test_the_package_is_loaded_only_when_it_is_used(project: Path) -> None:
    code = "import sys, dualgeo.lmm.providers.openai; print('openai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
