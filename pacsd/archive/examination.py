"""An object's header, read as it arrives and judged as soon as it is known."""

from pacsd.api.store import Buffer
from pacsd.archive.attributes import Attributes
from pacsd.archive.identity import Identity, identify, odd_uids
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.header_stream import DataSetHeader, HeaderStream, known_syntax
from pacsd.dicom.quirks import Quirk, QuirkKind
from pacsd.dicom.stored_header import encode_header
from pacsd.index.records import NewCopy, NewInstance

LOOKED_FOR = (
    QuirkKind.OTHER_VR_ENCODING,
    QuirkKind.UNKNOWN_VR,
    QuirkKind.NO_VR,
    QuirkKind.ODD_LENGTH,
    QuirkKind.OUT_OF_ORDER,
    QuirkKind.DUPLICATE,
    QuirkKind.STRAY_DELIMITER,
    QuirkKind.MISSING_DELIMITER,
    QuirkKind.DELIMITER_LENGTH,
    QuirkKind.TRUNCATED,
    QuirkKind.TRAILING_BYTES,
    QuirkKind.ZLIB_HEADER,
    QuirkKind.UID_COMPONENT,
)
"""The quirks that an examination may find. Of values nobody asks whether they are right."""


class Examination:
    """Of one object on its way in: `feed` it, `end` it, then `describe` what the index shall know.

    `is_over` says that more of the data set would tell nothing new.
    """

    def __init__(self, request: InstanceRequest) -> None:
        self._request = request
        self._syntax = known_syntax(request.transfer_syntax_uid)
        self._stream = HeaderStream(self._syntax)
        self._header: DataSetHeader | None = None
        self._attributes: Attributes | None = None
        self._identity: Identity | None = None

    @property
    def is_over(self) -> bool:
        """Whether the header is known, or never will be."""
        return self._stream.is_over

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """What breaks the standard in header and UIDs, and was read all the same."""
        if self._header is None or self._identity is None:
            return ()
        return self._header.quirks + odd_uids(self._identity, self._request)

    def feed(self, fragment: Buffer) -> None:
        """Read more of the data set.

        Raises:
            Unacceptable: the header is known now, and nobody may take the object in.
        """
        if self._stream.is_over:
            return
        self._stream.feed(fragment)
        if self._stream.is_over:
            self._judge()

    def end(self) -> None:
        """The data set is whole; errors as for `feed`."""
        if self._identity is None:
            self._stream.end()
            self._judge()

    def describe(self, copy: NewCopy) -> NewInstance:
        """What the index shall know of the object, of which `copy` is in a store now."""
        identity, header, attributes = self._identity, self._header, self._attributes
        if identity is None or header is None or attributes is None:
            raise RuntimeError("describe before the object was judged")
        request = self._request
        return NewInstance(
            reception=request.reception,
            sop_class_uid=request.sop_class_uid,
            sop_instance_uid=request.sop_instance_uid,
            transfer_syntax_uid=request.transfer_syntax_uid,
            study_instance_uid=identity.study_instance_uid,
            series_instance_uid=identity.series_instance_uid,
            patient_id=identity.patient_id,
            issuer_of_patient_id=identity.issuer_of_patient_id,
            attributes=attributes,
            copy=copy,
            header=encode_header(header),
            restores_deleted=request.policy.restores_deleted,
        )

    def _judge(self) -> None:
        header = self._header = self._stream.header()
        attributes = self._attributes = Attributes(header, self._syntax)
        self._identity = identify(header, attributes, self._request)
