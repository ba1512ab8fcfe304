"""Pages in real browsers: what a reader sees while a document, and patches to it, arrive."""
