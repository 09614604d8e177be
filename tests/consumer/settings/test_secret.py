import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from consumer.settings.secret import TokenSource, Unusable


def test_a_text_is_given_without_the_white_space_around_it() -> None:
    assert TokenSource(" secret\n")() == "secret"


@pytest.mark.parametrize("text", ["", " \n", "two\nlines", "nul\x00", "tab\tinside"])
def test_a_text_that_no_header_can_carry_is_refused(text: str) -> None:
    with pytest.raises(Unusable):
        TokenSource(text)


def test_a_new_content_is_taken_up_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    source = TokenSource(path=file)

    file.write_text("new")
    os.utime(file, ns=times)

    assert source() == "new"


def test_a_swapped_link_is_followed(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "token").write_text(f"token-{version}")
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "token").symlink_to("..data/token")
    source = TokenSource(path=tmp_path / "token")
    before = source()

    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").rename(tmp_path / "..data")

    assert (before, source()) == ("token-1", "token-2")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"two\nlines"])
def test_the_last_good_value_stays_while_the_file_is_unusable(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "token"
    file.write_text("good")
    source = TokenSource(path=file)

    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)

    assert source() == "good"


def test_who_watches_is_told_of_each_value_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    source = TokenSource(path=file)
    told: list[str] = []
    source.watch(told.append)

    source()
    file.write_text("two")
    source()
    source()

    assert told == ["one", "two"]


def test_its_text_form_does_not_show_it() -> None:
    assert "secret" not in f"{TokenSource('secret')!r} {TokenSource('secret')}"


def test_a_pipe_that_nobody_writes_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token")

    with pytest.raises(Unusable, match="is empty"):
        TokenSource(path=tmp_path / "token")


def test_a_new_value_and_an_unusable_file_are_told_once_each(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    source = TokenSource(path=file)
    news: list[str] = []
    source.follow(news.append)

    for content in ("", "", "two", "two", "", "two"):
        file.write_text(content)
        source()

    empty = f"{str(file)!r}: the file is empty"
    assert news == [empty, "", empty]


def test_a_secret_of_a_section_is_a_text_or_a_source_and_nothing_else() -> None:
    source = TokenSource("secret")
    adapter = TypeAdapter(TokenSource)

    assert adapter.validate_python(source) is source
    assert adapter.validate_python("secret")() == "secret"
    with pytest.raises(ValidationError, match="must be a text"):
        adapter.validate_python(5)


def test_a_directory_in_the_place_of_a_file_leaves_nothing_open(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("good")
    source = TokenSource(path=file)
    file.unlink()
    file.mkdir()
    before = _next_descriptor()

    value = source()

    assert (value, _next_descriptor()) == ("good", before)


def _next_descriptor() -> int:
    """The lowest that is free."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor
