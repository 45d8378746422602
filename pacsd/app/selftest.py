"""The daemon tested from outside, with pynetdicom as an independent second implementation.

A made object is stored, found at each level, and comes back by C-GET and C-MOVE byte for byte. It
is always the same one, so that nothing gathers: who tests again sends a duplicate.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from pacsd.net.endpoint import Endpoint

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
PATIENT_ID = "PACSD-SELFTEST"
STUDY = "2.25.92733428219318430291876103247156981"
SERIES = f"{STUDY}.1"
INSTANCE = f"{STUDY}.1.1"

PATIENCE_S = 10.0
"""How long each answer may take."""

_VERIFICATION = "1.2.840.10008.1.1"
_FIND = "1.2.840.10008.5.1.4.1.2.1.1"
_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"
_GET = "1.2.840.10008.5.1.4.1.2.1.3"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_LEVELS: Sequence[tuple[str, str, str]] = (
    ("PATIENT", "PatientID", PATIENT_ID),
    ("STUDY", "StudyInstanceUID", STUDY),
    ("SERIES", "SeriesInstanceUID", SERIES),
    ("IMAGE", "SOPInstanceUID", INSTANCE),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, how long it took, and what failed, or ''."""

    name: str
    seconds: float
    failure: str = ""


class Failed(Exception):
    """A step failed; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom we test, and as whom: `guest_ae` is the AE title under which we call and receive."""

    endpoint: Endpoint
    called_ae: str
    guest_ae: str


class SelfTest:
    """One run. `receive_at` is told the port on which C-MOVE is to arrive."""

    def __init__(self, tested: Subject, receive_at: Callable[[int], None]) -> None:
        self._tested = tested
        self._receive_at = receive_at
        self._object = made_object()
        self._received: list[bytes] = []

    def steps(self) -> Iterator[Step]:
        """Each step as it ends; blocks. Those behind a failed one are tried all the same."""
        with self._receiver() as port:
            yield self._step("admitted as a guest", partial(self._receive_at, port))
            yield self._step("C-ECHO", self._echo)
            yield self._step("C-STORE", self._store)
            for place, (level, _, _) in enumerate(_LEVELS):
                yield self._step(f"C-FIND {level}", partial(self._find, place))
            yield self._step("C-GET", self._get)
            yield self._step("C-MOVE", self._move)
            yield self._step("C-MOVE to a stranger is refused", self._move_to_stranger)

    def _step(self, name: str, work: Callable[[], None]) -> Step:
        started = time.monotonic()
        failure = ""
        try:
            work()
        except Failed as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001 - whatever pynetdicom meets is what failed
            failure = f"{type(error).__name__}: {error}"
        return Step(name, time.monotonic() - started, failure)

    def _echo(self) -> None:
        with self._associated(_VERIFICATION) as association:
            _expect("status", association.send_c_echo().get("Status"), 0x0000)

    def _store(self) -> None:
        with self._associated(CT_IMAGE_STORAGE) as association:
            answer = association.send_c_store(self._object)
            if answer.get("Status") != 0x0000:
                comment = answer.get("ErrorComment", "")
                raise Failed(f"status {_hex(answer.get('Status'))} {comment}")

    def _find(self, place: int) -> None:
        level, keyword, value = _LEVELS[place]
        with self._associated(_FIND) as association:
            asked = _identifier(level, place, PatientName="")
            answers = [each for _, each in association.send_c_find(asked, _FIND) if each]
        _expect("matches", len(answers), 1)
        _expect(keyword, str(answers[0][keyword].value), value)
        _expect("PatientName", str(answers[0].PatientName), str(self._object.PatientName))

    def _get(self) -> None:
        self._received.clear()
        with self._associated(_GET, CT_IMAGE_STORAGE, is_scp=True) as association:
            asked = _identifier("IMAGE", 3)
            *_, (status, _) = association.send_c_get(asked, _GET)
        self._came_back(status)

    def _move(self) -> None:
        self._received.clear()
        with self._associated(_MOVE) as association:
            asked = _identifier("IMAGE", 3)
            *_, (status, _) = association.send_c_move(asked, self._tested.guest_ae, _MOVE)
        self._came_back(status)

    def _move_to_stranger(self) -> None:
        with self._associated(_MOVE) as association:
            asked = _identifier("IMAGE", 3)
            *_, (status, _) = association.send_c_move(asked, "NO-SUCH-PEER", _MOVE)
        _expect("status", status.get("Status"), 0xA801)

    def _came_back(self, status: Any) -> None:
        _expect("status", status.get("Status"), 0x0000)
        _expect("objects that came", len(self._received), 1)
        if self._received[0] != encoded(self._object):
            raise Failed("the object that came back is not the one that was sent")

    def _keep(self, event: Any) -> int:
        self._received.append(event.request.DataSet.getvalue())
        return 0x0000

    @contextmanager
    def _associated(self, *uids: str, is_scp: bool = False) -> Iterator[Any]:
        from pynetdicom import build_role, evt  # noqa: PLC0415 - half a second

        ae = self._entity()
        for uid in uids:
            ae.add_requested_context(uid, _EXPLICIT_LITTLE)
        roles = [build_role(uid, scp_role=True) for uid in uids[1:]] if is_scp else None
        endpoint = self._tested.endpoint
        association = ae.associate(
            endpoint.host,
            endpoint.port,
            ae_title=self._tested.called_ae,
            ext_neg=roles,
            evt_handlers=[(evt.EVT_C_STORE, self._keep)] if is_scp else [],
        )
        if not association.is_established:
            raise Failed(_refusal(association))
        try:
            yield association
        finally:
            association.release()

    @contextmanager
    def _receiver(self) -> Iterator[int]:
        """A C-STORE SCP on loopback; gives its port."""
        from pynetdicom import evt  # noqa: PLC0415 - half a second

        ae = self._entity()
        ae.add_supported_context(CT_IMAGE_STORAGE, _EXPLICIT_LITTLE)
        handlers = [(evt.EVT_C_STORE, self._keep)]
        server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()

    def _entity(self) -> Any:
        from pynetdicom import AE  # noqa: PLC0415 - half a second

        ae = AE(self._tested.guest_ae)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE_S
        ae.connection_timeout = PATIENCE_S
        return ae


