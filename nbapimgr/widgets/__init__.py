"""What is shown in a notebook besides answers: HTML that is saved, and widgets that act."""

from nbapimgr.widgets._error_controls import Controls
from nbapimgr.widgets._error_page import error_html, error_text
from nbapimgr.widgets._error_story import Story, Tried, story
from nbapimgr.widgets._panel import Panel
from nbapimgr.widgets._panel_still import StillPanel
from nbapimgr.widgets._waterfall import waterfall_html, waterfall_text

__all__ = [
    "Controls",
    "Panel",
    "StillPanel",
    "Story",
    "Tried",
    "error_html",
    "error_text",
    "story",
    "waterfall_html",
    "waterfall_text",
]
