"""A search in a peer's archive: C-FIND as SCU (PS3.4 section C.4.1), its answers as data sets."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from pacsd.dicom.data_set import DataSet, read_data_set
from pacsd.dicom.header_stream import known_syntax
from pacsd.dicom.identifier import UNIQUE_KEYS, Manner
from pacsd.dicom.level import Level
from pacsd.dicom.query_keys import Key, encode_identifier
from pacsd.dicom.tag import Tag
from pacsd.net.query_retrieve_scu import QueryModel, find
from pacsd.net.requested_association import RequestedAssociation
from pacsd.net.scu import propose
from pacsd.ul.pdu import ProposedContext


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, in which information model, and in which manner keys are to match."""

    model: QueryModel
    level: Level
    keys: tuple[Key, ...]
    manner: Manner = field(default_factory=Manner)

    @property
    def contexts(self) -> tuple[ProposedContext, ...]:
        """The presentation context to propose for it."""
        return propose((self.model.find,))

    @property
    def extended(self) -> Mapping[str, bytes]:
        """The extended negotiation to propose (PS3.4 table C.5-1); none if nothing is special."""
        flags = bytes(wanted for _, wanted in self._wanted()).rstrip(b"\0")
        return {self.model.find: flags} if flags else {}

    @property
    def keyless(self) -> tuple[Tag, ...]:
        """Unique keys of levels above without a single value; hierarchical ones must have it."""
        single = {key.tag for key in self.keys if len(key.values) == 1}
        above = (UNIQUE_KEYS[each] for each in self.model.levels if each < self.level)
        return tuple(tag for tag in above if tag not in single)

    def not_agreed(self, association: RequestedAssociation) -> list[str]:
        """What was proposed, but the peer did not agree to; it may match in its usual manner."""
        negotiated = association.session.negotiated
        answer = negotiated.extended.get(self.model.find, b"") if negotiated else b""
        return [
            words
            for index, (words, is_wanted) in enumerate(self._wanted())
            if is_wanted and answer[index : index + 1] != b"\1"
        ]

    async def matches(self, association: RequestedAssociation) -> AsyncGenerator[DataSet, None]:
        """Each match, as it comes; leaving the iterator cancels the search (see `find`).

        Raises:
            QueryKeyError: a key does not fit into the Identifier.
            NotAccepted: the peer accepted no context for it.
            OperationFailed: the peer could not tell all matches; those before came.
            AssociationError: the association ended before all matches came.
            ScanError: an answer cannot be read.
        """
        syntax = known_syntax(association.context_for(self.model.find).transfer_syntax)
        identifier = encode_identifier(self.level, self.keys, syntax)
        async with aclosing(find(association, self.model, identifier)) as answers:
            async for answer in answers:
                yield read_data_set(answer, syntax)

    def _wanted(self) -> Iterator[tuple[str, bool]]:
        """In the order of PS3.4 table C.5-1."""
        yield "relational queries", self.manner.is_relational
        yield "combined date and time matching", self.manner.combines_datetimes
        yield "fuzzy matching of names", self.manner.is_fuzzy
