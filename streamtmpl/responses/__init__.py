"""What is sent, whatever sends it.

- ``head``, ``headers``: status and headers; ``attachment``: the name of a file; ``timing``: what is
  known when the head is sent;
- ``body``: bytes of any source; ``compression``: flushed after each chunk;
- ``first``: the first chunk, which comes before the head; ``late``: a session changed after it;
- ``delivery``: how a stream goes out over ASGI: who waits for whom, and how it ends;
- ``policy``: who gets patches, and by which nonce; ``readers``: who asked for a page;
- ``script``: the responses with the patch script and the page script.
"""
