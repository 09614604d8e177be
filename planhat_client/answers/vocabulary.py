"""Words that say what is wrong, whoever's name or title they may be as well. Data only."""

from typing import Final

_ENGLISH: Final = """
a about after again allowed already also an and any api are as at authenticated authorization
authorized bad be been before bearer body boolean both buffering bulk but by call calls can cannot
cast check code content could create created data date denied did do does domain down duplicate
duplicated each either empty entity error errors exceed exceeded exist existing exists expected
failed failure field fields file for forbidden format found from gateway get given global has have
header headers host html http https if ignored in incorrect index inactive internal into invalid
is it item items its json key keys large length limit limits list long longer malformed many match
matching max maximum method min minimum missing more most must no not nothing null number object
of on once one only operation operations or other out over parameter parse patch path payload
permission permissions permitted please post properties property provide put quota range rate read
record records refused rejected request requests required reset resource retry route row rows same
second seconds server service set should size some source string syntax target tenant text than
that the their them there these this those time timed timeout to token too type unable
unauthorized unavailable unexpected unique unknown unsupported until update updated url use used
using valid validation value values was web were when which with without write wrong you your
"""
_FIELDS: Final = """
_id account accounts action activities activity analytics arr asset cid co companies company
companyexternalid companyid companyname coowner coownerid createdat currency custom customer
customfields description email emails enduser endusers euextid euid extid externalid fax firstname
fromdate id ids info integration last lastname license licenses lifecycle main mrr name objectid
owner ownerid person phase phone phones planhat position primary product renewaldate role sourceid
status statuscode success tags team title todate user users website
"""

PLANHATS_OWN: Final = frozenset(_ENGLISH.split()) | frozenset(_FIELDS.split())
"""In lower case: words of error messages, and names of Planhat's fields and endpoints."""
