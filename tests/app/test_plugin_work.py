from collections.abc import Sequence
from pathlib import Path

from pacsd.app.conf.settings import Config
from pacsd.app.opening import Archive
from pacsd.app.plugin_work import make_plugin_work
from pacsd.app.route_wiring import RoutePeers
from pacsd.archive.access import Access
from pacsd.archive.commitments import SafeAnswer, Sent
from pacsd.archive.finding import QueryLimits
from pacsd.archive.retrieval import Retriever
from pacsd.index.index import open_index
from pacsd.net.destination_places import DestinationPlaces
from pacsd.net.peer_target import PeerSending
from pacsd.net.peers import PeerBook
from pacsd.net.scu import Timeouts
from pacsd.net.settings import DimseSettings
from pacsd.testing.hook_recorder import HookRecorder
from pacsd.testing.memory_store import MemoryStore
from pacsd.testing.object_home import ObjectHome
from tests.api.hookspecs.hooks_of import hooks_of


class NobodyAsked:
    async def ask(
        self, peer_ae: str, sent: Sequence[Sent], wait_s: float, /
    ) -> Sequence[SafeAnswer]:
        raise AssertionError(peer_ae, sent, wait_s)


async def test_who_takes_events_follows_a_reload(tmp_path: Path) -> None:
    hooks, store = hooks_of(), MemoryStore()
    async with open_index(tmp_path, now_us=lambda: 1) as index:
        sending = PeerSending(
            Retriever(store, index, QueryLimits()),
            peers=PeerBook,
            timeouts=Timeouts.of(DimseSettings()),
            access=Access(index, lambda *_: None),
            calling_ae="PACSD",
            places=DestinationPlaces(),
        )
        peers = RoutePeers(sending, NobodyAsked())
        work = make_plugin_work(Config(), Archive(hooks, store, index), peers)
        assert {*work.handlers} == {"plugin", "deliver", "infer", "persist"}
        assert work.consumers() == ()
        hooks.replace({"acme": ObjectHome("acme", HookRecorder())}, ())
        assert {each.name for each in work.consumers()} == {
            *("plugin:acme", "route:acme", "infer:acme")
        }
