"""An error as the API words it."""

from dataclasses import dataclass


@dataclass
class ApiError(Exception):
    status: int
    type: str
    message: str

    def body(self, request_id: str) -> dict[str, object]:
        return {"type": "error", "error": {"type": self.type, "message": self.message}, "request_id": request_id}


def invalid(message: str, status: int = 400) -> ApiError:
    return ApiError(status, "invalid_request_error", message)
