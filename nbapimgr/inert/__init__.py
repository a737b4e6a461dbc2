"""Model output made inert before it is shown: no HTML, nothing fetched, links that say where to.

What a model writes is data from a stranger. Shown as Markdown it could fetch a picture with the
reader's words in its address, run a script, or hide an address behind a friendly word; JupyterLab's
own sanitiser lets pictures through on purpose. So the Markdown itself is rewritten, the same for
every front end:

* raw HTML becomes text; pictures become links or words; links name their host; only http, https,
  mailto and links within the page stay links, reference links are written out;
* code, fenced or not, is not touched, and mathematics keeps its meaning.

The result is then read again as other renderers would read it; where one of them finds anything
alive, the rewriting is made coarser, in the end one block of code.
"""

from nbapimgr.inert._inert import inert, plain

__all__ = ["inert", "plain"]
