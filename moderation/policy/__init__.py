"""The policy: what a community does not want and what follows; its versions, and how a new one is tried."""

from moderation.policy.clauses import CLAUSES as CLAUSES
from moderation.policy.clauses import DEFAULT as DEFAULT
from moderation.policy.clauses import LONGEST_TIMEOUT as LONGEST_TIMEOUT
from moderation.policy.clauses import SHORTEST_TIMEOUT as SHORTEST_TIMEOUT
from moderation.policy.clauses import Clause as Clause
from moderation.policy.clauses import ClauseName as ClauseName
from moderation.policy.clauses import DuplicateRules as DuplicateRules
from moderation.policy.clauses import FloodRules as FloodRules
from moderation.policy.clauses import LinkRules as LinkRules
from moderation.policy.clauses import Policy as Policy
from moderation.policy.clauses import PolicyError as PolicyError
from moderation.policy.clauses import Rung as Rung
from moderation.policy.clauses import Thresholds as Thresholds
from moderation.policy.clauses import known_clause as known_clause
from moderation.policy.clauses import load as load
from moderation.policy.clauses import parse as parse
from moderation.policy.clauses import read as read
