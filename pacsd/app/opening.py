"""An archive opened: the plugins started, the store found, the index brought up to it.

For the daemon, and for a command that works on the data directory while no daemon runs.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import structlog

from pacsd.api.dispatch.tally import Tally
from pacsd.api.errors import StoreError
from pacsd.api.store import BlobStore
from pacsd.app import extra_tags, index_folder, indexing, stores_found
from pacsd.app.answer_log import AnswerLog
from pacsd.app.clock import utc_us
from pacsd.app.conf.checks import Checked
from pacsd.app.conf.settings import Config
from pacsd.app.plugins import callers
from pacsd.app.plugins.beside import tasks_beside
from pacsd.app.plugins.copy_place import CopyPlace
from pacsd.app.plugins.hooks import Hooks
from pacsd.app.plugins.life import Locate, Plugins
from pacsd.app.plugins.loading import load
from pacsd.app.plugins.reloading import Exchange
from pacsd.app.plugins.services import HostServices
from pacsd.app.plugins.stored_instances import StoredInstances
from pacsd.archive.extra_tags import ExtraTags, TaggingRegister
from pacsd.archive.state_records import StateRecordError
from pacsd.index.errors import IndexFault
from pacsd.index.index import Index
from pacsd.index.records import ExtraTag


class StartError(Exception):
    """It cannot be opened or started; the text says why."""


class IndexStartError(StartError):
    """Nor can it be at the next try: first somebody has to make the index anew."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What is open: the index is that of the store, which may be several together.

    The index keeps `extra_tags` beside the usual ones.

    `taking_in` is held while files are taken in that the index does not know, or removed; `tally`
    is that of the hooks; `services` are what plugins ask for. `exchange` exchanges plugins; where
    that is None they stay.
    """

    hooks: Hooks
    store: BlobStore
    index: Index
    extra_tags: tuple[ExtraTag, ...] = ()
    taking_in: anyio.Lock = field(default_factory=anyio.Lock)
    tally: Tally = field(default_factory=Tally)
    services: HostServices = field(default_factory=lambda: HostServices(utc_us))
    exchange: Exchange | None = None

    @property
    def register(self) -> TaggingRegister:
        """The index for those who put instances into it."""
        return TaggingRegister(self.index, ExtraTags(self.extra_tags))


@asynccontextmanager
async def opened(checked: Checked, data_dir: Path) -> AsyncIterator[Archive]:
    """Open the archive in a data directory, which is locked by us.

    Raises:
        StartError, PluginError, HookError, ConfigErrors: it cannot be opened.
    """
    services = HostServices(utc_us)

    def loaded_of(config: Config, locate: Locate) -> Plugins:
        return load(config, data_dir, structlog.get_logger, services=services, locate=locate)

    loaded = loaded_of(checked.config, checked.sources.error)
    loaded.on_answer = answer_log = AnswerLog(structlog.get_logger("plugins"))
    problems = await anyio.to_thread.run_sync(loaded.check)
    if problems:
        raise StartError("\n".join(map(str, problems)))
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(tasks_beside())
        tasks.start_soon(answer_log.run, name="answers of plugins")
        stack.push_async_callback(loaded.stop)
        await loaded.start(tasks)
        services.give_keys(loaded.hooks.key)
        stores = await stores_found.found(loaded.hooks, checked.config.store)
        exchange = Exchange(loaded, loaded_of)
        yield await _with_index(stack, checked, data_dir, exchange, stores, services)


async def _with_index(
    stack: AsyncExitStack,
    checked: Checked,
    data_dir: Path,
    exchange: Exchange,
    stores: Mapping[str, BlobStore],
    services: HostServices,
) -> Archive:
    """Open the index, which the stack closes, and bring it up to settings and stores.

    Plugins have their services by then: they may be asked about what a crash left over.

    Raises:
        StartError: that does not work.
    """
    config = checked.config
    with _start_errors(data_dir):
        is_new_index = not await anyio.to_thread.run_sync(index_folder.is_there, data_dir)
        if is_new_index:
            await indexing.check_lost(stores[config.store.name])
        index = await stack.enter_async_context(indexing.opened(config.index, data_dir))
        store = stores_found.together(stores, await index.checks.stores())
        place = CopyPlace(data_dir, config.store.min_free_bytes)
        services.open(index, StoredInstances(store, index, place))
        stack.callback(services.close)
        tags = await extra_tags.chosen(index, config.extra_tag)
        plugins = exchange.plugins
        archive = Archive(
            plugins.hooks,
            store,
            index,
            tuple(tags),
            tally=plugins.tally,
            services=services,
            exchange=exchange,
        )
        is_complete = await indexing.adopt_left_over(
            store,
            config.store.name,
            archive.register,
            callers.instance_received(plugins.hooks)(),
            is_new_index=is_new_index,
        )
        await indexing.catch_up(store, index, is_complete=is_complete)
    return archive


@contextmanager
def _start_errors(data_dir: Path) -> Iterator[None]:
    """Say that the archive cannot be opened, and whether trying again may help."""
    try:
        try:
            yield
        except IndexFault as fault:
            indexing.check_usable(fault, data_dir)
            raise
    except (indexing.IndexUnusable, StateRecordError) as error:
        raise IndexStartError(f"index: {error}") from error
    except (IndexFault, StoreError, OSError) as error:
        raise StartError(f"index: {error}") from error
