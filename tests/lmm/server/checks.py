"""What the API refuses to take."""

import base64
import binascii
import io
from dataclasses import dataclass

from PIL import Image

from tests.lmm.server.errors import ApiError, invalid

KNOWN = {"model", "max_tokens", "messages", "system", "output_config", "metadata", "service_tier", "thinking", "stream"}
IMAGE_BYTES = 10_000_000
IMAGE_SIDE = 8000
BODY_BYTES = 32_000_000
BATCH_BYTES = 256_000_000
UNSUPPORTED = {"minimum", "maximum", "minLength", "maxLength", "maxItems", "pattern", "default", "exclusiveMinimum"}


@dataclass(frozen=True)
class Asked:
    """A request for a message that passed all checks."""

    model: str
    max_tokens: int
    jpeg: bytes
    text: str
    input_tokens: int


def asked(body: object, models: list[str]) -> Asked:
    """Read the body of a request for a message; ApiError with what the API would say."""
    if not isinstance(body, dict):
        raise invalid("The request body is not valid JSON.")
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise invalid(f"{name}: Field required")
    if unknown := set(body) - KNOWN:
        raise invalid(f"{min(unknown)}: Extra inputs are not permitted")
    if body["model"] not in models:
        raise ApiError(404, "not_found_error", f"model: {body['model']}")
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        raise invalid("max_tokens: Input should be greater than or equal to 1")
    _check_output(body.get("output_config"))
    jpeg, text = _content(body["messages"])
    system = _system(body.get("system", ""))
    width, height = _size(jpeg)
    tokens = -(-width // 28) * -(-height // 28) + (len(text) + len(system)) // 4
    return Asked(body["model"], body["max_tokens"], jpeg, text, tokens)


def _check_output(config: object) -> None:
    if not isinstance(config, dict) or set(config) - {"effort", "format"}:
        raise invalid("output_config: Input should be a valid dictionary with effort and format")
    if config.get("effort", "low") not in ("low", "medium", "high", "xhigh", "max"):
        raise invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    wanted = config.get("format")
    if (
        not isinstance(wanted, dict)
        or wanted.get("type") != "json_schema"
        or not isinstance(wanted.get("schema"), dict)
    ):
        raise invalid("output_config.format: Input should be a json_schema")
    _check_schema(wanted["schema"], "output_config.format.schema")


def _check_schema(schema: dict[str, object], where: str) -> None:
    if bad := UNSUPPORTED & set(schema):
        raise invalid(f"{where}: property '{min(bad)}' is not supported")
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise invalid(f"{where}: for 'object' type, 'additionalProperties' must be explicitly set to false")
        for name, part in schema["properties"].items():
            _check_schema(part, f"{where}.{name}")


def _system(system: object) -> str:
    if isinstance(system, str):
        return system
    if not isinstance(system, list) or any(block.get("type") != "text" for block in system):
        raise invalid("system: Input should be a string or a list of text blocks")
    return "".join(block["text"] for block in system)


def _content(messages: object) -> tuple[bytes, str]:
    if not isinstance(messages, list) or not messages or messages[-1].get("role") != "user":
        raise invalid("messages: the final message must be of role user")
    jpeg, texts = None, []
    for number, block in enumerate(messages[-1]["content"]):
        where = f"messages.0.content.{number}"
        if block.get("type") == "text":
            if not block.get("text"):
                raise invalid(f"{where}.text: text content blocks must be non-empty")
            texts.append(block["text"])
        elif block.get("type") == "image":
            jpeg = _picture(block.get("source", {}), where)
        else:
            raise invalid(f"{where}: Input tag '{block.get('type')}' is unknown")
    if jpeg is None:
        raise invalid("this server only answers questions about a picture")
    return jpeg, "\n".join(texts)


def _picture(source: dict[str, str], where: str) -> bytes:
    if source.get("type") != "base64" or source.get("media_type") != "image/jpeg":
        raise invalid(f"{where}.image.source: Input should be base64 of image/jpeg")
    try:
        jpeg = base64.b64decode(source["data"], validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{where}.image.source.base64: invalid base64 data") from None
    if len(source["data"]) > IMAGE_BYTES:
        raise invalid(f"{where}.image.source.base64: image exceeds 10 MB maximum: {len(source['data'])} bytes")
    return jpeg


def _size(jpeg: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            if image.format != "JPEG":
                raise invalid("Image does not match the provided media type image/jpeg")
            size = image.size
    except OSError:
        raise invalid("Could not process image") from None
    if max(size) > IMAGE_SIDE:
        raise invalid(f"At least one of the image dimensions exceed max allowed size: {IMAGE_SIDE} pixels")
    return size
