"""Who we are to a peer and in a file: implementation identification (PS3.7 section D.3.3.2)."""

from pacsd import __version__

# Derived once from a random UUID (PS3.5 section B.2); it names the software, not a release of it.
IMPLEMENTATION_CLASS_UID = "2.25.125007522599693966915727316676444465873"

# VR SH: at most 16 characters (PS3.7 section D.3.3.2.3).
IMPLEMENTATION_VERSION_NAME = f"PACSD_{__version__.replace('.', '_')}"[:16].upper()
