"""The shape of an answer: what is sent so that the model keeps to it, and how the answer is read.

shape(Person)                       a pydantic model, dataclass, TypedDict, Enum, list[T], …
shape({"type": "object", …})        a JSON schema, also as text or as the path of a file
shape("name, age int, bio: one line")     the short form
"""

from nbapimgr.schema._named import named
from nbapimgr.schema._shape import Shape, shape

__all__ = ["Shape", "named", "shape"]
