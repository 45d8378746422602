"""What the words of the standard refuse.

    DicomError (ValueError)
    ├── UIDError       a UID that is not one (PS3.5 section 9.1)
    ├── AETitleError   an AE title that is not one (PS3.5 table 6.2-1)
    ├── TagError       text that names no Data Element Tag (PS3.5 section 7.1.1)
    ├── Part10Error    a file without readable File Meta Information (PS3.10 section 7.1)
    ├── ScanError      a data set whose structure cannot be read (PS3.5 section 7)
    ├── InflateError   a deflated data set that is broken or too large (PS3.5 section A.5)
    ├── ReencodeError  a data set that cannot have another Transfer Syntax (PS3.5 annex A)
    ├── FrameError     Pixel Data that cannot be divided into frames (PS3.5 section A.4)
    ├── JsonModelError  DICOM JSON that is none (PS3.18 annex F)
    ├── NativeModelError  XML that is no Native DICOM Model (PS3.19 section A.1)
    ├── KeyValueError  a key that cannot be matched (PS3.4 section C.2.2.2)
    ├── IdentifierError   an Identifier that asks for nothing we could look for (PS3.4 section C.4)
    ├── CommitmentError   storage commitment that cannot be asked for so (PS3.4 annex J)
    └── FileSetError   a File-set of more files than it can have (PS3.10 section 8)

Each message names the field, the value and the rule, safe to print on one log line.
"""


class DicomError(ValueError):
    """A value breaks a rule of the standard."""


class UIDError(DicomError):
    """A UID is empty, too long or holds other than digits and dots."""


class AETitleError(DicomError):
    """An AE title is empty, too long or outside the default character repertoire."""


class TagError(DicomError):
    """Text names no Data Element Tag."""


class Part10Error(DicomError):
    """A Part 10 file's preamble or File Meta Information cannot be read or written."""


class ScanError(DicomError):
    """A data set's elements, items or delimiters cannot be told apart, or nest too deep."""


class InflateError(DicomError):
    """A deflated data set is broken, or larger than it may become."""


class ReencodeError(DicomError):
    """A data set cannot be encoded in another Transfer Syntax: encapsulated, or cut short."""


class FrameError(DicomError):
    """Pixel Data does not hold the frames that its data set describes."""


class JsonModelError(DicomError):
    """JSON is no data set of the DICOM JSON model, or larger or deeper than it may be."""


class NativeModelError(DicomError):
    """XML is no Native DICOM Model, or larger or deeper than it may be."""


class KeyValueError(DicomError):
    """A key attribute's value cannot be matched."""


class IdentifierError(DicomError):
    """An Identifier does not match its SOP class; `tag` is the attribute at fault."""

    def __init__(self, tag: int, text: str) -> None:
        super().__init__(f"({tag >> 16:04X},{tag & 0xFFFF:04X}): {text}")
        self.tag = tag
        self.text = text


class CommitmentError(DicomError):
    """A request or result of storage commitment; `tag` is at fault, `status` answers it."""

    def __init__(self, status: int, tag: int, text: str) -> None:
        super().__init__(f"({tag >> 16:04X},{tag & 0xFFFF:04X}): {text}")
        self.status = status
        self.tag = tag
        self.text = text


class FileSetError(DicomError):
    """A File-set would have more files than names, or than its directory may refer to."""
