"""Model files and runs as functions from images to probabilities, under one contract, and whether two of them agree."""
