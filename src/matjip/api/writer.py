"""One write request: its idempotency key, its expected version, and what its answer says about them."""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, Field

from matjip.api.errors import TABLE, ProblemShape, problem_of, shape
from matjip.api.fields import MAX_VERSION, NO_NUL, RequestShape
from matjip.api.service import ApiService, Asker, Working
from matjip.caller import Caller
from matjip.errors import Fault, Invalid, MatjipError
from matjip.reviews.store import Answer, Idempotency, Mode, Outcome, Write, Written

__all__ = ["BatchWritten", "ItemWritten", "Key", "Writer", "Writing", "WrittenShape", "etag"]

MAX_KEY_CHARS = 200
ETAG = re.compile(r'(?:W/)?"?(\d{1,10})"?')
CREATED, MULTI_STATUS = 201, 207
INDEX = re.compile(r"^\[(\d+)\]\.?")

Key = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_KEY_CHARS,
        description="The same key with the same payload is answered again without a second write. "
        "Also as the header Idempotency-Key.",
    ),
    NO_NUL,
]


class WrittenShape(BaseModel):
    """What became of a write."""

    restaurant_id: str = Field(examples=["mapo-noodles"])
    review_id: str | None = Field(description="Null when the restaurant itself was written.", examples=["r-1"])
    version: int = Field(description="1, 2, 3; a delete is a version too.", examples=[1])
    outcome: Outcome = Field(examples=["created"])
    position: int = Field(description="Place in the log.", examples=[42])

    @classmethod
    def of(cls, written: Written) -> "WrittenShape":
        return cls(
            restaurant_id=written.restaurant_id,
            review_id=written.review_id,
            version=written.version,
            outcome=written.outcome,
            position=written.position,
        )


class ItemWritten(BaseModel):
    """One item of a batch: what became of it, or why nothing did."""

    index: int = Field(description="Its place in the request, from 0.", examples=[0])
    status: int = Field(description="The status that it would have had alone.", examples=[201])
    written: WrittenShape | None = None
    problem: ProblemShape | None = None


class BatchWritten(BaseModel):
    """What became of each item, in order."""

    mode: Literal["atomic", "partial"]
    written: int = Field(description="Items that were stored, or stood so already.", examples=[2])
    failed: int = Field(description="Items that were not; always 0 when atomic.", examples=[0])
    position: int = Field(description="Place in the log after the batch.", examples=[43])
    items: list[ItemWritten]


