"""What a line of a batch's results means for its request."""

from anthropic.types import Message
from anthropic.types.messages.message_batch_result import MessageBatchResult

from dualgeo.lmm.providers.failures import SPENDING, Failure
from dualgeo.lmm.providers.messages import is_message
from dualgeo.lmm.providers.outside import said as words_of

REJECTED = ("invalid_request_error", "request_too_large")
FATAL = ("authentication_error", "permission_error", "not_found_error")


def message_or_failure(result: MessageBatchResult, key: str) -> Message | Failure:
    """The message that was made, or why there is none; only messages are charged in a batch."""
    match result.type:
        case "succeeded":
            if is_message(result.message):
                return result.message
            return Failure("again", "the batch's result was no message of the API.", lost=True)
        case "expired":
            return Failure("again", "the batch ended before this request was processed.")
        case "canceled":
            return Failure("cancelled", "the batch was cancelled.")
        case _:
            error = result.error.error
            said = words_of(error.message, key)
    if error.type in REJECTED:
        return Failure("rejected", f"the API will not take it ({said}).")
    if error.type in FATAL or any(part in error.type for part in SPENDING):
        return Failure("fatal", f"The API will take no request of this batch ({said}); correct that and run again.")
    return Failure("again", f"the server failed ({said}).")
