"""Addresses of servers as a setting: one or several of one model, as a list or as words between commas."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

__all__ = ["Servers"]


def _split(urls: object) -> object:
    return [url.strip() for url in urls.split(",") if url.strip()] if isinstance(urls, str) else urls


def _http(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not all(url.startswith(("http://", "https://")) for url in urls):
        raise ValueError("addresses as http://host:8000")
    if any("@" in url for url in urls):
        raise ValueError("addresses without a password; a key goes to the api_key beside them")
    bare = tuple(url.rstrip("/").removesuffix("/v1") for url in urls)
    if len(set(bare)) < len(bare):
        raise ValueError("each server once")
    return bare


Servers = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_http)]  # without the API's own path
