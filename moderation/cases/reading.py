"""A case as its hash in Redis: the body as it opened, and a field for all that changes or is looked for.

The body leaves out what is as ever, and a context message its place where that is the subject's: a queue of ten
thousand is kept in memory. Beside it stand

- `state`, `decision`, `reversal`: how it ended;
- `claimed_by`, `claimed_until` (ms), `first_claimed_at` (s), `assigned_to`, `asked`, `wake_at` (s), `late`: who is at
  work, and when it is due;
- `report:MEMBER`, `copy:MESSAGE`, `further:MESSAGE`, `remark:…`, `skip:PERSON`, `opinion:PERSON`, `after:PERSON`: one
  field for each;
- `base`, `severity`, `score`: its place in the queue; `kind`, `clause`, `place`, `due` (s) and `find`: what views look
  for, `find` only while it is open.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from moderation.cases.priority import base, urgency
from moderation.types import Case, Decision, Message, Remark

FIND_LENGTH = 500
"""Characters of a message that a view's words are looked for in."""


def kept(case: Case) -> dict[str, str]:
    """The fields of a case that opens, or is put on record, without its state."""
    clause = case.verdict.clause or "" if case.verdict else ""
    due = {"due": str(case.due_at.timestamp())} if case.due_at else {}
    return {
        "body": _body(case),
        "kind": case.kind,
        "clause": clause,
        "place": case.subject.place.address,
        "severity": str(case.severity),
        **due,
    }


def waiting(case: Case) -> dict[str, str]:
    """The fields that only a case that waits needs: its place in the queue, and what is looked for in it."""
    author = case.subject.author
    found = folded(f"{case.id} {author.name} {author.id} {case.subject.text[:FIND_LENGTH]}")
    given = {"assigned_to": case.assigned_to, "asked": case.asked or ""}
    named = {field: who for field, who in given.items() if who}
    return {"base": str(base(case)), "score": str(urgency(case)), "find": found, **named}


def folded(text: str) -> str:
    """Text as it is compared: without width, case and breaks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def read(fields: Mapping[str, str], now: float) -> Case:
    """A case from its hash. `now` is the server's time in seconds, because a lease is the server's."""
    case, until = _case(fields["body"]), float(fields.get("claimed_until") or 0) / 1000
    held = fields["state"] == "open" and until > now
    return case.model_copy(
        update={
            "state": fields["state"],
            "decision": _decision(fields.get("decision")),
            "claimed_by": fields.get("claimed_by", "") if held else "",
            "claimed_until": datetime.fromtimestamp(until, UTC) if held else None,
            "reversal": _decision(fields.get("reversal")),
            "severity": int(fields.get("severity") or case.severity),
            "late": int(fields.get("late") or 0),
            "assigned_to": fields.get("assigned_to", ""),
            "asked": fields.get("asked") or None,
            "wake_at": _time(fields.get("wake_at")),
            "first_claimed_at": _time(fields.get("first_claimed_at")),
            **_lists(fields),
        }
    )


def _lists(fields: Mapping[str, str]) -> dict[str, object]:
    """What a case may have several of, each in a field of its own."""
    remarks = map(Remark.model_validate_json, _named(fields, "remark").values())
    return {
        "reporters": tuple(_named(fields, "report")),
        "skipped": tuple(sorted(_named(fields, "skip"))),
        "remarks": tuple(sorted(remarks, key=lambda remark: remark.at)),
        "copies": _messages(fields, "copy"),
        "further": _messages(fields, "further"),
        "opinions": _decisions(fields, "opinion"),
        "after": _decisions(fields, "after"),
    }


def _named(fields: Mapping[str, str], kind: str) -> dict[str, str]:
    return {name[len(kind) + 1 :]: value for name, value in fields.items() if name.startswith(f"{kind}:")}


def _messages(fields: Mapping[str, str], kind: str) -> tuple[Message, ...]:
    found = map(Message.model_validate_json, _named(fields, kind).values())
    return tuple(sorted(found, key=lambda message: (message.sent_at, message.key)))


def _decisions(fields: Mapping[str, str], kind: str) -> tuple[Decision, ...]:
    found = map(Decision.model_validate_json, _named(fields, kind).values())
    return tuple(sorted(found, key=lambda decision: decision.at))


def _decision(text: str | None) -> Decision | None:
    return Decision.model_validate_json(text) if text else None


def _time(seconds: str | None) -> datetime | None:
    return datetime.fromtimestamp(float(seconds), UTC) if seconds else None


def _body(case: Case) -> str:
    told = case.model_dump(mode="json", exclude_defaults=True)
    for message in told.get("context", ()):
        if message["place"] == told["subject"]["place"]:
            del message["place"]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _case(body: str) -> Case:
    told = json.loads(body)
    for message in told.get("context", ()):
        message.setdefault("place", told["subject"]["place"])
    return Case.model_validate(told)
