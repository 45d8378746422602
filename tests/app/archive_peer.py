"""pynetdicom as an archive of a few objects, an independent SCP of Query/Retrieve."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import AE, evt

from pacsd.net.query_retrieve_scu import QueryModel

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
UNIQUE = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}


def instance(number: int, *, study: str = "1.2.1", sop_class_uid: str = CT) -> Dataset:
    """An object; its UIDs say where it belongs."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = f"{study}.1.{number}"
    ds.StudyDate = "20260131"
    ds.StudyDescription = "Schädel"
    ds.PatientName = f"Müller^{number}"
    ds.PatientID = "P1"
    ds.StudyInstanceUID = study
    ds.SeriesInstanceUID = f"{study}.1"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


@dataclass(slots=True)
class Archive:
    """What it has, and what it saw.

    `tells_classes`: it answers SOP Classes in Study. `status` is the final one of every C-FIND.
    `goes_on`: it answers a C-FIND until it is told to stop; `keeps_sending`: so it sends.
    """

    objects: list[Dataset]
    tells_classes: bool = True
    goes_on: bool = False
    keeps_sending: bool = False
    status: int = 0
    comment: str = ""
    destinations: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    asked: list[Dataset] = field(default_factory=list)
    extended: list[dict[str, bytes]] = field(default_factory=list)
    callers: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    cancelled: int = 0
    port: int = 0

    @property
    def address(self) -> str:
        """As a command takes it."""
        return f"ARCHIVE=127.0.0.1:{self.port}"

    def find(self, event: evt.Event) -> Iterator[Any]:
        keys = event.identifier
        self.asked.append(keys)
        level = keys.QueryRetrieveLevel
        found = {getattr(each, UNIQUE[level]): each for each in self._matching(keys)}
        while self.goes_on and found:
            if event.is_cancelled:
                self.cancelled += 1
                yield 0xFE00, None
                return
            yield 0xFF00, self._answer(keys, self.objects[0])
        for each in found.values():
            yield 0xFF00, self._answer(keys, each)
        if self.status:
            final = Dataset()
            final.Status = self.status
            final.ErrorComment = self.comment
            yield final, None

    def get(self, event: evt.Event) -> Iterator[Any]:
        self.asked.append(event.identifier)
        yield from self._sent(event)

    def move(self, event: evt.Event) -> Iterator[Any]:
        self.asked.append(event.identifier)
        yield self.destinations.get(event.move_destination, (None, None))
        yield from self._sent(event)

    def store(self, event: evt.Event) -> int:
        self.stored.append(event.request.AffectedSOPInstanceUID)
        return 0

    def negotiate(self, event: evt.Event) -> dict[str, bytes]:
        self.extended.append(event.app_info)
        return {}

    def accepted(self, event: evt.Event) -> None:
        self.callers.append(event.assoc.requestor.ae_title)

    def _sent(self, event: evt.Event) -> Iterator[Any]:
        found = self._matching(event.identifier)
        yield 1_000 if self.keeps_sending else len(found)
        for each in found:
            while self.keeps_sending:
                if event.is_cancelled:
                    self.cancelled += 1
                    yield 0xFE00, None
                    return
                yield 0xFF00, each
            yield 0xFF00, each

    def _matching(self, keys: Dataset) -> list[Dataset]:
        given = {name: keys.get(name) for name in UNIQUE.values() if keys.get(name)}
        values = {
            name: {value} if isinstance(value, str) else set(value) for name, value in given.items()
        }
        return [
            each
            for each in self.objects
            if all(getattr(each, name) in wanted for name, wanted in values.items())
        ]

    def _answer(self, keys: Dataset, found: Dataset) -> Dataset:
        answer = Dataset()
        answer.SpecificCharacterSet = "ISO_IR 100"
        answer.QueryRetrieveLevel = keys.QueryRetrieveLevel
        for element in keys:
            if element.keyword in found:
                answer[element.keyword] = found[element.keyword]
        if "SOPClassesInStudy" in keys and self.tells_classes:
            study = found.StudyInstanceUID
            classes = {each.SOPClassUID for each in self.objects if each.StudyInstanceUID == study}
            answer.SOPClassesInStudy = sorted(classes)
        return answer


@contextmanager
def serving(archive: Archive, **options: bool) -> Iterator[Archive]:
    """Run it in threads; options: `find`, `get`, `move`, whether it knows these."""
    ae = AE("ARCHIVE")
    roots = QueryModel.PATIENT_ROOT, QueryModel.STUDY_ROOT, QueryModel.COMPOSITE_INSTANCE_ROOT
    for model in roots:
        for service in ("find", "move", "get"):
            has_it = service != "find" or model is not QueryModel.COMPOSITE_INSTANCE_ROOT
            if has_it and options.get(service, True):
                ae.add_supported_context(getattr(model, service))
    syntaxes = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit]
    for uid in (CT, MR):
        ae.add_requested_context(uid, syntaxes)
        ae.add_supported_context(uid, syntaxes, scu_role=True, scp_role=True)
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[
            (evt.EVT_C_FIND, archive.find),
            (evt.EVT_C_GET, archive.get),
            (evt.EVT_C_MOVE, archive.move),
            (evt.EVT_C_STORE, archive.store),
            (evt.EVT_SOP_EXTENDED, archive.negotiate),
            (evt.EVT_ACCEPTED, archive.accepted),
        ],
    )
    archive.port = server.server_address[1]
    archive.destinations = {"ARCHIVE": ("127.0.0.1", archive.port), **archive.destinations}
    try:
        yield archive
    finally:
        server.shutdown()
