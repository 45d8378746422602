"""One object in the hands of a codec, in a thread.

The thread cannot be ended. So its files are closed there, when the codec has returned, whoever
still waits for it: a descriptor closed under a codec might be another file's by its next write.
"""

import threading
from collections.abc import Callable
from typing import BinaryIO

from pacsd.api.transcoder import Transcoder, TranscodingError
from pacsd.app.plugins.transcoded_file import Expected, TranscodedFile, checked
from pacsd.dicom.text import printable
from pacsd.net.transcoding import NotTranscoded

_REASON_CHARS = 256


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

    def run(self) -> TranscodedFile | None:
        """Have it transcoded; None if it was abandoned before. For the thread.

        Raises:
            NotTranscoded: it cannot be had so.
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
            self._transcoder.transcode(source, target)
        except TranscodingError as error:
            raise NotTranscoded(printable(str(error), _REASON_CHARS)) from error
        except BaseException as error:
            # A plugin's may be anything, and its text hold anything: of an image, too.
            raise NotTranscoded(f"the codec raised {type(error).__name__}") from error
        if target.closed:
            raise NotTranscoded("the codec closed its file")
        return checked(target, self._expected)

    def _end(self) -> None:
        self._is_over = True
        for file in self._files:
            file.close()
        self._returned()
