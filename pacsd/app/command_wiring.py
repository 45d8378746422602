"""The commands that a daemon does, put together, and the long work that they may want."""

from collections.abc import Mapping
from functools import partial

from pacsd.app.admin.correction_commands import CorrectionCommands
from pacsd.app.admin.deletion_commands import DeletionCommands
from pacsd.app.admin.delivery_commands import DeliveryCommands
from pacsd.app.admin.errands import Arguments, Begin, Errands
from pacsd.app.admin.index_commands import index_commands
from pacsd.app.admin.job_commands import JobCommands
from pacsd.app.admin.plugin_commands import plugin_commands
from pacsd.app.admin.quarantine_commands import QuarantineCommands
from pacsd.app.admin.rule_commands import RuleCommands
from pacsd.app.admin.run_commands import run_commands
from pacsd.app.admin.target_commands import TargetCommands
from pacsd.app.admin.unix_socket import Command
from pacsd.app.archive_wiring import WayIn
from pacsd.app.checking import CheckErrand
from pacsd.app.clock import utc_us
from pacsd.app.conf.settings import Config
from pacsd.app.errand_log import tell_ended
from pacsd.app.export_selection import EXPORT_LIMITS, Selection, request_of
from pacsd.app.exporting import ExportErrand
from pacsd.app.importing import ImportErrand, paths_of
from pacsd.app.ingest_log import tell_not_noted
from pacsd.app.job_running import JobRunning
from pacsd.app.opening import Archive
from pacsd.app.plugins.commands import run_command
from pacsd.app.plugins.health import PluginHealth
from pacsd.app.plugins.route_checks import RouteChecks
from pacsd.app.plugins.route_work import rules_plugins
from pacsd.app.plugins.surfaces import Surfaces
from pacsd.app.purging import keep_us
from pacsd.app.route_wiring import own_targets, route_trials
from pacsd.app.rule_replay import RuleReplay
from pacsd.archive.access import Access
from pacsd.archive.curation import Curation
from pacsd.archive.finding import Finder
from pacsd.archive.removal import Removal
from pacsd.archive.retrieval import Retriever
from pacsd.archive.stored_headers import StoredHeaders
from pacsd.net.peer_target import PeerSending


def make_commands(
    config: Config,
    archive: Archive,
    curation: Curation,
    removal: Removal,
    jobs: JobRunning,
    sending: PeerSending,
) -> dict[str, Command]:
    """The commands of the admin socket about what is archived, and about durable work."""
    return {
        **QuarantineCommands(archive.store, archive.index, curation).by_name(),
        **CorrectionCommands(archive.index, curation).by_name(),
        **DeletionCommands(archive.index, removal, keep_us(config)).by_name(),
        **index_commands(archive.index),
        **JobCommands(archive.index.jobs, jobs.workers).by_name(),
        **DeliveryCommands(archive.index.ledger, jobs.gates).by_name(),
        **TargetCommands(archive.index, jobs.pauses, jobs.gates).by_name(),
        **_rule_commands(config, archive, sending),
    }


def _rule_commands(config: Config, archive: Archive, sending: PeerSending) -> dict[str, Command]:
    """Those about the rules by which something is routed."""
    checks = RouteChecks(archive.hooks, own_targets(config, sending))
    plugins = partial(rules_plugins, archive.hooks)
    return RuleCommands(route_trials(archive), checks.missing, plugins, utc_us).by_name()


def make_plugin_commands(
    archive: Archive, plugin_health: PluginHealth, surfaces: Surfaces
) -> dict[str, Command]:
    """Those about plugins, and those that plugins have added."""
    return {
        **plugin_commands(archive.tally, plugin_health.now),
        **run_commands(lambda: surfaces.commands, partial(run_command, archive.hooks)),
    }


def make_errands(
    config: Config, archive: Archive, way_in: WayIn, only_daemons: Mapping[str, Begin]
) -> Errands:
    """The long work that commands may want of a daemon; `only_daemons`: of nobody else."""
    kinds = {**errand_kinds(config, archive, way_in, is_in_use=True), **only_daemons}
    return Errands(kinds, tell_ended=tell_ended)


def errand_kinds(
    config: Config, archive: Archive, way_in: WayIn, *, is_in_use: bool
) -> dict[str, Begin]:
    """The long work that commands may want; `is_in_use`: a daemon uses the archive meanwhile."""

    def check(arguments: Arguments) -> CheckErrand:
        with_digests = arguments.get("with_digests") is True
        return CheckErrand(
            config, archive, way_in.register, with_digests=with_digests, is_in_use=is_in_use
        )

    def import_files(arguments: Arguments) -> ImportErrand:
        return ImportErrand(paths_of(arguments), way_in.ingest)

    def export(arguments: Arguments) -> ExportErrand:
        store, index = archive.store, archive.index
        finder = Finder(index, StoredHeaders(store, index), EXPORT_LIMITS)
        retriever = Retriever(store, index, EXPORT_LIMITS)
        selection = Selection(finder, retriever, index)
        access = Access(index, tell_not_noted)
        request = request_of(arguments)
        return ExportErrand(request, selection, retriever, access, way_in.log.not_corrected)

    def replay(arguments: Arguments) -> RuleReplay:
        return RuleReplay(arguments, route_trials(archive), archive.index.recent_studies)

    return {"check": check, "import": import_files, "export": export, "replay": replay}
