"""Settings of other tools: where they are, what they say, what they would add. Changes nothing."""

from nbapimgr.imports._find import find, read_file
from nbapimgr.imports._found import Account, Found, Malformed
from nbapimgr.imports._merge import Addition, Known, Piece, merged
from nbapimgr.imports._ollama import found_models
from nbapimgr.imports._sources import Where

__all__ = [
    "Account",
    "Addition",
    "Found",
    "Known",
    "Malformed",
    "Piece",
    "Where",
    "find",
    "found_models",
    "merged",
    "read_file",
]
