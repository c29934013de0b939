"""A loopback server that speaks the wire format of the Messages and Message Batches API, for tests and trial runs.

    python -m tests.lmm.server --port 8800 --answerer truth:truth.json --faults 0.2
    ANTHROPIC_BASE_URL=http://127.0.0.1:8800 ANTHROPIC_API_KEY=any dualgeo ...

Its first line on standard output is `listening on http://127.0.0.1:PORT` (`--port 0` takes a free one). From a test:

    with server_running("--latency-s", "0.01", "--faults", "0.2") as server:
        ...  # server.url; server.stats() is what `GET /stats` says

It checks what it receives as the API does (key, version, body, models, pictures, schema) and answers with the API's
errors. Nothing in it is a language model: an answerer makes up the text of the answer.

Options (see `options.py`; `python -m tests.lmm.server --help` prints them):

--answerer   `random:SEED` a place anywhere on land or sea; `truth:FILE[:KM]` a JSON object from the SHA-256 of a
             picture's bytes to [lat, lon], answered with Gaussian noise of KM kilometres; `fixed` Paris;
             `MODULE:FUNCTION` a function of (jpeg: bytes, text: str) that returns a dict or a text.
--faults     Share of attempts, 0..1, that meet a fault. Which one is drawn from --kinds by (seed, content, attempt).
--kinds      Comma-separated, all by default: rate_limit server_error overloaded timeout drop_before drop_after
             malformed html refusal max_tokens invalid empty (what each does: `faults.py`).
             For batches: errored, expired (transient), rejected.
--latency-s  Seconds that an answer takes; --hang-s: how long a request that times out is held.
--per-second Requests a second that are let through, with the API's rate-limit headers; the others get 429.
--key        The only API key that is accepted; any by default.
--models     Comma-separated names of the models that exist.
--batch-s    Seconds that a batch takes; --strangers: unknown custom_ids that are mixed into each batch's results;
             --results-gone: batches have lost their results, as after 29 days; --drop-submissions N: the first N
             batches arrive, but the connection is cut before their id is told.

Beside the API: `GET /stats`, `GET /count`, `POST /stats/reset` and `POST /options` (other options from now on; see
`Server.change`). A request is *paid* when its whole answer was handed to the connection, or when it succeeded in a
batch; `paid` maps a digest of its content to how often. `unseen` counts answers that were made but whose connection was
cut or whose body was broken. `most_under_way` is the greatest number of requests for messages that were open at once.
"""

from tests.lmm.server.process import Server, server_running

__all__ = ["Server", "server_running"]
