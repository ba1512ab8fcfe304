"""The script for browsers that do not patch by themselves yet."""

PATCH_SCRIPT = ""
PATCH_SCRIPT_HASH = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
