"""Bucket: the port RouteTarget for one bucket."""

from collections.abc import Iterator

import anyio
import anyio.to_thread
from pacsd_s3_client.far import Encryption, Far, Retries, open_far
from pacsd_s3_client.faults import FarError, FarFault

from pacsd.api.host import HostError
from pacsd.api.instances import InstanceFacts
from pacsd.api.plugin import Host
from pacsd.api.route_target import Delivery, DeliveryOutcome, DeliveryResult
from pacsd.dicom.errors import UIDError
from pacsd.dicom.uid_layout import name_of
from pacsd_target_s3.run import Run
from pacsd_target_s3.sending import IncompleteError, send
from pacsd_target_s3.settings import TargetBucketSettings

RETRIES = Retries(times=3)
"""So that one lost connection or overloaded moment does not cost all parts of a large object."""

NOTED_WITHIN_S = 30.0
"""What has left is noted, also when the delivery is broken off."""

CHECKED = "pacsd-check"
"""The name that is asked for, behind the prefix; nothing is ever put there."""


class Bucket:
    """The port RouteTarget. All deliveries together have `at_once` objects under way."""

    def __init__(
        self, settings: TargetBucketSettings, host: Host, *, retries: Retries = RETRIES
    ) -> None:
        self._settings = settings
        self._host = host
        self._retries = retries
        self._under_way = anyio.CapacityLimiter(settings.at_once)
        self._far: Far | None = None
        self._keys_as_of = 0

    async def check(self) -> str | None:
        """Why nothing can be sent now: an object is asked for, and an upload begun and given up."""
        try:
            far = await self._opened()
            await far.check_get(self._settings.prefix + CHECKED)
            await far.check_put(self._settings.prefix + CHECKED)
        except FarError as error:
            return self._said(error)
        return None

    async def send(self, delivery: Delivery, /) -> DeliveryResult:
        """Send instances; each is delivered once the server has shown that it has it."""
        run = Run(delivery)
        try:
            far = await self._opened()
        except FarError as error:
            run.failure = self._said(error)
            return run.result()
        waiting = iter(delivery.instances)
        try:
            async with anyio.create_task_group() as tasks:
                for number in range(min(self._settings.at_once, len(delivery.instances))):
                    tasks.start_soon(
                        self._work, far, delivery, waiting, run, name=f"upload {number}"
                    )
        finally:
            with anyio.fail_after(NOTED_WITHIN_S, shield=True):
                await self._note(run)
        return run.result()

    async def _work(
        self, far: Far, delivery: Delivery, waiting: Iterator[InstanceFacts], run: Run
    ) -> None:
        """Send one after the other, until the server fails."""
        for facts in waiting:
            async with self._under_way:
                if run.failure:
                    return
                await self._send_one(far, delivery, facts, run)

    async def _send_one(self, far: Far, delivery: Delivery, facts: InstanceFacts, run: Run) -> None:
        """Send one; what is wrong with it alone is its own."""
        uid = facts.sop_instance_uid
        uids = (facts.study_instance_uid, facts.series_instance_uid, uid)
        try:
            name = self._settings.prefix + name_of(self._settings.layout, *uids)
            file = await self._host.instances.open(uid)
        except UIDError as error:
            run.leave(uid, DeliveryOutcome.REFUSED, str(error))
            return
        except HostError as error:
            run.leave(uid, DeliveryOutcome.AGAIN, str(error))
            return
        try:
            with file:
                await send(
                    far,
                    self._settings,
                    name,
                    file,
                    facts.size_bytes,
                    looks_first=delivery.attempt > 1,
                )
        except (IncompleteError, OSError) as error:
            run.leave(uid, DeliveryOutcome.AGAIN, str(error))
        except FarError as error:
            self._failed(error, uid, run)
        else:
            run.delivered(uid)

    def _failed(self, error: FarError, uid: str, run: Run) -> None:
        """What the server would say of any object is no fault of this one."""
        if error.fault is FarFault.TOO_LARGE:
            run.leave(uid, DeliveryOutcome.REFUSED, self._said(error))
        elif error.is_of_object:
            run.leave(uid, DeliveryOutcome.AGAIN, self._said(error))
        else:
            run.failure = run.failure or self._said(error)

    def _said(self, error: FarError) -> str:
        return f"bucket {self._settings.bucket}: {error.sentence}"

    async def _opened(self) -> Far:
        """The client, anew when the file with the keys has changed.

        Raises:
            FarError: the settings cannot be used now.
        """
        keys_as_of = await anyio.to_thread.run_sync(self._changed_at)
        if self._far is None or keys_as_of != self._keys_as_of:
            self._far = await anyio.to_thread.run_sync(self._open)
            self._keys_as_of = keys_as_of
        return self._far

    def _open(self) -> Far:
        encryption = Encryption(self._settings.encryption, self._settings.kms_key_id)
        try:
            return open_far(self._settings, retries=self._retries, encryption=encryption)
        except OSError as error:
            raise FarError(FarFault.DOWN, f"ca_file: {error.strerror}") from None

    def _changed_at(self) -> int:
        path = self._settings.credentials_file
        try:
            return 0 if path is None else path.stat().st_mtime_ns
        except OSError as error:
            raise FarError(FarFault.DOWN, f"credentials_file: {error.strerror}") from None

    async def _note(self, run: Run) -> None:
        note = run.note()
        if note is not None:
            await self._host.audit.append(note)
