"""Text of peers and files, made safe to show to people."""


def printable(value: str, limit: int = 64) -> str:
    r"""A peer's text made safe for one log line: printable ASCII, at most `limit` characters.

    Control, bidirectional and all other non-ASCII characters, and the backslash itself, become
    Python escapes (`\n`, `\x1b`, `\u202e`); what does not fit ends in `...`.
    """
    if len(value) <= limit and value.isascii() and value.isprintable() and "\\" not in value:
        return value
    escaped = value[: limit + 1].encode("unicode_escape").decode("ascii")
    if len(escaped) <= limit:
        return escaped
    return (escaped[: max(limit - 3, 0)] + "...")[:limit]


def visible(value: str) -> str:
    r"""A peer's text for a person's eyes: letters of any script, everything else escaped.

    Control and bidirectional characters and line breaks become Python escapes, as in `printable`,
    so that they move no cursor and turn no text around.
    """
    if value.isprintable():
        return value
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in value
    )
