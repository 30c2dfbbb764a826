"""The public door to the fakes: they ship, and keep the promises of what they stand for."""

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from matjip.errors import Unavailable
from matjip.index.words import token_number, tokens
from matjip.inference.embedder import Vectors
from matjip.inference.task import ExpandQuery, Expansion, FindAspects, Mention, Task, Verdict

__all__ = ["FakeEmbedder", "FakeImageEmbedder", "FakeJudge"]

A = TypeVar("A")


class FakeJudge:
    """Hears an aspect in each of the words that it is told of ("친절": "service+"), and finds no situation in any query."""

    name = "fake/1"

    def __init__(self, said: Mapping[str, str] | None = None) -> None:
        self._said = dict(said or {})

    async def judge(self, task: Task[A]) -> tuple[Verdict[A], ...]:
        match task:
            case FindAspects(texts=texts):
                answers: list[object] = [self._mentions(text) for text in texts]
            case ExpandQuery(queries=queries):
                answers = [Expansion(situation=None, terms=()) for _ in queries]
            case _:
                raise NotImplementedError(f"{type(task).__name__} is none of its questions")
        return tuple(Verdict(answer=cast(A, answer), engine="fake", model=self.name) for answer in answers)

    def _mentions(self, text: str) -> tuple[Mention, ...]:
        return tuple(
            Mention(
                aspect=said[:-1],
                polarity="positive" if said.endswith("+") else "negative",
                target=None,
                opinion=word,
                start=text.index(word),
                end=text.index(word) + len(word),
            )
            for word, said in self._said.items()
            if word in text
        )


class FakeEmbedder:
    """Vectors from a text's words alone: texts that share words are near. `meanings` makes a word mean another."""

    name = "fake/1"

    def __init__(self, *, dimensions: int = 32, meanings: Mapping[str, str] | None = None) -> None:
        self.dimensions = dimensions
        self._meanings = dict(meanings or {})

    async def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimensions), np.int8)
        for at, text in enumerate(texts):
            for word, meaning in self._meanings.items():
                text = text.replace(word, meaning)
            row = sum((self._direction(token) for token in tokens(text)), np.zeros(self.dimensions))
            if length := np.linalg.norm(row):
                rows[at] = np.round(row / length * 127)
        return rows

    def _direction(self, token: str) -> NDArray[np.float64]:
        return np.random.default_rng(token_number(token)).standard_normal(self.dimensions)


class FakeImageEmbedder(FakeEmbedder):
    """Sees in a picture what `pictures` says of its address; any other cannot be read. While `is_away`, nobody answers."""

    name = "fake-images/1"

    def __init__(self, pictures: Mapping[str, str], *, dimensions: int = 32) -> None:
        super().__init__(dimensions=dimensions)
        self.pictures = dict(pictures)
        self.is_away = False

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if self.is_away:
            raise Unavailable("The image embedder is away.")
        return await super().embed(texts)

    async def embed_images(self, urls: Sequence[str]) -> Vectors:
        return await self.embed([self.pictures.get(url, "") for url in urls])
