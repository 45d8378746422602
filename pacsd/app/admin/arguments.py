"""What commands take from a request: numbers and texts, checked."""

from collections.abc import Mapping

from pacsd.app.admin.unix_socket import AdminError

Arguments = Mapping[str, object]


def whole_number(arguments: Arguments, name: str, default: int | None = None) -> int:
    """A whole number from 0 up.

    Raises:
        AdminError: it is none, or missing without a default.
    """
    value = arguments.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise AdminError(f"{name} must be a whole number from 0 up")
    return value


def text(arguments: Arguments, name: str, default: str) -> str:
    """A text.

    Raises:
        AdminError: it is none.
    """
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise AdminError(f"{name} must be text")
    return value
