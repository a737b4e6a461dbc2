"""The notebook's face: `%%llm` and `%llm`."""

from nbapimgr.magics._register import register, unregister

__all__ = ["register", "unregister"]
