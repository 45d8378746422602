"""What the words of the standard refuse.

    DicomError (ValueError)
    ├── UIDError       a UID that is not one (PS3.5 section 9.1)
    ├── AETitleError   an AE title that is not one (PS3.5 table 6.2-1)
    ├── TagError       text that names no Data Element Tag (PS3.5 section 7.1.1)
    └── Part10Error    a file without readable File Meta Information (PS3.10 section 7.1)

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
