"""Read params.yaml and say in a sentence what is wrong with it."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from dualgeo.errors import DualGeoError
from dualgeo.params.sections import Params


def load_params(path: Path) -> Params:
    """Read and check params.yaml; DualGeoError names the file, the key and what is wrong with it."""
    try:
        document: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; run from the project folder or name it with --root.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DualGeoError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(document, dict):
        raise DualGeoError(f"{path} must hold sections such as `train:` and `views:`; it holds none.")
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise DualGeoError(f"{path}: {_in_words(error)}") from None


def _in_words(error: ValidationError) -> str:
    """The first problem as a sentence, and how many more there are."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    match first["type"]:
        case "extra_forbidden":
            problem = f"unknown key `{key}`; remove it or correct its spelling"
        case "missing":
            problem = f"`{key}` is missing; add it"
        case _:
            given = "" if isinstance(first["input"], dict) else f" (got {first['input']!r})"
            problem = f"`{key}`{given}: {first['msg'].removeprefix('Value error, ')}"
    more = error.error_count() - 1
    return problem + (f"; and {more} more problem{'s' if more > 1 else ''}." if more else ".")
