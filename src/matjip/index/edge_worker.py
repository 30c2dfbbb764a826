"""The process that holds one Qdrant Edge shard: framed JSON in on standard input, out on standard output, in order.

Edge keeps Python's lock while it searches and while it builds its graph, so it must not live where requests are served.
The worker ends when its input ends, as it does when the parent dies; what was answered is in the shard's own log by then.
"""

import os
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import qdrant_edge as edge

__all__ = ["HEADER", "main"]

HEADER = struct.Struct("<I")  # bytes of the frame that follows
MOST_BYTES = 2**30  # a longer frame is none of ours
FULL_SCAN_KB = (
    100_000  # of vectors that pass a filter (400,000 of 64 dimensions): fewer are compared one by one, exactly
)
GRAPH_LINKS = 16  # of each point; the same within a tenant
GRAPH_CANDIDATES = 100  # looked at when a point is linked
BUILD_THREADS = 1  # a building must not take the cores from the searches of the old collection
LOCKED = "WouldBlock"  # what Edge says of a shard that another process holds
INDEXES: dict[str, edge.PayloadSchemaType | edge.KeywordIndexParams | edge.IntegerIndexParams] = {
    "tenant": edge.KeywordIndexParams(is_tenant=True),
    "restaurant_id": edge.PayloadSchemaType.Keyword,
    "language": edge.PayloadSchemaType.Keyword,
    "source": edge.PayloadSchemaType.Keyword,
    "said": edge.PayloadSchemaType.Keyword,
    "rating": edge.PayloadSchemaType.Float,
    "created_at": edge.PayloadSchemaType.Integer,
    "tokens": edge.IntegerIndexParams(lookup=True, range=False),
    "has_image": edge.PayloadSchemaType.Integer,
}
Asked = Mapping[str, Any]  # JSON; `edge.py` says what stands in it, and Edge refuses what it cannot take


def main(folder: Path, dimensions: int) -> None:
    """Serve the shard in this folder, made where there is none, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's, meant for the parent, which closes the input
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not look like a frame
    try:
        shard = _opened(folder, dimensions)
    except Exception as error:  # noqa: BLE001 (Edge raises no class of its own)
        _send(answers, {"fault": "busy" if LOCKED in str(error) else "unavailable", "says": str(error)})
        return
    _send(answers, {"done": None})
    while (asked := _receive(sys.stdin.buffer)) is not None:
        try:
            _send(answers, {"done": ACTIONS[str(asked["do"])](shard, asked)})
        except Exception as error:  # noqa: BLE001
            _send(answers, {"fault": "unavailable", "says": f"{type(error).__name__}: {error}"})
    shard.close()


def _opened(folder: Path, dimensions: int) -> edge.EdgeShard:
    if folder.exists():
        return edge.EdgeShard.load(str(folder))
    making = folder.with_name(folder.name + ".making")
    making.mkdir(parents=True)
    graph = edge.HnswIndexConfig(
        m=GRAPH_LINKS,
        ef_construct=GRAPH_CANDIDATES,
        full_scan_threshold=FULL_SCAN_KB,
        payload_m=GRAPH_LINKS,
        max_indexing_threads=BUILD_THREADS,
    )
    shard = edge.EdgeShard.create(
        str(making),
        edge.EdgeConfig(
            vectors={"dense": edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)},
            sparse_vectors={"words": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
            hnsw_config=graph,
        ),
    )
    for key, schema in INDEXES.items():
        shard.update(edge.UpdateOperation.create_field_index(key, schema))
    shard.close()
    making.rename(folder)  # a shard is there whole or not at all
    return edge.EdgeShard.load(str(folder))


def _lists(shard: edge.EdgeShard, asked: Asked) -> object:
    found = shard.query_batch(edge.QueryBatchRequest([_request(leg) for leg in asked["legs"]]))
    return [[(str(each.id), each.score, each.payload or {}) for each in one] for one in found]


def _count(shard: edge.EdgeShard, asked: Asked) -> object:
    return shard.count(edge.CountRequest(exact=asked["exact"], filter=_filter(asked["wanted"])))


def _put(shard: edge.EdgeShard, asked: Asked) -> object:
    points = [edge.Point(each["id"], _vectors(each), each["payload"]) for each in asked["points"]]
    shard.update(edge.UpdateOperation.upsert_points(points))
    return None


def _remove(shard: edge.EdgeShard, asked: Asked) -> object:
    shard.update(edge.UpdateOperation.delete_points(asked["ids"]))
    return None


def _read(shard: edge.EdgeShard, asked: Asked) -> object:
    found = shard.retrieve(asked["ids"], asked["fields"], with_vector=False)
    return {str(each.id): each.payload or {} for each in found}


def _scroll(shard: edge.EdgeShard, asked: Asked) -> object:
    found, following = shard.scroll(
        edge.ScrollRequest(
            offset=asked["start"], limit=asked["limit"], filter=_filter(asked["wanted"]), with_payload=asked["fields"]
        )
    )
    return [each.payload or {} for each in found], None if following is None else str(following)


def _settle(shard: edge.EdgeShard, _: Asked) -> object:
    shard.optimize()
    shard.flush()
    return None


ACTIONS: dict[str, Callable[[edge.EdgeShard, Asked], object]] = {
    "lists": _lists,
    "count": _count,
    "put": _put,
    "remove": _remove,
    "read": _read,
    "scroll": _scroll,
    "settle": _settle,
}


def _request(leg: Asked) -> edge.QueryRequest:
    words = leg["words"]
    return edge.QueryRequest(
        limit=leg["limit"],
        query=edge.Query.Nearest(_sparse(words) if words else leg["dense"], using="words" if words else "dense"),
        filter=_filter(leg["wanted"]),
        score_threshold=leg["at_least"],
        params=edge.SearchParams(idf=edge.IdfParams(corpus=_filter(leg["corpus"]))) if leg["corpus"] else None,
        with_payload=leg["fields"] or False,
    )


def _vectors(stored: Asked) -> dict[str, Any]:
    vectors: dict[str, Any] = {"dense": stored["dense"]} if stored["dense"] else {}
    if stored["words"]:
        vectors["words"] = _sparse(stored["words"])
    return vectors


def _sparse(words: Asked) -> edge.SparseVector:
    return edge.SparseVector(words["indices"], words["values"])


def _filter(wanted: Asked) -> edge.Filter:
    return edge.Filter(
        must=[_condition(each) for each in wanted["must"]],
        must_not=[_condition(each) for each in wanted.get("must_not", ())],
    )


def _condition(about: Asked) -> edge.FieldCondition | edge.HasIdCondition:
    match about:
        case {"has_id": ids}:
            return edge.HasIdCondition(set(ids))
        case {"key": key, "match": {"value": value}}:
            return edge.FieldCondition(key, match=edge.MatchValue(value))
        case {"key": key, "match": {"any": values}}:
            return edge.FieldCondition(key, match=edge.MatchAny(values))
        case {"key": key, "range": bounds}:
            return edge.FieldCondition(key, range=edge.RangeFloat(**bounds))
    raise ValueError(f"no condition of ours: {about}")


def _receive(source: BinaryIO) -> Asked | None:
    """The next frame; None at the end of the input."""
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (size,) = HEADER.unpack(header)
    body = source.read(size) if size <= MOST_BYTES else b""
    if len(body) < size:
        return None
    asked = orjson.loads(body)
    assert isinstance(asked, dict)
    return asked


def _send(target: BinaryIO, answer: object) -> None:
    body = orjson.dumps(answer)
    target.write(HEADER.pack(len(body)) + body)
    target.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
