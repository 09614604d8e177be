"""Mutants that no test can tell from the original, each with the reason."""

EQUIVALENT: dict[str, str] = {
    "consumer/offsets/offsets.py decode: 8  ->  9": "a byte has no ninth bit",
    "consumer/offsets/offsets.py Offsets.is_within_horizon: not self._tracked or self.position is None"
    "  ->  not self._tracked": "what is tracked has a position; for the type checker",
    "consumer/offsets/offsets.py Offsets.resolve: 0  ->  1": (
        "what is not told by its digit is in the set: the same answers"
    ),
    "consumer/offsets/offsets.py Offsets.track: place >= _MOST_DIGITS  ->  place > _MOST_DIGITS": (
        "when to give memory back"
    ),
    "consumer/offsets/offsets.py Offsets.track: old >= _OLD_DIGITS  ->  old > _OLD_DIGITS": (
        "when to give memory back"
    ),
    "consumer/offsets/offsets.py Offsets.track: place -= old  ->  pass": (
        "what has no digit is in the set: more memory, the same answers"
    ),
    "consumer/offsets/offsets.py Offsets.track: self._already_final.discard(offset)  ->  pass": (
        "what is read is told by its digit, or lies below the commit: more memory, the same answers"
    ),
    "consumer/offsets/assignment.py Assignment.__init__: 0  ->  1": (
        "an epoch need only be another, and a total of one is no more than what is owned"
    ),
    "consumer/offsets/assignment.py Assignment.begin: 1  ->  2": "an epoch need only be another",
    "consumer/offsets/assignment.py Assignment.end: 1  ->  2": "an epoch need only be another",
    "consumer/offsets/assignment.py Assignment.renew: 1  ->  2": "an epoch need only be another",
    "consumer/offsets/assignment.py Assignment.reached: 1  ->  2": "any number above the position",
    "consumer/offsets/assignment.py oldest_by_partition: break  ->  pass": ("when to stop looking"),
    "consumer/offsets/assignment.py Assignment._is_below: offsets.position is None or offsets.position <"
    " end  ->  offsets.position < end": "what was committed has a position; for the type checker",
    "consumer/offsets/assignment.py oldest_by_partition: 1  ->  2": "when to stop looking",
    "consumer/offsets/assignment.py oldest_by_partition: len(found) >= most"
    "  ->  len(found) > most": "when to stop looking",
    "consumer/membership.py Membership._leave: False  ->  True": "a log word, if landing raises",
    "consumer/decide/decide.py _company_of: link.account_id or ''  ->  link.account_id": (
        "whoever has a company has the id of its account; for the type checker"
    ),
    "consumer/engine/dispatch.py Dispatch.next: len(sendable) > 1  ->  len(sendable) >= 1": (
        "one lane is in order; it is quicker"
    ),
    "consumer/engine/dispatch.py Dispatch.next: sendable and self.in_flight >= self._max_concurrent"
    "  ->  self.in_flight >= self._max_concurrent": (
        "without a permit an answer comes before any wait is over; it is quicker"
    ),
    "consumer/engine/dispatch.py _sendable: wait < soonest  ->  wait <= soonest": "the same wait",
    "consumer/engine/dispatch.py Line.urgency: 0.0  ->  1.0": (
        "what may go has waited since some time; for the type checker"
    ),
    "consumer/lanes/lane.py Lane.finish: profile.parked = False  ->  pass": (
        "who is back from a batch is not parked, and who is parked is never unchanged: `park`"
        " forgets it"
    ),
    "planhat_client/limiter.py Limiter._cut_up: self._tokens = min(self._tokens,"
    " self._pace.capacity)  ->  pass": "the next call cuts them too, before they are counted",
    "planhat_client/limiter.py Limiter._advance: 100  ->  101": (
        "either is more than it takes from the lowest rate to the whole one"
    ),
    "planhat_client/limiter.py Limiter._advance: minutes > 0  ->  minutes >= 0": (
        "no minute changes nothing; it is quicker"
    ),
    "consumer/lanes/settle.py Settler._again: len(unproven) > _FEW  ->  len(unproven) >= _FEW": (
        "how many are few is a choice"
    ),
    "consumer/lanes/settle.py Settler._sort: True  ->  False": "there is a span for each profile",
    "consumer/decide/filter.py _touches: bool(changes) and _touch(changed_names(changes), names)"
    "  ->  _touch(changed_names(changes), names)": "no changes have no names; it is quicker",
    "consumer/decide/filter.py _account_matters: name in names and became(changes, key)"
    "  ->  became(changes, key)": "what appeared is in the names; it is quicker",
}
