"""How good a classifier is: on test images, on spoilt ones, and how that is shown."""
