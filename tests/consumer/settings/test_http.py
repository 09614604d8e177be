from pathlib import Path

import pytest

from consumer.settings import Settings
from schemas.settings_error import InvalidSettings


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"HTTP_USERNAME": "me"}, "HTTP_USERNAME: set, but HTTP_PASSWORD is not"),
        ({"HTTP_PASSWORD": "pass-word"}, "HTTP_PASSWORD: set, but HTTP_USERNAME is not"),
        (
            {"HTTP_USERNAME": "a:b", "HTTP_PASSWORD": "pass-word"},
            "HTTP_USERNAME: must not hold a colon: basic authentication ends it there",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(environ: dict[str, str], line: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read(environ)

    assert caught.value.lines == (line,)


def test_the_password_may_lie_in_a_file_and_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    http = Settings.read({"HTTP_USERNAME": "me", "HTTP_PASSWORD_FILE": str(file)}).http
    assert http.password is not None
    first = http.password()
    file.write_text("second\n")

    assert (first, http.password()) == ("first", "second")
