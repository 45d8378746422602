"""Made-up studies to be searched.

What they say follows from their numbers, so that who fills a server and who asks it agree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from contrib.bench.messages import CT_IMAGE_STORAGE, UID_ROOT, text_element

SERIES = 2
"""Series of a study."""

_FIRST_DAY = date(2019, 1, 1)
_SMITHS = ("SMITH", "GOLDSMITH")
_SURNAMES = (
    "ADAMS", "BAKER", "BROWN", "CLARK", "COOPER", "DAVIS", "EVANS", "FISCHER", "GARCIA", "GREEN",
    "HARRIS", "HUGHES", "IVANOV", "JACKSON", "JONES", "KELLY", "KOWALSKI", "LEE", "LOPEZ",
    "MARTIN", "MOORE", "MUELLER", "NGUYEN", "OLSEN", "PARKER", "PATEL", "QUINN", "ROBERTS",
    "ROSSI", "SCHMIDT", "SILVA", "SIMON", "TANAKA", "TAYLOR", "THOMAS", "TURNER", "VARGA",
    "WALKER", "WHITE", "WILLIAMS", "WOOD", "WRIGHT", "YILMAZ", "ZHANG",
)  # fmt: skip
_GIVEN_NAMES = (
    "ANNA", "BEN", "CLARA", "DAVID", "EVA", "FRANK", "GRETA", "HUGO", "IDA", "JOHN", "KARIN",
    "LEO", "MARY", "NINA", "OTTO", "PAULA", "ROBERT", "SOFIA", "TOM", "URSULA", "VERA",
)  # fmt: skip
_MODALITIES = ("CT", "MR", "CR", "US")


@dataclass(frozen=True, slots=True)
class Study:
    """One study, of a patient of its own."""

    number: int
    patient_name: str
    date: str
    modality: str

    @property
    def uid(self) -> str:
        """Its Study Instance UID."""
        return f"{UID_ROOT}.7.{self.number}"

    @property
    def patient_id(self) -> str:
        """Nobody else's."""
        return f"PAT{self.number:07d}"

    @property
    def accession_number(self) -> str:
        """Nor of any other study."""
        return f"ACC{self.number:08d}"

    def series_uid(self, series: int) -> str:
        """The Series Instance UID of its first or second series."""
        return f"{self.uid}.{series + 1}"

    def instance_uid(self, series: int, image: int) -> str:
        """The SOP Instance UID of an image."""
        return f"{self.series_uid(series)}.{image + 1}"

    def texts(self, series: int, image: int) -> dict[int, str]:
        """What an image says beside its pixels, by tag."""
        return {
            0x00080016: CT_IMAGE_STORAGE,
            0x00080018: self.instance_uid(series, image),
            0x00080020: self.date,
            0x00080030: f"{self.number % 24:02d}{self.number % 60:02d}00",
            0x00080050: self.accession_number,
            0x00080060: self.modality,
            0x00080090: "REFERRING^PHYSICIAN",
            0x00081030: "ABDOMEN AND PELVIS",
            0x0008103E: "AXIAL 5 MM",
            0x00100010: self.patient_name,
            0x00100020: self.patient_id,
            0x00100030: f"{1930 + self.number % 80}0102",
            0x00100040: "MF"[self.number % 2],
            0x0020000D: self.uid,
            0x0020000E: self.series_uid(series),
            0x00200010: f"{self.number}",
            0x00200011: f"{series + 1}",
            0x00200013: f"{image + 1}",
        }


@dataclass(frozen=True, slots=True)
class Cohort:
    """So many studies, of `images` images in each series.

    Every `smith_every`th patient is a Smith or a Goldsmith, in turn.
    """

    studies: int
    images: int
    studies_a_day: int = 8
    smith_every: int = 12

    def __str__(self) -> str:
        return "-".join(map(str, (self.studies, self.images, self.studies_a_day, self.smith_every)))

    @classmethod
    def parse(cls, text: str) -> "Cohort":
        """Read what `str` has written."""
        return cls(*map(int, text.split("-")))

    @property
    def days(self) -> int:
        """Days that have studies, one after the other."""
        return max(1, self.studies // self.studies_a_day)

    def study(self, number: int) -> Study:
        """The study of a number below `studies`."""
        mixed = number * 2_654_435_761 % 2**32 >> 4
        names = _SMITHS if number % self.smith_every == 0 else _SURNAMES
        surname = names[number // self.smith_every % 2 if names is _SMITHS else mixed % len(names)]
        return Study(
            number,
            f"{surname}^{_GIVEN_NAMES[mixed // 64 % len(_GIVEN_NAMES)]}",
            self.day(number % self.days),
            _MODALITIES[mixed // 2_048 % len(_MODALITIES)],
        )

    def day(self, number: int) -> str:
        """The date of a day below `days`."""
        return (_FIRST_DAY + timedelta(days=number)).strftime("%Y%m%d")

    def of_day(self, number: int) -> Iterator[Study]:
        """Its studies."""
        return map(self.study, range(number % self.days, self.studies, self.days))


def data_set(texts: Mapping[int, str]) -> bytes:
    """Elements of text in the order of their tags, Explicit VR Little Endian."""
    return b"".join(
        text_element(tag >> 16, tag & 0xFFFF, _VRS[tag], texts[tag]) for tag in sorted(texts)
    )


_VRS = {
    0x00080016: b"UI",
    0x00080018: b"UI",
    0x00080020: b"DA",
    0x00080030: b"TM",
    0x00080050: b"SH",
    0x00080052: b"CS",
    0x00080060: b"CS",
    0x00080061: b"CS",
    0x00080090: b"PN",
    0x00081030: b"LO",
    0x0008103E: b"LO",
    0x00100010: b"PN",
    0x00100020: b"LO",
    0x00100030: b"DA",
    0x00100040: b"CS",
    0x0020000D: b"UI",
    0x0020000E: b"UI",
    0x00200010: b"SH",
    0x00200011: b"IS",
    0x00200013: b"IS",
}
