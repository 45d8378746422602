"""What goes wrong with coercions.

CoercionFileError   the file with coercions cannot be used
NotCoerced          of pacsd.api.coercion: one object cannot be coerced
"""

from pacsd.api.coercion import NotCoerced

__all__ = ["CoercionFileError", "NotCoerced"]


class CoercionFileError(ValueError):
    """A file that cannot be used; the text names coercion, step, key, value and rule."""
