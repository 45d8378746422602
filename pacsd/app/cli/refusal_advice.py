"""What an operator can do about a refused association: which key, in which file, for example."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pacsd.app.conf.docs import toml_value
from pacsd.dicom.ae_title import is_valid_ae_title
from pacsd.net.recorder import Refusal

AddressesOf = Callable[[str], Sequence[str]]

_MORE = "# a number larger than now"
_LESS = "# a number smaller than now"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do; `toml` is what to put into the file, '' when no key helps."""

    text: str
    in_peers_file: bool = False
    toml: str = ""


def advise(refusal: Refusal, may_call_from: AddressesOf = lambda _: ()) -> Advice:
    """Say what would let this caller in.

    Args:
        refusal: what the daemon remembers.
        may_call_from: the addresses from which the peer of an AE title may call now, as far as
            they are known; asked only when the advice needs them.
    """
    if refusal.key == "peer.addresses":
        return _wrong_address(refusal, may_call_from)
    advice = _BY_KEY.get(refusal.key)
    if advice is None:
        return Advice("No setting of pacsd changes this: see why, and look at the caller.")
    return advice(refusal)


def _unknown_called_ae(refusal: Refusal) -> Advice:
    if not is_valid_ae_title(refusal.called_ae):
        return Advice("What it calls cannot be an AE title: correct the called AE in the caller.")
    return Advice(
        "Correct the called AE title in the caller, or add this one to ours. If no [[ae]] stands "
        'in the file yet, pacsd answers to "PACSD" only by default: give that one a table too.',
        toml=f"[[ae]]\ntitle = {toml_value(refusal.called_ae)}",
    )


def _unknown_peer(refusal: Refusal) -> Advice:
    return Advice(
        "If this caller is welcome, make it a known peer. (Or welcome every caller of this "
        'machine or of all with dimse.unknown_peers = "loopback" or "accept".)',
        in_peers_file=True,
        toml=_peer(refusal, f"addresses = {toml_value([refusal.peer_address])}"),
    )


def _wrong_address(refusal: Refusal, may_call_from: AddressesOf) -> Advice:
    known = may_call_from(refusal.calling_ae)
    addresses = list(dict.fromkeys((*known, refusal.peer_address)))
    return Advice(
        "Somebody may be using a known AE title. If it is the peer itself, let it call from this "
        "address, too: write into the peer's table all that it may call from. (Addresses take the "
        "place of the host's own; name these as well.)",
        in_peers_file=True,
        toml=_peer(refusal, f"addresses = {toml_value(addresses)}"),
    )


def _unresolved_host(refusal: Refusal) -> Advice:
    return Advice(
        "peer.host does not resolve: pacsd found no address of that name, so nobody may call under "
        "this AE title. When the name service answers again, `pacsd reload`. Or, if this caller is "
        "the peer itself, write its IP address in place of the name.",
        in_peers_file=True,
        toml=_peer(refusal, f"host = {toml_value(refusal.peer_address)}"),
    )


def _sent_nothing(_: Refusal) -> Advice:
    return Advice(
        "Most often this is no DICOM peer: a port scan, a load balancer's check, a caller that "
        "waits for TLS. If it is a peer that is only slow, give it more time.",
        toml=f"[dimse]\nartim_timeout_s = 60 {_MORE}",
    )


def _not_listed_by_ae(refusal: Refusal) -> Advice:
    callers = f"calling_ae_titles = {toml_value([refusal.calling_ae])}"
    return Advice(
        "Add the caller to those in the table of the called AE title.",
        toml=f"[[ae]]\ntitle = {toml_value(refusal.called_ae)}\n{callers}",
    )


def _not_listed_by_peer(refusal: Refusal) -> Advice:
    return Advice(
        "Add the called AE title to those in the peer's table.",
        in_peers_file=True,
        toml=_peer(refusal, f"called_ae_titles = {toml_value([refusal.called_ae])}"),
    )


def _store_is_nearly_full(_: Refusal) -> Advice:
    return Advice(
        "The store is nearly full: make room on its disk. Who stores already may go on until "
        "store.min_free_bytes is reached; callers come back by themselves. Only if the disk shall "
        "run fuller than that:",
        toml=f"[store]\nmin_free_bytes = 100_000_000 {_LESS}",
    )


def _all_places_taken(_: Refusal) -> Advice:
    return Advice(
        "See `pacsd associations list` for who holds them. The caller may try again; to have more "
        "at once, change the number. Some places are kept for known peers "
        "(dimse.reserved_associations).",
        toml=f"[dimse]\nmax_associations = 2000 {_MORE}",
    )


def _peer_has_too_many(_: Refusal) -> Advice:
    return Advice(
        "See `pacsd associations list` for what it does with them. It may try again; to allow "
        "every peer more at once, change the number.",
        toml=f"[dimse]\nmax_associations_per_peer = 200 {_MORE}",
    )


def _this_peer_has_too_many(refusal: Refusal) -> Advice:
    return Advice(
        "See `pacsd associations list` for what it does with them. It may try again; to allow "
        "this peer more at once, change the number in its table.",
        in_peers_file=True,
        toml=_peer(refusal, f"max_associations = 20 {_MORE}"),
    )


def _ae_has_too_many(refusal: Refusal) -> Advice:
    title = f"title = {toml_value(refusal.called_ae)}"
    return Advice(
        "See `pacsd associations list` for who holds them. The caller may try again; to have more "
        "at once to this AE title, change the number in its table.",
        toml=f"[[ae]]\n{title}\nmax_associations = 200 {_MORE}",
    )


def _peer(refusal: Refusal, line: str) -> str:
    return f"[[peer]]\nae_title = {toml_value(refusal.calling_ae)}\n{line}"


def _plugin(_: Refusal) -> Advice:
    return Advice(
        "A plugin refused it, or failed to decide. Our log names it (`a plugin said no`, `hook "
        "failed`), and so does `pacsd plugins trace` while it happens. What it goes by stands in "
        "its table, [plugins.NAME]."
    )


_BY_KEY: dict[str, Callable[[Refusal], Advice]] = {
    "ae.title": _unknown_called_ae,
    "peer.ae_title or dimse.unknown_peers": _unknown_peer,
    "peer.host": _unresolved_host,
    "ae.calling_ae_titles": _not_listed_by_ae,
    "peer.called_ae_titles": _not_listed_by_peer,
    "dimse.artim_timeout_s": _sent_nothing,
    "dimse.max_associations": _all_places_taken,
    "dimse.max_associations_per_peer": _peer_has_too_many,
    "peer.max_associations": _this_peer_has_too_many,
    "ae.max_associations": _ae_has_too_many,
    "store.min_free_bytes": _store_is_nearly_full,
    "plugins": _plugin,
}
