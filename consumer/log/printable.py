"""Text from outside, fit for a terminal: no sign in it can move the cursor or change colours."""

import json


def printable(text: str) -> str:
    """Return the text with everything that is no visible sign written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def printable_json(text: str) -> str:
    """Return the same JSON, laid out alike; what is no visible sign stands as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else _in_json(char) for char in text)


def _in_json(char: str) -> str:
    return f"\\u{ord(char):04x}" if char.isascii() else json.dumps(char)[1:-1]
