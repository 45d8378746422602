"""How a request to a DICOMweb server can fail.

    WebError
    ├── NotReached   no connection, or no TLS with somebody we trust
    ├── Broken       the answer broke off, or was none of HTTP or DICOMweb
    │   └── NoAnswerInTime
    └── Refused      the server answered with a status that says so (PS3.18 section 8.5)

    UnreadableInstance   what was to be sent cannot be read: no fault of the server

Each text says what happened in words for a person; none carries a peer's text unescaped.
"""


class WebError(Exception):
    """The server did not do what it was asked for."""


class NotReached(WebError):
    """There is no connection to the server."""


class Broken(WebError):
    """What the server answers cannot be used."""


class NoAnswerInTime(Broken):
    """Nothing came for as long as it is waited."""


class Refused(WebError):
    """The server said no; `status` is that of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class UnreadableInstance(Exception):
    """An instance could not be sent to its end; `position` is its place in the request."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(why)
        self.position = position
