"""What we know about a restaurant and a review, and what a sender may say about them."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["MAX_CONTENT_CHARS", "MAX_ID_CHARS", "Restaurant", "RestaurantDraft", "Review", "ReviewDraft"]

MAX_CONTENT_CHARS = 5_000  # the requirements' limit (§4.2), in Unicode code points
MAX_ID_CHARS = 200  # long enough for a UUID with a prefix, short enough to index in any database


@dataclass(frozen=True, slots=True, kw_only=True)
class RestaurantDraft:
    """A restaurant as its sender describes it. Fields left at None or () are unknown, not unchanged."""

    id: str
    name: str | None = None
    categories: tuple[str, ...] = ()
    region: str | None = None
    price_band: int | None = None  # 1 (cheap) to 4 (dear)
    address: str | None = None
    created_at: datetime | None = None  # None: when it is first stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Restaurant:
    """A restaurant as it stands."""

    tenant: str
    id: str
    version: int  # 1, 2, 3
    name: str | None
    categories: tuple[str, ...]
    region: str | None
    price_band: int | None
    address: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDraft:
    """A review as its sender gives it. `content` is kept exactly as received."""

    restaurant_id: str
    id: str
    content: str
    author_id: str | None = None
    group_id: str | None = None
    subgroup_id: str | None = None
    rating: float | None = None  # 0 to 5
    is_recommended: bool | None = None
    images: tuple[str, ...] = ()
    source: str | None = None  # "app", "import", "partner"
    language: str | None = None  # ISO 639-1; None: found from the text when it is analysed
    created_at: datetime | None = None  # None: when it is first stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review as it stands. A deleted review keeps its row (a tombstone) and is in no list, count or index."""

    tenant: str
    restaurant_id: str
    id: str
    version: int  # 1, 2, 3; a delete is a version too
    content: str
    author_id: str | None
    group_id: str | None
    subgroup_id: str | None
    rating: float | None
    is_recommended: bool | None
    images: tuple[str, ...]
    source: str | None
    language: str | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
