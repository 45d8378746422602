"""Telling systemd how the daemon is: sd_notify(3) and the watchdog, without its library."""

import os
import socket
import time
from collections.abc import Mapping
from typing import Self


class Notifier:
    """Sends to systemd's socket. Never raises: that nobody listens does not stop a PACS.

    Args:
        address: NOTIFY_SOCKET; "" outside systemd, then nothing is ever sent.
        watchdog_interval_s: how often to call `watchdog`; None when systemd does not want it.
    """

    def __init__(self, address: str = "", watchdog_interval_s: float | None = None) -> None:
        self.watchdog_interval_s = watchdog_interval_s
        # '@' stands for the NUL of an abstract address; other kinds (vsock) are for machines.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._is_on = address.startswith(("@", "/"))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The notifier of this process, off when systemd did not start it."""
        environ = os.environ if environ is None else environ
        return cls(environ.get("NOTIFY_SOCKET", ""), _watchdog_interval_s(environ))

    def ready(self) -> None:
        """The daemon serves, or does so again after a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload has begun; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The shutdown has begun."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows; a line break would begin another assignment."""
        self._send(f"STATUS={' '.join(text.splitlines())}")

    def watchdog(self) -> None:
        """The daemon is alive."""
        self._send("WATCHDOG=1")

    def _send(self, assignments: str) -> None:
        if not self._is_on:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(assignments.encode("utf-8", "replace"), self._address)
        except OSError:
            return


def _watchdog_interval_s(environ: Mapping[str, str]) -> float | None:
    """Half of what systemd waits for (sd_watchdog_enabled(3)); None if it is not for us."""
    timeout = environ.get("WATCHDOG_USEC", "")
    process = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not (timeout.isascii() and timeout.isdigit() and int(timeout)):
        return None
    return int(timeout) / 2_000_000 if process == str(os.getpid()) else None
