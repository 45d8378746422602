"""What goes wrong with a far store, in words for the one who runs it.

The text of the client's errors is read for what happened but never passed on: URLs, headers and
what a server put into its answer stay out of logs.
"""

import re
from enum import Enum, auto

from pacsd.api.errors import StoreError, StoreFault


class FarFault(Enum):
    """What a fault means for whoever tries again."""

    MISSING = auto()
    EXISTS = auto()
    """There is such an object already."""
    REFUSED = auto()
    """This object is refused, or is not what it should be; others need not be."""
    TOO_LARGE = auto()
    """This object is refused for its size, and will be."""
    DOWN = auto()
    """No object can be expected to fare better now."""
    FULL = auto()
    """As DOWN, for lack of space."""


_STORE_FAULTS = {FarFault.MISSING: StoreFault.NOT_FOUND, FarFault.FULL: StoreFault.NO_SPACE}


class FarError(Exception):
    """The far store did not do what it was asked."""

    def __init__(self, fault: FarFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence

    @property
    def is_of_object(self) -> bool:
        """Whether another object may fare better."""
        return self.fault not in {FarFault.DOWN, FarFault.FULL}

    def as_store_error(self, action: str) -> StoreError:
        """What the core is told."""
        fault = _STORE_FAULTS.get(self.fault, StoreFault.INPUT_OUTPUT)
        return StoreError(fault, f"{action}: far store: {self.sentence}")


def far_error(error: BaseException) -> FarError:
    """The FarError for what the client raised."""
    text = str(error)
    code = _CODE.search(text)
    status = _STATUS.search(text)
    number = int(status[1]) if status else 0
    if code and code[1] in _CODES:
        fault, sentence = _CODES[code[1]]
        return FarError(fault, f"{sentence} ({number} {code[1]})")
    if type(error).__name__ in _CLASSES:
        fault, sentence = _CLASSES[type(error).__name__]
        return FarError(fault, f"{sentence} ({number})" if number else sentence)
    if number:
        fault, sentence = _by_status(number)
        return FarError(fault, f"{sentence} ({number}{f' {code[1]}' if code else ''})")
    return FarError(FarFault.DOWN, _by_words(text))


def _by_status(number: int) -> tuple[FarFault, str]:
    if number in _STATUSES:
        return _STATUSES[number]
    if 400 <= number < 500:  # noqa: PLR2004 - client errors
        return FarFault.REFUSED, "it refuses the request"
    return FarFault.DOWN, "it fails"


def _by_words(text: str) -> str:
    for pattern, sentence in _WORDS:
        if pattern.search(text):
            return sentence
    return "no answer"


_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z.]{1,64})</Code>")

_CODES = {
    "NoSuchBucket": (FarFault.DOWN, "the bucket does not exist"),
    "InvalidAccessKeyId": (FarFault.DOWN, "it does not know the access key"),
    "SignatureDoesNotMatch": (FarFault.DOWN, "the secret access key is not the right one"),
    "RequestTimeTooSkewed": (
        FarFault.DOWN,
        "its clock and this machine's differ too much: set the clock",
    ),
    "ExpiredToken": (FarFault.DOWN, "the session token has expired"),
    "InvalidToken": (FarFault.DOWN, "the session token is not valid"),
    "PermanentRedirect": (FarFault.DOWN, "the bucket is in another region"),
    "AuthorizationHeaderMalformed": (FarFault.DOWN, "the bucket is in another region"),
    "SlowDown": (FarFault.DOWN, "it is overloaded"),
    "QuotaExceeded": (FarFault.FULL, "its quota is used up"),
    "InsufficientStorage": (FarFault.FULL, "it has no space left"),
    "XMinioStorageFull": (FarFault.FULL, "it has no space left"),
    "EntityTooLarge": (FarFault.TOO_LARGE, "the object is too large for it"),
    "ConditionalRequestConflict": (FarFault.DOWN, "another request for the object is under way"),
}

_CLASSES = {
    "NotFoundError": (FarFault.MISSING, "no such object"),
    "FileNotFoundError": (FarFault.MISSING, "no such object"),
    "AlreadyExistsError": (FarFault.EXISTS, "there is such an object already"),
    "PermissionDeniedError": (
        FarFault.DOWN,
        "access is denied: the key has not all the rights it needs",
    ),
    "UnauthenticatedError": (FarFault.DOWN, "it does not accept the credentials"),
}

_STATUSES = {
    408: (FarFault.DOWN, "the request took too long"),
    409: (FarFault.DOWN, "another request for the object is under way"),
    413: (FarFault.TOO_LARGE, "the object is too large for it, or for a proxy before it"),
    429: (FarFault.DOWN, "it is overloaded"),
    503: (FarFault.DOWN, "it is overloaded or down"),
    507: (FarFault.FULL, "it has no space left"),
}

_WORDS = (
    (re.compile(r"dns error|failed to lookup"), "the endpoint's name cannot be resolved"),
    (re.compile(r"BadScheme"), "plain http is not allowed by the settings"),
    (
        re.compile(r"InvalidContentType|corrupt message"),
        "the endpoint does not speak TLS",
    ),
    (
        re.compile(r"UnknownIssuer|InvalidCertificate|CaUsedAsEndEntity"),
        "the endpoint's certificate is not trusted",
    ),
    (
        re.compile(r"169\.254\.\d+\.\d+|[Cc]redential"),
        "there are no credentials",
    ),
    (re.compile(r"ConnectionRefused"), "nobody listens at the endpoint"),
    (re.compile(r"TimedOut|timed out|kind: Timeout"), "no answer in time"),
    (
        re.compile(r"ConnectionReset|ConnectionAborted|BrokenPipe|IncompleteMessage|UnexpectedEof"),
        "the connection broke",
    ),
    (re.compile(r"kind: (Body|Decode)|error decoding|Interrupted"), "the answer was cut short"),
)
