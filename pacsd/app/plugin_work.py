"""The durable work of plugins put together: their events and jobs, routes and models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pacsd.app import ai_wiring, route_wiring
from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.app.plugins import durable_work
from pacsd.app.plugins.jobs import JOB_KIND
from pacsd.app.route_wiring import RoutePeers
from pacsd.jobs.consumer import Consumer
from pacsd.jobs.outcomes import Handler
from pacsd.jobs.target_gates import TargetGates


@dataclass(frozen=True, slots=True)
class PluginWork:
    """Who runs their jobs, by kind, and who takes events for them as they are now.

    `gates` know which queues are shut.
    """

    handlers: Mapping[str, Handler]
    consumers: Callable[[], tuple[Consumer, ...]]
    gates: TargetGates


def make_plugin_work(config: Config, archive: Archive, peers: RoutePeers) -> PluginWork:
    """The work of the plugins of an archive; `peers` are those that routes name."""
    gates = route_wiring.target_gates(config)
    inference = ai_wiring.inference_of(archive)

    def consumers() -> tuple[Consumer, ...]:
        return (
            *durable_work.consumers_of(archive.hooks),
            *route_wiring.route_consumers(config, archive),
            *inference.consumers,
        )

    handlers = {
        JOB_KIND: durable_work.job_handler(archive.hooks),
        **route_wiring.delivery_handlers(config, archive, peers, gates),
        **inference.handlers,
    }
    return PluginWork(handlers, consumers, gates)
