"""What the server can be told."""

import argparse
from dataclasses import dataclass, fields

from tests.lmm.server.faults import BATCH_KINDS, KINDS

MODELS = "claude-sonnet-5-5,claude-opus-5-5,claude-haiku-5-5"


@dataclass(frozen=True)
class Options:
    port: int = 0
    answerer: str = "random:0"
    seed: int = 0
    faults: float = 0.0
    kinds: str = ",".join(KINDS)
    batch_kinds: str = ",".join(BATCH_KINDS)
    latency_s: float = 0.0
    hang_s: float = 5.0
    retry_after_s: float = 0.05
    per_second: float = 0.0
    key: str = ""
    models: str = MODELS
    batch_s: float = 0.0
    strangers: int = 0
    results_gone: bool = False
    drop_submissions: int = 0


def options_of(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.lmm.server", description="Loopback Messages API")
    for field in fields(Options):
        name = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=type(field.default), default=field.default)
    return Options(**vars(parser.parse_args(arguments)))
