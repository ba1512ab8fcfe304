"""What is sent, whatever sends it.

- ``head``, ``headers``: status and headers; ``body``: bytes of any source;
- ``first``: the first chunk, which comes before the head;
- ``delivery``: how a stream goes out over ASGI: who waits for whom, and how it ends;
- ``policy``: who gets patches, and by which nonce; ``script``: the response with the patch script.
"""
