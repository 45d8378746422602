"""Dates that are earlier by some days, the time of day left as it is (PS3.15 section E.3.6)."""

from datetime import date, timedelta

from pacsd.dicom.values import DATE, DATE_TIME
from pacsd.dicom.vr import VR

_DATE_CHARACTERS = 8


def shifted(vr: str, raw: bytes, by: timedelta) -> bytes | None:
    """A value of VR DA, DT or TM that is earlier; None where it cannot be told how much.

    Of a TM alone nothing changes. A DT that has no day has no day that could be another.
    """
    text = raw.decode("latin-1").strip("\0 ")
    if vr == VR.TM or not text:
        return raw
    if vr not in {VR.DA, VR.DT}:
        return None
    found = [_shifted(vr, each.strip(), by) for each in text.split("\\")]
    texts = [each for each in found if each is not None]
    return "\\".join(texts).encode("ascii") if len(texts) == len(found) else None


def _shifted(vr: str, text: str, by: timedelta) -> str | None:
    if not text:
        return text
    if vr == VR.DA:
        found = DATE.fullmatch(text)
        digits = "" if found is None else found[1] + found[3] + found[4]
        rest = ""
    else:
        digits, rest = text[:_DATE_CHARACTERS], text[_DATE_CHARACTERS:]
        if DATE_TIME.fullmatch(text) is None:
            return None
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) - by
    except (ValueError, OverflowError):
        return None
    return f"{day.year:04}{day.month:02}{day.day:02}{rest}"
