"""How well a reader reads: on labelled photos and on rendered pages."""