class Writer:
    """Writes for one request, and completes its answer's status and headers."""

    def __init__(
        self,
        service: ApiService,
        caller: Caller,
        request: Request,
        response: Response,
        *,
        key: str | None,
        if_match: str | None,
    ) -> None:
        self._service = service
        self._caller = caller
        self._request = request
        self._response = response
        self._key = _bare(key)
        self._if_match = if_match

    def expected(self, in_body: int | None) -> int | None:
        """The version that the sender read, from the body or from If-Match; Invalid when they disagree."""
        if self._if_match is None or self._if_match.strip() == "*":
            return in_body
        matched = ETAG.fullmatch(self._if_match.strip())
        version = int(matched[1]) if matched else MAX_VERSION + 1
        if version > MAX_VERSION:
            raise Invalid.of(
                Fault(where="header.If-Match", wrong="is not a version", right='the ETag that was read, such as "3"')
            )
        if in_body is not None and in_body != version:
            raise Invalid.of(
                Fault(
                    where="expected_version",
                    wrong=f"is {in_body}",
                    right=f"{version}, as If-Match says, or only one of them",
                )
            )
        return version

    def new_id(self) -> str:
        return self._service.new_id()

    async def one(self, write: Write, body: RequestShape | None = None, *, key: str | None = None) -> WrittenShape:
        """Write one thing; 201 when it is new."""
        answer = await self._write([write], "atomic", body, key=key, items=None)
        item = answer.items[0]
        if isinstance(item, MatjipError):
            raise item
        if item.outcome == "created":
            self._response.status_code = CREATED
        if item.outcome != "deleted":
            self._response.headers["ETag"] = etag(item.version)
        return WrittenShape.of(item)

    async def many(
        self, writes: Sequence[Write], mode: Mode, body: RequestShape, *, key: str | None, items: str
    ) -> BatchWritten:
        """Write all (atomic) or each (partial: 207 when some failed). `items` is the field that holds them."""
        answer = await self._write(writes, mode, body, key=key, items=items)
        shown = [self._item(index, item, items) for index, item in enumerate(answer.items)]
        failed = sum(item.problem is not None for item in shown)
        if failed:
            self._response.status_code = MULTI_STATUS
        return BatchWritten(
            mode=mode, written=len(shown) - failed, failed=failed, position=answer.position, items=shown
        )

    async def _write(
        self, writes: Sequence[Write], mode: Mode, body: RequestShape | None, *, key: str | None, items: str | None
    ) -> Answer:
        try:
            answer = await self._service.reviews.write(
                writes, self._caller, mode=mode, idempotency=self._idempotency(body, key)
            )
        except MatjipError as error:
            raise _placed(error, items) from error
        self._service.on_written()
        if answer.replayed:
            self._response.headers["Idempotent-Replayed"] = "true"
        return answer

    def _idempotency(self, body: RequestShape | None, in_body: str | None) -> Idempotency | None:
        if self._key and in_body and self._key != in_body:
            raise Invalid.of(
                Fault(
                    where="idempotency_key",
                    wrong="differs from the header Idempotency-Key",
                    right="the same key, or only one",
                )
            )
        key = in_body or self._key
        if key is None:
            return None
        sent = body.model_dump(mode="json", exclude={"idempotency_key"}) if body else None
        told = [self._request.method, self._request.url.path, self._if_match, sent]
        return Idempotency(
            key=key, fingerprint=hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()
        )

    def _item(self, index: int, item: Written | MatjipError, items: str) -> ItemWritten:
        if isinstance(item, Written):
            return ItemWritten(
                index=index, status=CREATED if item.outcome == "created" else 200, written=WrittenShape.of(item)
            )
        problem = problem_of(_placed(item, items))
        document = shape(
            problem,
            instance=self._request.url.path,
            request_id=self._caller.request_id,
            now=self._service.clock.now(),
        )
        return ItemWritten(
            index=index, status=TABLE[problem.code].status, problem=ProblemShape.model_validate(document)
        )


def etag(version: int) -> str:
    return f'"{version}"'


def _bare(key: str | None) -> str | None:
    """The key without the quotes that the header's draft asks for (draft-ietf-httpapi-idempotency-key-header-07)."""
    if key is None:
        return None
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not 0 < len(bare) <= MAX_KEY_CHARS:
        raise Invalid.of(
            Fault(
                where="header.Idempotency-Key",
                wrong=f"has {len(bare)} characters",
                right=f"1 to {MAX_KEY_CHARS} characters",
            )
        )
    return bare


def _placed(error: MatjipError, items: str | None) -> MatjipError:
    """The same error with its faults placed in the request: "[3].rating" is "reviews[3].rating", or "rating" alone."""
    if not error.faults:
        return error
    error.faults = tuple(
        Fault(where=_place(fault.where, items), wrong=fault.wrong, right=fault.right) for fault in error.faults
    )
    error.message = "; ".join(str(fault) for fault in error.faults)
    return error


def _place(where: str, items: str | None) -> str:
    return f"{items}{where}" if items and where.startswith("[") else INDEX.sub("", where) or "body"


async def _writing(
    request: Request,
    response: Response,
    service: Working,
    caller: Asker,
    idempotency_key: Annotated[
        str | None,
        Header(description="The same key and payload replays the first answer.", examples=["order-7-review"]),
    ] = None,
    if_match: Annotated[
        str | None, Header(description="The ETag that was read; the write is refused if it is stale.", examples=['"3"'])
    ] = None,
) -> Writer:
    return Writer(service, caller, request, response, key=idempotency_key, if_match=if_match)


Writing = Annotated[Writer, Depends(_writing)]
