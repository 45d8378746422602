"""What an operator can do about a refused association: which key, in which file, for example."""

from collections.abc import Callable
from dataclasses import dataclass

from pacsd.app.conf_docs import toml_value
from pacsd.dicom.ae_title import is_valid_ae_title
from pacsd.net.recorder import Refusal

_MORE = "# a number larger than now"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do; `toml` is what to put into the file, '' when no key helps."""

    text: str
    in_peers_file: bool = False
    toml: str = ""


def advise(refusal: Refusal) -> Advice:
    """Say what would let this caller in."""
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


def _wrong_address(refusal: Refusal) -> Advice:
    return Advice(
        "Somebody may be using a known AE title. If it is the peer itself, let it call from this "
        "address: add it to those in the peer's table.",
        in_peers_file=True,
        toml=_peer(refusal, f"addresses = {toml_value([refusal.peer_address])}"),
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


_BY_KEY: dict[str, Callable[[Refusal], Advice]] = {
    "ae.title": _unknown_called_ae,
    "peer.ae_title or dimse.unknown_peers": _unknown_peer,
    "peer.addresses": _wrong_address,
    "ae.calling_ae_titles": _not_listed_by_ae,
    "peer.called_ae_titles": _not_listed_by_peer,
    "dimse.max_associations": _all_places_taken,
    "dimse.max_associations_per_peer": _peer_has_too_many,
    "peer.max_associations": _this_peer_has_too_many,
    "ae.max_associations": _ae_has_too_many,
}
