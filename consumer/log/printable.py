"""Text from outside, fit for a terminal: no sign in it can move the cursor or change colours."""


def printable(text: str) -> str:
    """Return the text with everything that is no visible sign written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
