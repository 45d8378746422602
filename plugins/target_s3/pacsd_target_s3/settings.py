"""The keys of [plugins.target_s3]."""

from collections import Counter
from typing import Literal

from pacsd_s3_client.settings import BucketSettings
from pacsd_s3_client.settings import problems as problems_of_bucket
from pydantic import Field

from pacsd.api.settings import Settings
from pacsd.dicom.uid_layout import layout_problem

_NOT_READ_AT_ONCE = {"GLACIER", "DEEP_ARCHIVE"}


class TargetBucketSettings(BucketSettings):
    """One bucket that routes may name."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", examples=["offsite"])
    """Routes name it `bucket:` and this."""

    layout: str = Field(default="{study}/{series}/{instance}.dcm", max_length=200)
    """The name of an object, behind `prefix`: letters, digits, `_`, `-`, `.`, `/` and the UIDs
    `{study}`, `{series}` and `{instance}`, the last one in the last part of the name."""

    at_once: int = Field(default=4, ge=1, le=64)
    """Objects that are sent at once, over all deliveries to this bucket."""

    verify: Literal["shown", "read"] = "shown"
    """"shown": an object counts as delivered once the server shows it with its size and SHA-256.
    "read": once it was read back, too, and is what was sent."""

    storage_class: str = Field(default="", pattern=r"^([A-Z][A-Z0-9_]{0,63})?$")
    """Storage class of objects, such as STANDARD_IA; '' = as the bucket has it."""

    encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = ""
    """How the server encrypts objects; '' = as the bucket has it."""

    kms_key_id: str = Field(default="", max_length=2048)
    """With encryption by KMS: the key, if it is not the bucket's."""


class TargetS3Settings(Settings):
    """Buckets that studies are routed to."""

    target: tuple[TargetBucketSettings, ...] = Field(default=(), max_length=100)
    """The buckets, each with a name of its own."""


def problems(settings: TargetS3Settings) -> list[str]:
    """What of the settings cannot be used."""
    names = Counter(each.name for each in settings.target)
    found = [f"target: the name {name} is there {n} times" for name, n in names.items() if n > 1]
    for each in settings.target:
        found += [f"target {each.name}: {problem}" for problem in _problems_of(each)]
    return found


def _problems_of(target: TargetBucketSettings) -> list[str]:
    found = problems_of_bucket(target)
    if problem := layout_problem(target.layout):
        found.append(f"layout: {problem}")
    if target.kms_key_id and "kms" not in target.encryption:
        found.append('kms_key_id: needs encryption = "aws:kms" or "aws:kms:dsse"')
    if target.verify == "read" and target.storage_class in _NOT_READ_AT_ONCE:
        found.append(f'verify: "read" cannot be with storage_class = "{target.storage_class}"')
    return found
