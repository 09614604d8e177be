"""Why a message is sent or not: the real rules, told step by step. Pure; sends nothing.

explain(value, headers, rules)  ->  Explanation  ->  to_json()
"""

from consumer.watch.explain.explain import explain
from consumer.watch.explain.explanation import (
    Explanation,
    FieldRead,
    MessageExplanation,
    PlannedRequest,
    Step,
)
from consumer.watch.explain.known import Known

__all__ = [
    "Explanation",
    "FieldRead",
    "Known",
    "MessageExplanation",
    "PlannedRequest",
    "Step",
    "explain",
]
