"""Hooks about pixels: codecs, of which the core has none."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.transcoder import Transcoder


@specification(Kind.PROVIDER, Policy.CLOSED, deadline_s=30, since="0.1", answers=(object,))
def pacsd_transcoder(name: str) -> Transcoder | None:
    """Give a codec: what puts objects into a Transfer Syntax.

    Asked for all lossless Transfer Syntaxes (`pacsd.api.transcoder.TARGETS`) together, each once,
    when the daemon starts, and again after a reload. Objects that a peer or a client of DICOMweb
    does not take as they are stored, nor in another uncompressed encoding, are transcoded on their
    way out, where a transcoder takes the Transfer Syntax they are stored in. What is stored stays
    as it is. A name that two plugins answer for, or one that fails, counts as one that nobody
    answers for, and is asked for again after a minute; the log says so. What is to leave does not
    wait for that, but a few seconds for the first answers.

    Args:
        name: the UID of the Transfer Syntax that objects are to be put into.

    Returns:
        A transcoder that is ready to be used until the plugin is shut down, which waits for what is
        in its hands; None when it has none for that Transfer Syntax.
    """