def made_object() -> Any:
    """The object that is sent, a CT of a few pixels."""
    from pydicom import Dataset  # noqa: PLC0415 - half a second
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415

    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CT_IMAGE_STORAGE, INSTANCE
    ds.StudyDate, ds.StudyTime, ds.Modality = "20260101", "120000", "CT"
    ds.StudyDescription = "Made by pacsd selftest, of nobody"
    ds.PatientName, ds.PatientID, ds.PatientSex = "Selftest^Pacsd", PATIENT_ID, "O"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, SERIES
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 4, 4, 8, 8, 7
    ds.PixelRepresentation, ds.PixelData = 0, bytes(range(16))
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = _EXPLICIT_LITTLE
    return ds


def encoded(data_set: Any) -> bytes:
    """Its bytes in Explicit VR Little Endian."""
    from pydicom.filebase import DicomBytesIO  # noqa: PLC0415 - half a second
    from pydicom.filewriter import write_dataset  # noqa: PLC0415

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, data_set)
    return bytes(buffer.getvalue())


def part10(data_set: Any) -> bytes:
    """The object as a file (PS3.10 section 7.1)."""
    from pydicom.filebase import DicomBytesIO  # noqa: PLC0415 - half a second

    buffer = DicomBytesIO()
    data_set.save_as(buffer, enforce_file_format=True)
    return bytes(buffer.getvalue())


def _identifier(level: str, place: int, **more: str) -> Any:
    from pydicom import Dataset  # noqa: PLC0415 - half a second

    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for _, keyword, value in _LEVELS[: place + 1]:
        setattr(asked, keyword, value)
    for keyword, value in more.items():
        setattr(asked, keyword, value)
    return asked


def _expect(what: str, came: object, expected: object) -> None:
    if came != expected:
        raise Failed(f"{what}: {_hex(came)} instead of {_hex(expected)}")


def _hex(value: object) -> str:
    return f"{value:04X}" if isinstance(value, int) and value > 0xFF else str(value)  # noqa: PLR2004


def _refusal(association: Any) -> str:
    if association.is_rejected:
        primitive = association.acceptor.primitive
        source, reason = primitive.source_str, primitive.reason_str
        return f"the association was rejected: {source}, {reason} (pacsd explain last-reject)"
    return "no association: nobody answers there, or it was aborted"
