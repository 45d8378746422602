"""Hooks about keys."""

from pacsd.api.hook_facts import Kind, Policy, specification
from pacsd.api.keys import Key


@specification(
    Kind.PROVIDER, Policy.CLOSED, deadline_s=10, since="0.1", answers=(Key,), is_secret=True
)
def pacsd_key(name: str) -> Key | None:
    """Give a key that plugins ask for by `host.keys.get`.

    Asked when somebody asks for the name, at most every 60 seconds as long as it is answered, and
    anew after each `pacsd reload`: so a key is exchanged by answering another one, with another
    `key_id`. All plugins are asked. Whoever wants a key that two answer for, or nobody, gets none;
    nor when one of those asked raises or is late. A provider may need keys of others, but not in a
    circle. The answer is kept in memory only, and in no log. Of what an implementation raises only
    the class is told, whatever it is, so that no secret gets anywhere by its text. The text of a
    KeyRefused is told, and that of the KeyMissing which `host.keys.get` raises: whoever raises one
    of these with words of its own answers for them.

    Args:
        name: the key asked for; what names mean plugins agree on.

    Returns:
        The key as it is now; None when the name is another's.
    """
