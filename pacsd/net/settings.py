"""Settings of the doors: [dimse], [[ae]], [http], [recorder]."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from pacsd.api.settings import Settings
from pacsd.dicom.ae_title import is_valid_ae_title
from pacsd.dicom.registry import transfer_syntaxes
from pacsd.dicom.uid import is_valid_uid
from pacsd.net.endpoint import Endpoint

MIN_PDU_LENGTH_BYTES = 4_096
MAX_PDU_LENGTH_BYTES = 1_048_576

UnknownPeers = Literal["loopback", "refuse", "accept"]
ServiceName = Literal["verification", "storage", "query", "retrieve", "commitment"]


def _check_title(value: str) -> str:
    if not is_valid_ae_title(value):
        raise ValueError(
            "must be 1 to 16 characters of plain ASCII without backslash (PS3.5 table 6.2-1, AE)"
        )
    return value


def _endpoint(value: object) -> Endpoint:
    if isinstance(value, Endpoint):
        return value
    if not isinstance(value, str):
        raise ValueError('must be text "HOST:PORT"')  # noqa: TRY004 - pydantic collects ValueError
    return Endpoint.parse(value)


def _endpoint_or_off(value: object) -> Endpoint | None:
    return None if value in ("", None) else _endpoint(value)


def split_text(value: object) -> object:
    """One text is a list of one; in the environment, commas separate."""
    if isinstance(value, str):
        return tuple(part for part in (part.strip() for part in value.split(",")) if part)
    return tuple(value) if isinstance(value, list) else value


def _check_transfer_syntax(value: str) -> str:
    uids = {known.keyword: known.uid for known in transfer_syntaxes()}
    uid = uids.get(value, value)
    if not is_valid_uid(uid):
        raise ValueError("is neither a transfer syntax UID nor a keyword of PS3.6 table A-1")
    return uid


AETitle = Annotated[str, AfterValidator(_check_title)]
EndpointText = Annotated[Endpoint, PlainValidator(_endpoint), PlainSerializer(str)]
OptionalEndpointText = Annotated[
    Endpoint | None,
    PlainValidator(_endpoint_or_off),
    PlainSerializer(lambda endpoint: "" if endpoint is None else str(endpoint)),
]
AETitleList = Annotated[tuple[AETitle, ...], BeforeValidator(split_text)]
EndpointList = Annotated[tuple[EndpointText, ...], BeforeValidator(split_text)]
TransferSyntaxList = Annotated[
    tuple[Annotated[str, AfterValidator(_check_transfer_syntax)], ...],
    BeforeValidator(split_text),
]
ServiceList = Annotated[tuple[ServiceName, ...], BeforeValidator(split_text)]


class DimseSettings(Settings):
    """The DICOM Upper Layer listener and what every association may take."""

    listen: EndpointList = (Endpoint("127.0.0.1", 11112),)
    """Addresses to listen on, each HOST:PORT. IPv6 in brackets: "[::1]:11112". Port 0 takes any
    free port. An empty list opens none."""

    unknown_peers: UnknownPeers = "loopback"
    """Callers whose AE title is not in the peers file: "loopback" welcomes them from this machine
    only, "refuse" never, "accept" always."""

    unsafe_listen_anywhere: bool = False
    """Listen beyond loopback although not every caller is named in the peers file with its
    addresses. An AE title is a name, not a credential: whoever reaches the port can then store."""

    max_associations: int = Field(default=1_000, ge=1, le=100_000)
    """Associations open at once, over all AE titles. The next one is rejected as transient: local
    limit exceeded (PS3.8 table 9-21)."""

    reserved_associations: int = Field(default=20, ge=0, le=99_999)
    """Of these, places kept for peers named in the peers file. Below max_associations."""

    max_associations_per_peer: int = Field(default=100, ge=1, le=100_000)
    """Associations open at once from one peer; a peer can have its own number."""

    backlog: int = Field(default=512, ge=1, le=65_535)
    """Connections the operating system keeps waiting to be accepted."""

    artim_timeout_s: float = Field(default=30.0, ge=0.1, le=3_600)
    """ARTIM timer: from the connection to the whole A-ASSOCIATE-RQ, and from our A-RELEASE-RP,
    A-ASSOCIATE-RJ or A-ABORT to the close of the connection (PS3.8 section 9.1.5)."""

    network_timeout_s: float = Field(default=30.0, ge=0.1, le=3_600)
    """A PDU that has begun must arrive whole within this time, and one we send must be taken."""

    dimse_timeout_s: float = Field(default=60.0, ge=0.1, le=86_400)
    """Longest wait for the next part of a message that has begun, or for a response."""

    idle_timeout_s: float = Field(default=300.0, ge=0, le=604_800)
    """An open association without any operation is aborted after this time. 0 = never."""

    connect_timeout_s: float = Field(default=10.0, ge=0.1, le=300)
    """Longest wait for a TCP connection that we open."""

    keep_associations_s: float = Field(default=5.0, ge=0, le=60)
    """An association over which a route has sent is kept for so long for what is sent there next,
    a minute in all at most. 0 = released at once, for peers that take the release for the end of a
    study."""

    shutdown_grace_s: float = Field(default=30.0, ge=0, le=3_600)
    """At shutdown new associations are rejected, open ones may finish for this long, then they are
    aborted."""

    shutdown_idle_s: float = Field(default=3.0, ge=0.1, le=3_600)
    """At shutdown an association is aborted already when it has had no operation open for this
    long: a peer that only keeps it open does not hold the stop."""

    max_operations_window: int = Field(default=16, ge=1, le=1_000)
    """Most operations a peer may have open at once when it negotiates an asynchronous operations
    window (PS3.7 annex D.3.3.3); 1 = none asynchronous."""

    ae_reject_detail: bool = True
    """Tell a rejected caller whether its own or the called AE title was not recognized. false =
    no reason given."""

    strict: bool = False
    """Refuse what many devices send against the standard and is otherwise tolerated and counted.
    """

    max_data_set_bytes: int = Field(default=8 * 1024**3, ge=0, le=2**60)
    """A larger data set ends its association with A-ABORT, and nothing of it is kept. 0 = as large
    as the disk takes."""

    @field_validator("reserved_associations")
    @classmethod
    def _leave_room(cls, value: int, info: ValidationInfo) -> int:
        limit = info.data.get("max_associations")
        if limit is not None and value >= limit:
            raise ValueError(f"must be < max_associations, which is {limit}")
        return value


class AESettings(Settings):
    """One AE title we answer to; repeat the table for more.

    Keys without a value take that of [dimse]. Environment: PACSD_AE, all of them as JSON.
    """

    title: AETitle = "PACSD"
    """The called AE title."""

    description: str = Field(default="", max_length=1_000)
    """For people."""

    services: ServiceList = Field(
        default=("verification", "storage", "query", "retrieve", "commitment"), min_length=1
    )
    """What it offers: "verification" (C-ECHO), "storage" (C-STORE), "query" (C-FIND), "retrieve"
    (C-MOVE, C-GET), "commitment" (storage commitment: N-ACTION, and N-EVENT-REPORT of what we asked
    peers for). At least one."""

    storage_sop_classes: Literal["known", "any"] = "known"
    """"known" takes the storage SOP classes of PS3.4, retired ones included; "any" also private
    and future ones that the peer proposes."""

    transfer_syntaxes: TransferSyntaxList = ()
    """Transfer syntaxes accepted for storage and for C-GET, as UIDs or keywords. Empty = all that a
    file can keep: not JPIP, SMPTE ST 2110, MIME, XML and Papyrus."""

    calling_ae_titles: AETitleList = ()
    """Only these callers. Empty = every peer that is admitted at all."""

    max_pdu_length_bytes: int = Field(
        default=131_072, ge=MIN_PDU_LENGTH_BYTES, le=MAX_PDU_LENGTH_BYTES
    )
    """Maximum length of the P-DATA-TF PDUs we announce to receive (PS3.8 annex D.1)."""

    max_associations: int | None = Field(default=None, ge=1, le=100_000, examples=[100])
    """Associations open at once to this AE title."""

    unknown_peers: UnknownPeers | None = Field(default=None, examples=["refuse"])
    """As in [dimse], for this AE title."""

    strict: bool | None = Field(default=None, examples=[True])
    """As in [dimse], for this AE title."""

    ae_reject_detail: bool | None = Field(default=None, examples=[False])
    """As in [dimse], for this AE title."""

    max_operations_window: int | None = Field(default=None, ge=1, le=1_000, examples=[1])
    """As in [dimse], for this AE title."""

    dimse_timeout_s: float | None = Field(default=None, ge=0.1, le=86_400, examples=[120])
    """As in [dimse], for this AE title."""

    idle_timeout_s: float | None = Field(default=None, ge=0, le=604_800, examples=[600])
    """As in [dimse], for this AE title."""


class HttpSettings(Settings):
    """The web listener: /health, /ready, /metrics."""

    listen: OptionalEndpointText = Endpoint("127.0.0.1", 8080)
    """Address to listen on, HOST:PORT. Port 0 takes any free port, "" opens none."""

    max_connections_per_address: int = Field(default=64, ge=1, le=256)
    """Most connections at once from one address, of 256 in all; one more is answered 503. A browser
    opens six. Loopback has no such bound: whatever a proxy or tunnel hands on comes from there; a
    proxy on another machine needs more. Of a global IPv6 address the first 64 bits count, one of a
    site (fe80::/10, fc00::/7) as a whole."""

    unsafe_listen_anywhere: bool = False
    """Listen beyond loopback although nobody has to log in."""


class RecorderSettings(Settings):
    """The association flight recorder: what is remembered, in memory, without patient values."""

    associations: int = Field(default=1_000, ge=0, le=100_000)
    """Associations remembered. 0 = none."""

    commands_per_association: int = Field(default=50, ge=0, le=10_000)
    """Commands remembered of each association: the last ones."""

    refusals_per_peer: int = Field(default=20, ge=1, le=1_000)
    """Refusals remembered of each calling AE title."""

    refused_peers: int = Field(default=1_000, ge=1, le=100_000)
    """Calling AE titles of which refusals are remembered: the last ones."""
