"""A plugin that asks its Host for everything there is."""

import traceback

from pacsd.api.acceptance import AssociationRequest, Refusal
from pacsd.api.hooks import hookimpl
from pacsd.api.host import HostError
from pacsd.api.plugin import Plugin
from pacsd.api.settings import Settings
from pacsd.testing.host_contract import check_host


class Keeping(Plugin[Settings]):
    @hookimpl
    async def pacsd_association_requested(self, request: AssociationRequest) -> Refusal:
        try:
            if request.called_ae == "PACSD":
                await check_host(self.host)
            else:
                await self.host.values.put("", b"")
                await self.host.instances.header(request.called_ae)
        except HostError as error:
            return Refusal(1, 1, 1, f"refused: {error}")
        except AssertionError:
            return Refusal(1, 1, 1, traceback.format_exc())
        return Refusal(1, 1, 1, "all is well")
