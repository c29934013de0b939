"""What the validate stage found, for the page."""

from typing import Any

from dualgeo.report.words import count


def validation_context(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """The verdict and every check in words; None where the stage left no result."""
    if result is None:
        return None
    checks = [_check(check) for check in result.get("expectations", [])]
    passed = sum(check["success"] for check in checks)
    return {
        "success": bool(result.get("success")),
        "sentence": str(result.get("sentence") or f"{passed} of {count(len(checks), 'check')} passed."),
        "checks": checks,
    }


def _check(check: dict[str, Any]) -> dict[str, Any]:
    failed = not check.get("success")
    details = [f"{count(int(check.get('unexpected') or 0), 'row')} against it"] if failed else []
    details += [str(example) for example in check.get("examples") or []] if failed else []
    return {"name": str(check.get("name", "")), "success": not failed, "detail": "; ".join(details)}
