"""Knowledge: what waits for a second person, what members ask in vain, and the documents to edit."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.answering.feedback import Tally
from bot.answering.questions import bare
from bot.console.face import Face
from bot.console.gate import Page, Visitor, visitor
from bot.console.rooms import Rooms
from bot.knowledge.documents import TITLE_LENGTH, Document, guess_lang
from bot.knowledge.gaps import gaps
from bot.knowledge.proposals import Proposals, approving, may_approve, refusing
from bot.knowledge.shelf import Shelf, forgetting, teaching
from bot.web.fields import typed
from bot.web.guard import trusted_form
from bot.web.pages import spoken
from moderation.audit import setting
from moderation.types import Case

BACK = timedelta(days=30)
GAPS = 10
"""Gaps that the page shows."""
LOOKED_AT = 500
"""Cases, open ones and settled ones, among which gaps are looked for."""
FIELDS = ("id", "title", "text", "lang", "url", "tags", "valid_from", "valid_until")


class ShelfPages:
    """Each method answers one route."""

    def __init__(self, rooms: Rooms, face: Face) -> None:
        self._rooms = rooms
        self._face = face

    def pages(self) -> list[Page]:
        return [
            Page("/knowledge", self.shelf, "helper", menu="knowledge"),
            Page("/knowledge/edit", self.edit, "admin"),
            Page("/knowledge/save", self.save, "admin", ("POST",)),
            Page("/knowledge/delete", self.delete, "admin", ("POST",)),
            Page("/knowledge/approve", self.approve, "moderator", ("POST",)),
            Page("/knowledge/refuse", self.refuse, "moderator", ("POST",)),
        ]

    async def shelf(self, request: Request) -> Response:
        """Proposals, gaps, documents."""
        me = visitor(request)
        waiting = await self._proposals(me).list()
        wanted = request.query_params.get("text", "").strip()
        documents = [
            one for one in await self._shelf(me).list() if wanted.casefold() in f"{one.title}\n{one.text}".casefold()
        ]
        values = {
            "waiting": [(one, may_approve(one, me.id, me.tier) and me.may("moderator")) for one in waiting],
            "gaps": gaps(await self._cases(me))[:GAPS],
            "documents": documents,
            "votes": await self._votes(me),
            "today": datetime.now(UTC).date(),
            "wanted": wanted,
        }
        return await self._face.show(request, "knowledge.html", page="knowledge", **values)

    async def edit(self, request: Request) -> Response:
        """A document to edit; a new one, about a case's question where one is named."""
        me, asked = visitor(request), request.query_params
        document = await self._shelf(me).get(asked["id"]) if asked.get("id") else None
        title = ""
        if asked.get("case") and (case := await self._rooms.books.cases.get(me.community, asked["case"])):
            title = " ".join(bare(case.subject.text).split())[:TITLE_LENGTH]
        form = _form_of(document) if document else {"title": title}
        return await self._form(request, form, frozen=bool(document and document.source == "folder"))

    async def save(self, request: Request) -> Response:
        """Keep a document, in force at once. One of a folder's file is not edited here: the file would undo it."""
        form, me = await trusted_form(request), visitor(request)
        held = await self._shelf(me).get(str(form.get("id") or ""))
        if held and held.source == "folder":
            raise HTTPException(409, "folder_document")
        try:
            document = _document(form, me)
        except ValidationError as fault:
            fields = sorted({str(error["loc"][0]) if error["loc"] else "valid_until" for error in fault.errors()})
            typed = {name: str(value) for name, value in form.items()}
            return await self._form(request, typed, 422, wrong=fields)
        line = setting(me.community, me.id, f"knowledge taught: {document.id}", tier=me.tier)
        await self._rooms.perform(*teaching(me.community, document), line)
        return RedirectResponse("/knowledge", 303)

    async def delete(self, request: Request) -> Response:
        """Take a document out; it is not quoted from that moment on."""
        form, me = await trusted_form(request), visitor(request)
        id_ = str(form.get("id") or "")
        line = setting(me.community, me.id, f"knowledge deleted: {id_}", tier=me.tier)
        await self._rooms.perform(*forgetting(me.community, [id_]), line)
        return RedirectResponse("/knowledge", 303)

    async def approve(self, request: Request) -> Response:
        """Put a proposal on the shelf; who made it cannot."""
        form, me = await trusted_form(request), visitor(request)
        document = await self._proposals(me).get(str(form.get("id") or ""))
        if document is None:
            raise HTTPException(404, "missing")
        if not may_approve(document, me.id, me.tier):
            raise HTTPException(403, "own_proposal")
        line = setting(me.community, me.id, f"knowledge approved: {document.id}", tier=me.tier)
        await self._rooms.perform(*approving(me.community, document, me.id), line)
        return RedirectResponse("/knowledge", 303)

    async def refuse(self, request: Request) -> Response:
        """Drop a proposal."""
        form, me = await trusted_form(request), visitor(request)
        id_ = str(form.get("id") or "")
        line = setting(me.community, me.id, f"knowledge refused: {id_}", tier=me.tier)
        await self._rooms.perform(refusing(me.community, id_), line)
        return RedirectResponse("/knowledge", 303)

    async def _form(
        self,
        request: Request,
        form: dict[str, str],
        status: int = 200,
        *,
        wrong: Sequence[str] = (),
        frozen: bool = False,
    ) -> Response:
        values = {"form": form, "wrong": [spoken(request)(f"knowledge.{name}") for name in wrong], "frozen": frozen}
        return await self._face.show(request, "document.html", status, page="knowledge", **values)

    async def _cases(self, me: Visitor) -> list[Case]:
        """The lately opened ones."""
        book, since = self._rooms.books.cases, datetime.now(UTC) - BACK
        found = [*await book.queue(me.community, LOOKED_AT), *await book.recent(me.community, LOOKED_AT)]
        return [case for case in found if case.opened_at >= since]

    async def _votes(self, me: Visitor) -> dict[str, Tally]:
        """Answers and votes of the last month, by document."""
        today = datetime.now(UTC).date()
        totals: defaultdict[str, list[Tally]] = defaultdict(list)
        for day in await self._rooms.books.feedback.days(me.community, today - BACK, today):
            for document, tally in day.documents.items():
                totals[document].append(tally)
        return {name: Tally(*map(sum, zip(*tallies, strict=True))) for name, tallies in totals.items()}

    def _shelf(self, me: Visitor) -> Shelf:
        return Shelf(self._rooms.redis, me.community)

    def _proposals(self, me: Visitor) -> Proposals:
        return Proposals(self._rooms.redis, me.community)


def _form_of(document: Document) -> dict[str, str]:
    """The document as the form's fields."""
    return {
        "id": document.id,
        "title": document.title,
        "text": document.text,
        "lang": document.lang,
        "url": document.url,
        "tags": ", ".join(document.tags),
        "valid_from": str(document.valid_from or ""),
        "valid_until": str(document.valid_until or ""),
    }


def _document(form: FormData, me: Visitor) -> Document:
    """The form as a document. Raises ValidationError."""
    said = {name: typed(form, name) for name in FIELDS}
    name = hashlib.blake2b(said["title"].casefold().encode(), digest_size=6).hexdigest()
    return Document.model_validate(
        {
            "id": said["id"] or f"teach/{name}",
            "title": said["title"],
            "text": said["text"],
            "lang": said["lang"] or guess_lang(said["text"]),
            "url": said["url"],
            "tags": tuple(tag for tag in said["tags"].replace("，", ",").split(",") if tag.strip()),
            "valid_from": said["valid_from"] or None,
            "valid_until": said["valid_until"] or None,
            "owner": me.id,
            "source": "teach",
            "taught_at": datetime.now(UTC),
        }
    )
