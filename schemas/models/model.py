"""What is known of one model of Planhat: whoever needs a fact of it asks its row. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from schemas.planhat import Resource
from schemas.target import Targets

NO_FIELDS: Final = Targets({}, {})


class Required(NamedTuple):
    """A record needs one of these fields; the first is named where it has none.

    `where`: only if this switch of the record is on (True), or is not (False).
    """

    names: tuple[str, ...]
    where: tuple[str, bool] | None = None


Profile = Literal["user", "account"]
"""What Hull calls those that it sends messages about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row.

    Its words: `singular` is Planhat's, `word` ours, `logged_as` that in names of log events.
    `profile` is what it is in Hull, None if it only hangs on a profile of Hull.

    `keys` are what Planhat finds a record by, the strongest first. `parent` is what must be there
    before it: its id goes into the field `link`, if there is one. `required` is what a new record
    needs beside that, `fields` are the standard fields that a mapping may name, `page` is how many
    rows a list holds at most (0: it can't be listed).

    `settings` is how its connector settings begin. `merges`: changes of one record become one item,
    which an upsert allows; else each stays an item of its own. `of_people`: what is said in it is
    said of a person.
    """

    resource: Resource
    singular: str
    word: str
    logged_as: str
    profile: Profile | None = None
    keys: tuple[str, ...] = ()
    parent: Resource | None = None
    link: str = ""
    required: Sequence[Required] = ()
    fields: Targets = NO_FIELDS
    page: int = 0
    settings: str = ""
    host: Literal["api", "analytics"] = "api"
    merges: bool = True
    of_people: bool = False

    @property
    def a_word(self) -> str:
        """One of them, in our words."""
        return f"{'an' if self.word[0] in 'aeiou' else 'a'} {self.word}"

    @property
    def plural(self) -> str:
        """Several of them, in our words."""
        return f"{self.word.removesuffix('y')}ies" if self.word[-1] == "y" else f"{self.word}s"

    @property
    def path(self) -> str:
        """How the paths begin under which it is written."""
        return f"/{self.resource}" if self.host == "api" else "/analytics"

    @property
    def is_listed(self) -> bool:
        """Its records lie in a list that is an attribute of an account."""
        return self.profile is None and self.settings != ""

    @property
    def list_attribute(self) -> str:
        """The connector setting that names this attribute."""
        return f"{self.settings}_attribute"

    @property
    def table(self) -> str:
        """The connector setting that maps to its standard fields."""
        return f"{self.settings}_attributes_outbound"

    @property
    def custom_table(self) -> str:
        """The connector setting that maps to the tenant's own fields."""
        return f"{self.settings}_custom_attributes_outbound"

    @property
    def claims(self) -> tuple[str, ...]:
        """The keys by which one profile's record could be taken for another's.

        The external id of what lies in a list counts within its company only.
        """
        return tuple(key for key in self.keys if not (self.is_listed and key == "externalId"))
