"""An association we request: the SCU's side of one connection.

`open_association` connects and negotiates; the `RequestedAssociation` it gives performs one
operation at a time for whoever holds it, and is released, or aborted, at the end.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import anyio

from pacsd.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsd.dicom.registry import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    uid_name,
)
from pacsd.dimse.commands import CEchoRQ, Request, Response
from pacsd.dimse.events import Event, RequestReceived, ResponseReceived
