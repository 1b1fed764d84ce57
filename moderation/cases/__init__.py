"""Cases: doubts laid before people, and every enforcement on record, with what people decide about them."""

from moderation.cases.book import CaseBook as CaseBook
from moderation.cases.book import Counts as Counts
from moderation.cases.faults import CaseError as CaseError
from moderation.cases.faults import NoSuchCase as NoSuchCase
from moderation.cases.faults import OwnDecision as OwnDecision
from moderation.cases.faults import Settled as Settled
from moderation.cases.faults import Taken as Taken
from moderation.cases.writes import HANDOFF_SEVERITY as HANDOFF_SEVERITY
from moderation.cases.writes import OVERTURNED_KEPT as OVERTURNED_KEPT
from moderation.cases.writes import cards_key as cards_key
from moderation.cases.writes import changing as changing
from moderation.cases.writes import opening as opening
from moderation.cases.writes import remarking as remarking
from moderation.cases.writes import reporting as reporting
from moderation.cases.writes import reversing as reversing
from moderation.cases.writes import settling as settling
from moderation.cases.writes import strikes_key as strikes_key
from moderation.cases.writes import telling as telling
