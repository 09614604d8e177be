import pytest

from consumer.extract.export import unwrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"note": "n", "record": {"a": 1e999}}', (b'{"a": Infinity}', "n")),
        (b'{"record": {"a": 18446744073709551616}}', (b'{"a": 18446744073709551616}', "")),
        (b'{"record": 5, "note": 6}', (b"5", "")),
        (b'{"user": {}, "record": {}}', (b'{"user": {}, "record": {}}', "")),
        (b'{"record": ', (b'{"record": ', "")),
        (b'{"a": "record"}', (b'{"a": "record"}', "")),
        (b'\xef\xbb\xbf{"record": {"a": 1}}', (b'{"a": 1}', "")),
        (rb'{"record": {"a": "\ud83d"}}', ('{"a": "\ufffd"}'.encode(), "")),
        (b'["record"]', (b'["record"]', "")),
    ],
    ids=repr,
)
def test_a_record_is_taken_out_of_its_wrapper(text: bytes, expected: tuple[bytes, str]) -> None:
    assert unwrapped(text) == expected
