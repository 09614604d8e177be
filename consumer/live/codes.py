"""The codes of what `check --live` finds; docs/check.md says what each means. Data only."""

from enum import StrEnum


class Code(StrEnum):
    """A finding's code never changes its meaning: scripts go by it."""

    MODELS_READABLE = "models-readable"
    MODEL_FORBIDDEN = "model-forbidden"
    MODEL_MISSING = "model-missing"
    MODEL_UNREADABLE = "model-unreadable"
    LICENCES_ARE_DEALS = "licences-are-deals"

    FIELDS_READ = "fields-read"
    FIELDS_UNREADABLE = "fields-unreadable"
    FIELD_UNKNOWN = "field-unknown"
    FIELD_OTHER_CASE = "field-other-case"
    FIELD_OF_OTHER_MODEL = "field-of-other-model"
    FIELD_TWINS = "field-twins"
    FIELD_LOCKED = "field-locked"
    FIELD_FORMULA = "field-formula"
    FIELD_HIDDEN = "field-hidden"
    FIELD_MANDATORY = "field-mandatory"
    FIELD_TYPE = "field-type"
    FIELD_TYPE_UNKNOWN = "field-type-unknown"
    FIELD_TEAM_MEMBER = "field-team-member"
    FIELD_RICH_TEXT = "field-rich-text"
    FIELD_LIST = "field-list"

    COMPANIES_WHOLE = "companies-whole"
    COMPANIES_INCOMPLETE = "companies-incomplete"
    COMPANY_DUPLICATES = "company-duplicates"
    COMPANY_WITHOUT_KEY = "company-without-key"

    MISSING_CONTACT = "missing-contact"
    MISSING_CONTACT_ODD = "missing-contact-odd"
    SORT_HONOURED = "sort-honoured"
    SORT_IGNORED = "sort-ignored"
    SORT_UNTOLD = "sort-untold"

    ROW_WITHOUT_KEY = "row-without-key"
    ROW_TWINS = "row-twins"
    ROW_FIELD_UNDECLARED = "row-field-undeclared"
    ROW_TYPE = "row-type"
    ROW_LIST_VALUE = "row-list-value"
    LEFTOVERS = "leftovers"

    QUOTA_HEADERS = "quota-headers"
    QUOTA_UNTOLD = "quota-untold"
    QUOTA_SMALLER = "quota-smaller"
    CLOCK = "clock"
    CLOCK_SKEW = "clock-skew"
    CLOCK_UNTOLD = "clock-untold"

    CALLS = "calls"
    STOPPED = "stopped"

    WRITE_COMPANY = "write-company"
    WRITE_EARLIER = "write-earlier"
    WRITE_REFUSED = "write-refused"
    WRITE_CLEAN = "write-clean"
    WRITE_LEFTOVERS = "write-leftovers"
    LEARNT = "learnt"
    NOT_LEARNT = "not-learnt"
    DIALECT_SAVED = "dialect-saved"
