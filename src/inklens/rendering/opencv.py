"""OpenCV, which draws the synthetic pages, imported in one place.

Only the renderer needs it: anti-aliased strokes, warps, blurs and JPEG at the speed that 40 pages a second take
(the same strokes cost ten times as much in Pillow, which has neither fractional coordinates nor a float canvas).
Reading a page never imports it.
"""

from __future__ import annotations

from inklens.errors import MissingExtra

try:
    import cv2
except ImportError:
    raise MissingExtra("rendering pages needs the train extra: pip install 'inklens[train]'") from None

cv2.setNumThreads(1)  # pages are rendered one a process; threads inside them cost 30 % on two cores

__all__ = ["cv2"]
