"""Every error that inklens raises on purpose.

    InklensError
    ├── DataError        a dataset that is missing, corrupt or does not fit together
    ├── ImageError       a picture that cannot be read
    ├── RecipeError      a recipe that does not exist or cannot be trained
    ├── RunError         a run folder that is missing, unfinished or damaged
    ├── ModelError       a model file that is damaged, unsupported or does not fit
    ├── ContractError    a model whose metadata break the model contract
    ├── ExportError      an export that cannot be made
    │   └── ParityError  an export whose bytes answer differently from their source
    ├── OutputError      a place that cannot be written
    └── MissingExtra     a dependency that the light installation leaves out

The command line turns an `InklensError` into one line and exit code 1; anything else is a bug and keeps its traceback.
"""


class InklensError(Exception):
    """Root of all errors that say what was given, what was expected and what to do."""


class DataError(InklensError):
    """A dataset is missing, corrupt or does not fit together."""


class ImageError(InklensError):
    """A picture cannot be read."""


class RecipeError(InklensError):
    """A recipe does not exist or cannot be trained."""


class RunError(InklensError):
    """A run folder is missing, unfinished or damaged."""


class ModelError(InklensError):
    """A model file is damaged, unsupported or does not fit its use."""


class ContractError(InklensError):
    """A model's metadata break the model contract."""


class ExportError(InklensError):
    """An export cannot be made."""


class ParityError(ExportError):
    """An exported file answers differently from its source."""


class OutputError(InklensError):
    """A place cannot be written."""


class MissingExtra(InklensError):
    """A dependency is missing that the light installation leaves out."""
