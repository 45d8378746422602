"""DELETE of a study, a series or an instance: out of sight, not out of the store.

PS3.18 has no such transaction; dcm4chee and others answer it like this. What was deleted can be
brought back with `pacsd restore-deleted` until it is purged.
"""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp.web import Response

from pacsd.api.errors import StoreError
from pacsd.archive.removal import NoSuchEntity, NotRemovable, RemovalDenied
from pacsd.archive.sight import EVERYTHING
from pacsd.dicom.text import printable
from pacsd.dicomweb.delete_parameters import REASON, delete_reason
from pacsd.dicomweb.errors import BadRequest
from pacsd.net.web.exchange import Exchange, Unavailable, problem
from pacsd.net.web.guard import may_change
from pacsd.net.web.selection import Retrieves, not_there, selected

DEFAULT_REASON = "deleted over DICOMweb"

Delete = Callable[[str, str, str, str, str], Awaitable[int]]
"""Deletes by UIDs of study, series ('' for all) and instance ('' for all), reason and actor."""


class DeleteDesk:
    """Answers requests to delete. `is_open`: whoever reaches us may; else who has logged in.

    Nobody deletes what it does not see, all of it.
    """

    def __init__(self, delete: Delete, retriever: Retrieves, *, is_open: bool) -> None:
        self._delete = delete
        self._retriever = retriever
        self._is_open = is_open

    async def answer(self, exchange: Exchange) -> Response:
        """Take it out of sight; `reason` in the query component says why.

        Raises:
            DicomWebError: it is not there, the reason is none, or the query has something else.
            FindError: the index fails.
            Unavailable: the store fails.
        """
        if not may_change(exchange.principal, is_open=self._is_open):
            text = "beyond loopback only who has logged in may delete"
            return problem(403, text, exchange.allowed)
        target = exchange.target
        given = delete_reason(exchange.query)
        reason = DEFAULT_REASON if given is None else given
        actor = f"dicomweb {printable(exchange.user or exchange.client)}"
        uids = (target.study_instance_uid, target.series_instance_uid, target.sop_instance_uid)
        if exchange.sight.is_restricted:
            seen = await selected(self._retriever, target, exchange.sight)
            if seen != await selected(self._retriever, target, EVERYTHING):
                raise not_there(target)
        try:
            count = await self._delete(*uids, reason, actor)
        except NoSuchEntity:
            raise not_there(target) from None
        except NotRemovable as error:
            raise BadRequest(REASON, reason, str(error)) from error
        except RemovalDenied as error:
            return problem(403, str(error), exchange.allowed)
        except StoreError as error:
            raise Unavailable(f"it is not deleted: {error.fault}") from error
        return _deleted(exchange, count)


def _deleted(exchange: Exchange, count: int) -> Response:
    body = orjson.dumps({"deleted_instances": count}) + b"\n"
    return exchange.plain(body)
