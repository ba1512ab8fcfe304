"""Rendering a deferred region of an async environment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from streamtmpl.chunks.closing import Sources, report
from streamtmpl.chunks.cuts import cut, open_sources
from streamtmpl.chunks.render import asyncio_runs

from .failures import rewritten
from .region import Region

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from streamtmpl.chunks.buffer import Buffer


class AsyncRegion(Region):
    """A region of an async environment."""

    async def into(self, out: Buffer) -> None:
        """Render it right here, into *out*; what stands above it is handed over before."""
        main = out.main
        if main.tell() > main.flush_limit:
            await cut()
        self.start_clock()
        if self.timeout is None or not asyncio_runs():
            await self.render()
        else:
            await self._render_in_time(self.timeout)
        out.write(self.text or "")

    async def _render_in_time(self, timeout: float) -> None:
        try:
            error = await asyncio.wait_for(self._fully(), timeout)
        except asyncio.TimeoutError:
            error = self.timed_out()
        if error is not None:
            await self.fail(error)

    async def render(self) -> None:
        """Render it: what it shows is :attr:`text` then."""
        if self.dropped:
            return
        error = await self._fully()
        if error is not None:
            await self.fail(error)

    async def _fully(self) -> BaseException | None:
        """Render its body; returns the error, if there is one."""
        try:
            text = await self._captured(self._body, self.context, self.deadline)
        except Exception as error:  # noqa: BLE001 - shown in its place
            return rewritten(self.context, error)
        if self._claim():
            self.text = text
        return None

    async def fail(self, error: BaseException) -> None:
        """Show its part for errors, if it shows nothing yet."""
        if self.dropped or not self._claim():
            return
        error, context = self._fails(error)
        if context is None:
            self.text = ""
            return
        try:
            self.text = await self._captured(self._on_error, context, None)
        except Exception as second:  # noqa: BLE001 - logged: there is nothing else to show
            self.text = self._fails_again(second)

    async def _captured(self, function: Any, context: Context, deadline: float | None) -> str:
        sources = Sources()
        token = open_sources.set(sources)
        out = self._buffer(function, sources, None)
        try:
            await function(context, out)
            self._check_time(deadline)
            return out.getvalue()
        finally:
            report(await sources.aclose())
            open_sources.reset(token)
