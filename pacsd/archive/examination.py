"""An object's header, read as it arrives and judged as soon as it is known; and its end."""

from pacsd.api.receiving import ReceivedInstance
from pacsd.api.store import Buffer
from pacsd.archive.attributes import Attributes
from pacsd.archive.identity import Identity, identify, odd_uids
from pacsd.archive.instance import InstanceRequest
from pacsd.dicom.data_end import DataEnd
from pacsd.dicom.dictionary import keyword_of
from pacsd.dicom.header_stream import DataSetHeader, HeaderStream, known_syntax
from pacsd.dicom.quirks import Quirk, QuirkKind
from pacsd.dicom.stored_header import encode_header
from pacsd.dicom.tag import format_tag
from pacsd.index.attributes import TAGS
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


_KEYWORDS = tuple((tag, keyword_of(tag) or format_tag(tag)) for tag in sorted(TAGS))


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
        self._data_end: DataEnd | None = None
        self._cut: tuple[Quirk, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the header is known, or never will be, and the end of the bytes does not tell."""
        wants_bytes = self._data_end is not None and self._data_end.wants_bytes
        return self._stream.is_over and not wants_bytes

    @property
    def quirks(self) -> tuple[Quirk, ...]:
        """What breaks the standard in header, UIDs and end, and was read all the same."""
        if self._header is None or self._identity is None:
            return ()
        return self._header.quirks + odd_uids(self._identity, self._request) + self._cut

    def feed(self, fragment: Buffer) -> None:
        """Read more of the data set.

        Raises:
            Unacceptable: the header is known now, and nobody may take the object in.
        """
        if self._stream.is_over:
            if self._data_end is not None:
                self._data_end.feed(fragment)
            return
        self._stream.feed(fragment)
        if self._stream.is_over:
            self._judge()

    def end(self, data_set_bytes: int) -> None:
        """Nothing follows, the data set has so many bytes; errors as for `feed`."""
        if self._identity is None:
            self._stream.end()
            self._judge()
        stopped_at = self._stream.stopped_at
        if self._data_end is None or stopped_at is None:
            return
        if self._data_end.is_cut(data_set_bytes):
            self._cut = (Quirk(QuirkKind.TRUNCATED, stopped_at.tag, 1),)

    def received(self) -> ReceivedInstance | None:
        """What the object says it is, for those who decide whether it comes in; None before then.

        Its attributes are decoded for this.
        """
        identity, attributes = self._identity, self._attributes
        if identity is None or attributes is None:
            return None
        return ReceivedInstance(
            reception=self._request.reception,
            sop_class_uid=self._request.sop_class_uid,
            sop_instance_uid=self._request.sop_instance_uid,
            transfer_syntax_uid=self._request.transfer_syntax_uid,
            study_instance_uid=identity.study_instance_uid,
            series_instance_uid=identity.series_instance_uid,
            patient_id=identity.patient_id,
            issuer_of_patient_id=identity.issuer_of_patient_id,
            attributes={name: attributes[tag] for tag, name in _KEYWORDS if tag in attributes},
        )

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
        stopped_at, ahead = self._stream.stopped_at, self._stream.ahead
        # Where a deflated data set ends shows only to who inflates all of it: too much here.
        if stopped_at is not None and not self._syntax.is_deflated:
            self._data_end = DataEnd(stopped_at, ahead, header.layout, self._syntax)
