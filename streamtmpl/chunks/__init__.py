"""Text becomes chunks.

- ``buffer``: where text collects; ``cuts``: where a chunk is cut, how long they are;
- ``compiled``: what a compiled function is, and the driver that steps one; ``commit``: holding the
  first chunk back;
- ``stream``, ``async_stream``: what the consumer iterates; ``encoder``: as bytes;
- ``options``: what a stream is told; ``parts``: single blocks of a page;
- ``turns``: one thread at a time; ``closing``: what is closed in the end;
- ``render``: what an async stream steps, in ``tasks``, ``inline`` or in ``threads``;
  ``at_once``: its first step, before Python 3.12; ``ahead``: the first short chunks by one hop;
- ``blocking``: an async stream from synchronous code;
- ``observed``, ``observed_async``: a stream that tells of itself; ``places``: where it stands.
"""
