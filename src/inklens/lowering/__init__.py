"""From a Keras network to the intermediate representation of `inklens.coreml`.

The package registers its handlers here, so that `graph`, which calls them, need not know them.
"""

from inklens.lowering import activations, layers
from inklens.lowering.graph import lower

__all__ = ["activations", "layers", "lower"]
