"""Ask any LLM from a notebook cell, and never lose the cell to a provider's failure.

%load_ext nbapimgr          then   %%llm   in a cell
nbapimgr.connect()          the same from Python
"""

from __future__ import annotations
