from structlog.testing import capture_logs

from consumer.watch.metrics import Metrics
from consumer.watch.report import credentials_changed


def test_what_became_of_new_credentials_is_logged_and_counted() -> None:
    metrics = Metrics()

    with capture_logs() as told:
        credentials_changed(metrics, "KAFKA_SSL_KEY_FILE", "of another certificate")
        credentials_changed(metrics, "KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE", "")

    assert [(one["log_level"], one["event"], one["setting"]) for one in told] == [
        ("warning", "kafka.credentials_unusable", "KAFKA_SSL_KEY_FILE"),
        ("info", "kafka.credentials_renewed", "KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE"),
    ]
    text = metrics.text().decode()
    for result in ("renewed", "unusable"):
        assert f'hull_planhat_kafka_credentials_total{{result="{result}"}} 1.0' in text
