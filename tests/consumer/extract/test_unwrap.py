import pytest

from consumer.extract.export import Unwrapped, unwrapped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"note": "n", "record": {"a": 1e999}}', Unwrapped(b'{"a": Infinity}', "n")),
        (b'{"record": {"a": 18446744073709551616}}', Unwrapped(b'{"a": 18446744073709551616}')),
        (b'{"record": 5, "note": 6}', Unwrapped(b"5")),
        (b'{"user": {}, "record": {}}', Unwrapped(b'{"user": {}, "record": {}}')),
        (b'{"record": ', Unwrapped(b'{"record": ')),
        (b'{"a": "record"}', Unwrapped(b'{"a": "record"}')),
        (b'\xef\xbb\xbf{"record": {"a": 1}}', Unwrapped(b'{"a": 1}')),
        (rb'{"record": {"a": "\ud83d"}}', Unwrapped('{"a": "\ufffd"}'.encode())),
        (b'["record"]', Unwrapped(b'["record"]')),
    ],
    ids=repr,
)
def test_a_record_is_taken_out_of_its_wrapper(text: bytes, expected: Unwrapped) -> None:
    assert unwrapped(text) == expected
