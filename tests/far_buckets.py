"""Buckets on servers that fail on purpose, and what is sent to them."""

import io
from pathlib import Path

from pacsd_s3_client.far import Retries
from pacsd_target_s3.bucket import Bucket
from pacsd_target_s3.settings import TargetBucketSettings

from pacsd.api.instances import InstanceFacts
from pacsd.api.route_target import Delivery
from pacsd.testing.fake_host import FakeHost, fake_host
from pacsd.testing.objects import dicom_file

UIDS = ("1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3")
AT_ONCE = Retries()
KEY = {"access_key_id": "key", "secret_access_key": "do-not-show"}


def settings(**keys: object) -> TargetBucketSettings:
    usual = {"name": "offsite", "bucket": "pacsd", "request_timeout_s": 20}
    if "credentials_file" not in keys:
        usual |= KEY
    return TargetBucketSettings.model_validate({**usual, **keys})


def bucket_of(host: FakeHost, *, retries: Retries = AT_ONCE, **keys: object) -> Bucket:
    """A bucket that is tried once."""
    return Bucket(settings(**keys), host, retries=retries)


async def host_with_instances(folder: Path, pixel_bytes: int = 16) -> FakeHost:
    host = fake_host(folder)
    for uid in UIDS:
        file = io.BytesIO(dicom_file({"SOPInstanceUID": uid}, pixel_bytes=pixel_bytes))
        await host.instances.add(file)
    return host


async def delivery(host: FakeHost, *others: InstanceFacts, attempt: int = 1) -> Delivery:
    facts = (*others, *await host.instances.of_study("1.2.3"))
    return Delivery("bucket:offsite", "rule 1", "a rule", attempt, "1.2.3", facts)


def name_of(uid: str) -> str:
    return f"1.2.3/1.2.3.1/{uid}.dcm"


def unknown(uid: str) -> InstanceFacts:
    return InstanceFacts(uid, "1.2", "1.2.3.1", "1.2.3", "1.2.840.10008.1.2.1", 9)
