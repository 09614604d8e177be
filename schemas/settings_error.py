"""Wrong settings, told in lines that a person can act on."""

from pydantic import ValidationError

_SECRET = ("token", "secret", "password", "tenant")


class InvalidSettings(Exception):
    """Settings that can't be used: one line each, with the key and what would be right."""

    def __init__(self, *lines: str) -> None:
        """`lines` hold no secret."""
        super().__init__("; ".join(lines))
        self.lines = lines


def lines(error: ValidationError, source: str) -> list[str]:
    """Name each wrong key with its value (secrets masked) and what would be right."""
    return [_line(dict(found), source) for found in error.errors(include_url=False)]


def _line(found: dict[str, object], source: str) -> str:
    steps = found["loc"]
    place = _place(steps if isinstance(steps, tuple) else ())
    message = str(found["msg"]).removeprefix("Value error, ")
    message = (message[:1].lower() + message[1:]).replace("valid tuple", "list")
    if found["type"] == "extra_forbidden":
        return f"{source}: {place}: no such setting"
    if found["type"] in {"missing", "target"}:
        return f"{source}: {place}: {message}"
    return f"{source}: {place}: {_shown(place, found.get('input'))}: {message}"


def _place(steps: tuple[object, ...]) -> str:
    place = ""
    for step in steps:
        place += f"[{step}]" if isinstance(step, int) else f"{'.' if place else ''}{step}"
    return place or "settings"


def _shown(place: str, value: object) -> str:
    if any(word in place.lower() for word in _SECRET):
        return "***"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits a line
