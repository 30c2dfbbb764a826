"""Tokens counted with a Hugging Face `tokenizer.json`: the file that the served model has. Needs the extra `tokens`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from matjip.errors import Misconfigured

__all__ = ["Exact"]


class Exact:
    """A `TokenCounter` that counts as the server does."""

    is_estimate = False

    def __init__(self, path: Path) -> None:
        """Raises Misconfigured where the file is none."""
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:
            raise Misconfigured(f"{path} is no tokenizer.json that can be read: {error}") from error
        self._tokenizer.no_truncation()  # a file may hold the length that its model was trained with
        self.name = f"exact/{path.parent.name or path.stem}"

    async def count(self, texts: Sequence[str]) -> list[int]:
        return await asyncio.to_thread(self._count, texts)

    def _count(self, texts: Sequence[str]) -> list[int]:
        clean = [text.encode(errors="replace").decode() for text in texts]  # a lone surrogate has no bytes to send
        return [len(each.ids) for each in self._tokenizer.encode_batch(clean, add_special_tokens=False)]
