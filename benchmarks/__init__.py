"""Measurements of the recipes and the exported files, side by side with what others do; see README.md."""
