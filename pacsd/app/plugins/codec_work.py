"""One object in the hands of a codec, in a thread.

The thread cannot be ended. So its files are closed there, when the codec has returned, whoever
still waits for it: a descriptor closed under a codec might be another file's by its next write.
"""

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from pacsd.api.transcoder import Transcoder, TranscodingError
from pacsd.app.plugins.transcoded_file import Expected, TranscodedFile, checked
from pacsd.dicom.text import printable
from pacsd.net.transcoding import NotTranscoded, NotTranscodedNow

_REASON_CHARS = 256
_FULL = {errno.ENOSPC, errno.EDQUOT}


class CodecWork:
    """`files`, source and target, are closed by it; `returned` is called once it is over."""

    def __init__(
        self,
        transcoder: Transcoder,
        files: tuple[BinaryIO, BinaryIO],
        expected: Expected,
        returned: Callable[[], None],
    ) -> None:
        self._transcoder = transcoder
        self._files = files
        self._expected = expected
        self._returned = returned
        self._lock = threading.Lock()
        self._is_begun = False
        self._is_over = False
        self._is_abandoned = False
        self._made: TranscodedFile | None = None
        self._looking = threading.Lock()
        # A descriptor of its own: a codec might close the file, and its number be another one's.
        self._written: int | None = None
        self.excess: NotTranscoded | None = None

    def run(self) -> TranscodedFile | None:
        """Have it transcoded; None if it was abandoned before. For the thread.

        Raises:
            NotTranscoded: it cannot be had so; NotTranscodedNow: what it writes cannot be kept.
        """
        with self._lock:
            if self._is_abandoned:
                return None
            self._is_begun = True
        try:
            made = self._transcoded()
            with self._lock:
                self._made = made
                if self._is_abandoned:
                    made.file.close()
            return made
        finally:
            self._end()

    def look(self, check_room: Callable[[], None]) -> NotTranscoded | None:
        """See what the codec has written, whoever still waits for it; what is too much, and why.

        Of that nothing is kept, each time anew: a codec may go on writing. Blocks. `check_room`
        raises OSError if there is no room for more.
        """
        with self._looking:
            if self._written is None:
                return None
            excess = self._excess_of(self._written, check_room)
            if excess is not None:
                self.excess = self.excess or excess
                os.ftruncate(self._written, 0)
        return excess

    def _excess_of(self, written: int, check_room: Callable[[], None]) -> NotTranscoded | None:
        size, max_bytes = os.fstat(written).st_size, self._expected.max_bytes
        if size > max_bytes:
            most = f"{max_bytes} (transcoding.max_bytes)"
            return NotTranscoded(f"the codec wrote {size} bytes, more than {most}")
        try:
            check_room()
        except OSError as error:
            return NotTranscodedNow(error.strerror or str(error))
        return None

    def abandon(self) -> None:
        """Nobody wants it any more; what it still makes is thrown away."""
        with self._lock:
            self._is_abandoned = True
            if self._made is not None:
                self._made.file.close()
            if self._is_begun or self._is_over:
                return
        self._end()

    def _transcoded(self) -> TranscodedFile:
        source, target = self._files
        try:
            self._written = os.dup(target.fileno())
        except OSError as error:
            raise NotTranscodedNow(error.strerror or str(error)) from error
        try:
            self._transcoder.transcode(source, target)
        except BaseException as error:
            raise self.excess or _judged(error) from error
        if self.excess is not None:
            raise self.excess
        if target.closed:
            raise NotTranscoded("the codec closed its file")
        try:
            return checked(target, self._expected)
        except NotTranscoded:
            raise
        except OSError as error:  # what it wrote last is written only now
            raise NotTranscodedNow(f"what the codec wrote: {error.strerror}") from error

    def _end(self) -> None:
        self._is_over = True
        with self._looking:
            if self._written is not None:
                os.close(self._written)
                self._written = None
        for file in self._files:
            # What could not be written is tried once more; the descriptor is closed all the same.
            with suppress(OSError):
                file.close()
        self._returned()


def _judged(error: BaseException) -> NotTranscoded:
    """What it means that a codec raised this; a full disk is not the object's fault."""
    if _is_for_want_of_room(error):
        return NotTranscodedNow("the disk of data_dir is full")
    if isinstance(error, TranscodingError):
        return NotTranscoded(printable(str(error), _REASON_CHARS))
    # A plugin's may be anything, and its text hold anything: of an image, too.
    return NotTranscoded(f"the codec raised {type(error).__name__}")


def _is_for_want_of_room(error: BaseException) -> bool:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return True
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return False
