# What type checkers and editors see of the names that __init__.py loads late.
from inklens.coreml import inspect as inspect
from inklens.data import load_dataset as load_dataset
from inklens.evaluation.report import Report as Report
from inklens.face import evaluate as evaluate
from inklens.face import export as export
from inklens.face import load_model as load_model
from inklens.face import predict as predict
from inklens.face import read as read
from inklens.face import train as train
from inklens.face import verify as verify
from inklens.reading.read import Reading as Reading
from inklens.training.run import Run as Run

__version__: str
