# ruff: noqa: RUF001 - names are written in the scripts of their owners
"""Studies that are known to the last value, in many character sets, and queries about them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE

from tests.dicom.by_pydicom import keys

CT, MR, US = (
    "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.6.1",
)  # fmt: skip
CLASSES = {"CT": CT, "MR": MR, "US": US}
YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"
HONG = "Hong^Gildong=洪^吉洞=홍^길동"


@dataclass(frozen=True, slots=True)
class Study:
    """A study of so many instances in a series of each modality."""

    number: int
    patient_name: str
    charset: str | list[str]
    date: str
    modalities: tuple[str, ...] = ("CT",)
    instances: int = 1
    more: dict[str, object] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        return f"2.25.{self.number}"

    def objects(self) -> Iterator[Dataset]:
        """Its instances."""
        for place, modality in enumerate(self.modalities, 1):
            for number in range(1, self.instances + 1):
                yield self._object(place, modality, number)

    def _object(self, place: int, modality: str, number: int) -> Dataset:
        made = keys(
            SpecificCharacterSet=self.charset,
            SOPClassUID=CLASSES[modality],
            SOPInstanceUID=f"{self.uid}.{place}.{number}",
            StudyInstanceUID=self.uid,
            SeriesInstanceUID=f"{self.uid}.{place}",
            PatientID=f"P{self.number}",
            PatientName=self.patient_name,
            AccessionNumber=f"A{self.number:03}",
            StudyDate=self.date,
            StudyTime=f"{self.number % 24:02}3000",
            StudyDescription=f"Study {self.number}",
            Modality=modality,
            SeriesNumber=place,
            SeriesDescription=f"{modality} series",
            InstanceNumber=number,
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL" if number % 2 else "LOCALIZER"],
            **self.more,
        )
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        return made


_CODE = keys(CodeValue="CHEST", CodingSchemeDesignator="99TEST", CodeMeaning="Chest")

STUDIES = (
    Study(1, "Smith^John", "ISO_IR 100", "20260101", ("CT", "MR"), 3),
    Study(2, "SMITH^Jane", "ISO_IR 100", "20260102", ("MR",)),
    Study(3, "Smyth^Jon", "ISO_IR 100", "20260103", ("US",)),
    Study(4, "Müller^Jörg", "ISO_IR 100", "20260201", more={"ProcedureCodeSequence": [_CODE]}),
    Study(5, "Διονυσιος", "ISO_IR 126", "20260202"),
    Study(6, "Люкceмбypг", "ISO_IR 144", "20260203"),
    Study(7, "שרון^דבורה", "ISO_IR 138", "20260204"),
    Study(8, "قباني^لنزار", "ISO_IR 127", "20260205"),
    Study(9, YAMADA, ["", "ISO 2022 IR 87"], "20260206"),
    Study(10, HONG, ["", "ISO 2022 IR 149"], "20260207"),
    Study(11, "Wang^XiaoDong=王^小东", "GB18030", "20260208"),
    Study(12, "Wang^XiaoDong=王^小東", "ISO_IR 192", "20260209"),
    Study(13, "Buc^Jérôme", "ISO_IR 100", "20260301", ("CT",), 25),
    Study(14, "", "ISO_IR 100", "", more={"PatientSex": "F"}),
)
BY_UID = {study.uid: study for study in STUDIES}


def store_all(port: int) -> None:
    """Send them, with pynetdicom."""
    sender = AE("FILLER")
    for uid in CLASSES.values():
        sender.add_requested_context(uid, ExplicitVRLittleEndian)
    association: Any = sender.associate("127.0.0.1", port, ae_title="PACSD")
    for study in STUDIES:
        for each in study.objects():
            buffer = BytesIO()
            each.save_as(buffer)
            assert association.send_c_store(each).Status == 0
    association.release()


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and the unique keys of all that it finds; `model` is P, S or O."""

    level: str
    keys: dict[str, str]
    found: tuple[str, ...]
    model: str = "S"

    @property
    def unique(self) -> str:
        """The keyword of the unique key of its level."""
        return {
            "PATIENT": "PatientID",
            "STUDY": "StudyInstanceUID",
            "SERIES": "SeriesInstanceUID",
            "IMAGE": "SOPInstanceUID",
        }[self.level]

    @property
    def all_keys(self) -> dict[str, str]:
        """With what tells them apart, and names."""
        asked = {self.unique: "", **self.keys}
        return asked if self.level == "IMAGE" else {"PatientName": "", **asked}


def studies(*numbers: int) -> tuple[str, ...]:
    return tuple(f"2.25.{number}" for number in numbers)


