"""A store opened, and kept running until its task is cancelled."""

import anyio
import anyio.abc
from pacsd_s3_client.far import open_far
from pacsd_s3_client.faults import FarError

from pacsd.api.errors import StoreError
from pacsd.api.plugin import Host
from pacsd.api.store import BlobStore
from pacsd_store_s3.belonging import BelongingError
from pacsd_store_s3.parts import opened
from pacsd_store_s3.settings import StoreS3Settings
from pacsd_store_s3.store import SpooledStore

_FAULTS = (BelongingError, FarError, StoreError, OSError)


async def run(
    host: Host,
    settings: StoreS3Settings,
    spool: BlobStore,
    task_status: anyio.abc.TaskStatus[BlobStore | Exception] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Open a store on a spool, give it to whoever started this, and run it until cancelled.

    What cannot be opened is given as the exception that says why, and is no fault of the task.
    """
    is_given = False
    try:
        far = open_far(settings)
        async with opened(host.name, settings, spool, far, host.data_dir, host.logger) as parts:
            wait_s = settings.acknowledge_timeout_s if settings.acknowledge == "far" else None
            store = SpooledStore(host.name, parts, wait_for_far_s=wait_s)
            host.logger.info(
                "far store opened",
                bucket=settings.bucket,
                prefix=settings.prefix,
                generation=parts.generation,
                waiting=parts.catalogue.waiting_objects,
                cached=parts.catalogue.cached_objects,
            )
            is_given = True
            task_status.started(store)
            await parts.run(settings.concurrency)
    except _FAULTS as error:
        if is_given:
            raise
        task_status.started(error)
