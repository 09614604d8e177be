"""Reads the text of a settings file: YAML, and so JSON too."""

import yaml

from schemas.settings_error import InvalidSettings


def read_settings(text: str, source: str) -> dict[str, object]:
    """Return the keys and values; raises InvalidSettings if the text is no mapping of keys."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise InvalidSettings(f"{source}: not YAML or JSON{place}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidSettings(f"{source}: must be a mapping of settings to values")
    inner = document.get("private_settings")
    found = inner if isinstance(inner, dict) and len(document) == 1 else document
    return {str(key): value for key, value in found.items()}
