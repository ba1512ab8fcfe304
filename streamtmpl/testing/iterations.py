"""One iteration of a source, in a thread or a task: begun, and over when it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


class Iteration:
    """An iterator and async iterator in one.

    It is no generator, since on trio it is an error to drop an async generator, as frameworks do
    with the body of a response.
    """

    def __init__(
        self,
        pull: Callable[[], list[Any]],
        pull_async: Callable[[], Awaitable[list[Any]]],
        end: Callable[[], None],
    ) -> None:
        """An iteration of what *pull* gives: a list of one item, or an empty one at the end.

        :param end: called once, when the iteration has ended, was closed, or was dropped.
        """
        self._pull, self._pull_async, self._end = pull, pull_async, end
        self._over = False

    def __iter__(self) -> Iteration:
        return self

    def __next__(self) -> Any:
        if not self._over:
            try:
                item = self._pull()
            except BaseException:
                self.close()
                raise
            if item:
                return item[0]
            self.close()
        raise StopIteration

    def __aiter__(self) -> Iteration:
        return self

    async def __anext__(self) -> Any:
        if not self._over:
            try:
                item = await self._pull_async()
            except BaseException:
                self.close()
                raise
            if item:
                return item[0]
            self.close()
        raise StopAsyncIteration

    def close(self) -> None:
        """Nothing more comes."""
        if not self._over:
            self._over = True
            self._end()

    async def aclose(self) -> None:
        """Nothing more comes."""
        self.close()

    def __del__(self) -> None:
        self.close()