ALL = studies(*range(1, 15))
OF_13 = tuple(f"2.25.13.1.{number}" for number in range(1, 26))

QUERIES = (
    Asked("STUDY", {}, ALL),
    Asked("STUDY", {"PatientID": "P2"}, studies(2)),
    Asked("STUDY", {"PatientID": "P1?"}, studies(10, 11, 12, 13, 14)),
    Asked("STUDY", {"PatientID": "p2"}, ()),
    Asked("STUDY", {"PatientName": "SMITH"}, studies(1, 2)),
    Asked("STUDY", {"PatientName": "smith^j*"}, studies(1, 2)),
    Asked("STUDY", {"PatientName": "SM*"}, studies(1, 2, 3)),
    Asked("STUDY", {"PatientName": "*MITH*"}, studies(1, 2)),
    Asked("STUDY", {"PatientName": "^JON"}, studies(3)),
    Asked("STUDY", {"PatientName": "MULLER*"}, studies(4)),
    Asked("STUDY", {"PatientName": "YAMADA*"}, studies(9)),
    Asked("STUDY", {"PatientName": "Wang^Xiao*"}, studies(11, 12)),
    Asked("STUDY", {"PatientName": "%_'\";--"}, ()),
    Asked("STUDY", {"StudyDate": "20260102"}, studies(2)),
    Asked("STUDY", {"StudyDate": "20260102-20260201"}, studies(2, 3, 4)),
    Asked("STUDY", {"StudyDate": "20260208-"}, studies(11, 12, 13)),
    Asked("STUDY", {"StudyDate": "-20260101"}, studies(1)),
    Asked("STUDY", {"StudyTime": "02-0330"}, studies(2, 3)),
    Asked("STUDY", {"StudyDate": "20260101-20260131", "StudyTime": "0200-"}, studies(2, 3)),
    Asked("STUDY", {"AccessionNumber": "A004"}, studies(4)),
    Asked("STUDY", {"AccessionNumber": "A00*"}, studies(*range(1, 10))),
    Asked("STUDY", {"StudyDescription": "Study 1?"}, studies(10, 11, 12, 13, 14)),
    Asked("STUDY", {"ModalitiesInStudy": "MR"}, studies(1, 2)),
    Asked("STUDY", {"ModalitiesInStudy": "U*"}, studies(3)),
    Asked("STUDY", {"ModalitiesInStudy": "CT", "StudyDate": "20260101-20260131"}, studies(1)),
    Asked("STUDY", {"StudyInstanceUID": "2.25.7"}, studies(7)),
    Asked("STUDY", {"StudyInstanceUID": "2.25.7\\2.25.8\\2.25.99"}, studies(7, 8)),
    Asked("PATIENT", {}, tuple(f"P{number}" for number in range(1, 15)), "P"),
    Asked("PATIENT", {"PatientName": "smith*"}, ("P1", "P2"), "P"),
    Asked("PATIENT", {"PatientSex": "F"}, ("P14",), "P"),
    Asked("STUDY", {"PatientID": "P1"}, studies(1), "P"),
    Asked("STUDY", {"PatientID": "P3"}, studies(3), "O"),
    Asked("SERIES", {"StudyInstanceUID": "2.25.1"}, ("2.25.1.1", "2.25.1.2")),
    Asked("SERIES", {"StudyInstanceUID": "2.25.1", "Modality": "MR"}, ("2.25.1.2",)),
    Asked(
        "SERIES",
        {"PatientID": "P1", "StudyInstanceUID": "2.25.1", "SeriesNumber": "1"},
        ("2.25.1.1",),
        "P",
    ),
    Asked(
        "IMAGE",
        {"StudyInstanceUID": "2.25.13", "SeriesInstanceUID": "2.25.13.1"},
        OF_13,
    ),
    Asked(
        "IMAGE",
        {"StudyInstanceUID": "2.25.13", "SeriesInstanceUID": "2.25.13.1", "InstanceNumber": "7"},
        ("2.25.13.1.7",),
    ),
    Asked(
        "IMAGE",
        {
            "StudyInstanceUID": "2.25.1",
            "SeriesInstanceUID": "2.25.1.1",
            "ImageType": "LOCALIZER",
        },
        ("2.25.1.1.2",),
    ),
)
"""Hierarchical queries in plain ASCII, which every peer can ask."""

NAMES = {
    4: "Müller*", 5: "Διονυσιος", 6: "Люкceмбypг", 7: "שרון*", 8: "قباني*",
    9: "山田*", 10: "洪^吉洞", 11: "王^小东", 12: "王^小東", 13: "*Jérôme",
}  # fmt: skip
"""By study, the name as its owner writes it, or a part of it."""
