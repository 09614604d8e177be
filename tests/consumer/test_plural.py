import pytest

from consumer.wording import plural


@pytest.mark.parametrize(
    ("number", "word"),
    [(0, "companies"), (1, "company"), (2, "companies"), (1.0, "company"), (1.5, "companies")],
)
def test_one_is_one_and_all_else_is_many(number: float, word: str) -> None:
    assert plural(number, "company", "companies") == word


def test_most_words_take_an_s() -> None:
    assert (plural(1, "record"), plural(21, "record")) == ("record", "records")
