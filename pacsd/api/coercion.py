"""The port Coercion: copies of objects that leave with other values than those stored.

A coercion has a name, which routes name (`Route.coercion`). What is stored stays as it is.
"""

from typing import BinaryIO, Protocol

MAX_NAME_LENGTH = 64
"""Of a coercion."""


class NotCoerced(Exception):
    """An object cannot be coerced, and so does not leave.

    The text is for whoever runs pacsd: what is in the way, without a patient's values.
    """


class Coercion(Protocol):
    """Makes copies. It may be called by several tasks at once."""

    async def coerce(self, source: BinaryIO, target: BinaryIO, /) -> None:
        """Read a DICOM file (PS3.10), write the copy that may leave as another.

        Both are files without a name, with descriptors, at their beginning; they are open until
        this returns, and only so long. `source` is the object as it would leave, with what was
        corrected of it. SOP Class and Transfer Syntax stay what they are. All that is durable, such
        as the pseudonym of a patient, is so once this returns: then the copy may leave.

        Whatever a coercion does, pacsd adds a mark to a copy that has another SOP Instance UID, an
        item of Contributing Equipment Sequence (PS3.3 section C.12.1.1.5), and takes over those of
        `source`. What this coercion has copied here before never comes to it again.

        Raises:
            NotCoerced: this object never can be; it is refused. Whatever else is raised means that
                it cannot be now: it is tried again later.
        """


def check_name(name: str) -> None:
    """See that a coercion may be called so.

    Raises:
        ValueError: it may not.
    """
    if not 0 < len(name) <= MAX_NAME_LENGTH or not name.isascii() or not name.isprintable():
        rule = f"1 to {MAX_NAME_LENGTH} printable characters of ASCII"
        raise ValueError(f"coercion {name[:MAX_NAME_LENGTH]!a}: must be {rule}")
