"""Training: recipes and the networks, data and loops that make runs of them."""
