"""What decides a training run, and the runs that inklens offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from inklens.errors import RecipeError
from inklens.training.augment import Augmentation
from inklens.training.disturb import Disturbance
from inklens.training.evidence import Evidence, load_evidence
from inklens.training.networks import NETWORKS

LOCATOR = "locator"  # the one network that reads pages, not images of one symbol: see `inklens.reader_training`
Optimizer = Literal["adadelta", "adamw", "sgd"]
Schedule = Literal["constant", "triangle"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training run, apart from the dataset and the seed.

    A variant is `dataclasses.replace(RECIPES["fast"], epochs=3)`. Raises RecipeError for values that cannot train.
    """

    name: str
    description: str
    network: str  # a name of inklens.training.networks.NETWORKS, or LOCATOR
    epochs: int
    batch: int  # images a step
    chunk: int = 64  # images that pass through the network together: their activations stay in the cache
    optimizer: Optimizer = "adamw"
    learning_rate: float = 1e-3  # the highest of the schedule
    schedule: Schedule = "triangle"
    warmup: float = 0.2  # share of the steps in which the triangle rises; then it falls to zero
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    average: float = 0.0  # decay a step of the weights' moving average, which is what is kept; 0 keeps the weights
    augmentation: Augmentation | None = None
    disturbance: Disturbance | None = None
    float16: bool = False  # end on weights that float16 holds exactly, so that float16 files answer alike
    pages: int = 0  # rendered pages to learn from instead of a dataset's images

    def __post_init__(self) -> None:
        known = (*NETWORKS, LOCATOR)
        if self.network not in known:
            raise RecipeError(f"no network is called {self.network!r}; there are {', '.join(known)}.")
        for name in ("epochs", "batch", "chunk"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise RecipeError(f"recipe {self.name}: {name} is {value!r}; expected a whole number of at least 1.")
        if not isinstance(self.pages, int) or self.pages < (self.network == LOCATOR):
            least = "at least 1, for a locator learns from nothing else" if self.network == LOCATOR else "at least 0"
            raise RecipeError(f"recipe {self.name}: pages is {self.pages!r}; expected a whole number of {least}.")
        for name, choices in (("optimizer", get_args(Optimizer)), ("schedule", get_args(Schedule))):
            value = getattr(self, name)
            if value not in choices:
                raise RecipeError(f"recipe {self.name}: {name} is {value!r}; expected one of {', '.join(choices)}.")
        if not 0 <= self.average < 1:
            raise RecipeError(f"recipe {self.name}: average is {self.average}; expected at least 0 and less than 1.")
        if not self.learning_rate > 0:
            raise RecipeError(f"recipe {self.name}: the learning rate is {self.learning_rate}; expected more than 0.")

    @property
    def evidence(self) -> Evidence | None:
        """What this very recipe reached when it was measured; None for one that was not, such as a variant."""
        found = load_evidence().get(self.name)
        return found if found and Recipe.from_json(found.recipe) == self else None

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON values; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe that `to_json` wrote. Raises RecipeError for missing, unknown or impossible fields."""
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise RecipeError(f"a recipe has no field {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")
        parts: dict[str, Any] = {"augmentation": Augmentation, "disturbance": Disturbance}
        try:
            return cls(**{**values, **{name: part(**values[name]) for name, part in parts.items() if values.get(name)}})
        except TypeError as error:
            raise RecipeError(f"these values are no recipe: {error}.") from error


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="tutorial",
            description="The origin tutorial's network and settings: three small convolutions and a wide dense layer.",
            network="tutorial",
            epochs=6,
            batch=512,
            optimizer="adadelta",
            learning_rate=1.0,
            schedule="constant",
        ),
        Recipe(
            name="fast",
            description="99 % in a few seconds, by one pass over the images.",
            network="fast",
            epochs=1,
            batch=256,
            chunk=128,
            learning_rate=4e-2,
            warmup=0.35,
            label_smoothing=0.15,
        ),
        Recipe(
            name="accurate",
            description="The fewest mistakes that one small network makes here.",
            network="accurate",
            epochs=18,
            batch=128,
            learning_rate=1e-2,
            weight_decay=0.05,
            label_smoothing=0.05,
            augmentation=Augmentation(shift=2.0, turn=12.0, zoom=0.12, slant=0.15, bend=0.7),
        ),
        Recipe(
            name="robust",
            description="Reads digits on spoilt paper too: in fog, scratched, striped, inverted.",
            network="accurate",
            epochs=18,
            batch=128,
            learning_rate=1e-2,
            weight_decay=0.05,
            label_smoothing=0.05,
            augmentation=Augmentation(shift=2.5, turn=14.0, zoom=0.2, slant=0.2, bend=0.7),
            disturbance=Disturbance(
                share=0.8, strokes=0.3, erase=0.1, blur=1.2, filter=0.4, noise=0.35, tone=0.35, light=0.5, edge=0.25
            ),
        ),
        Recipe(
            name="tiny",
            description="Under 5,000 parameters, for files of a few kilobytes.",
            network="tiny",
            epochs=44,
            batch=128,
            learning_rate=1e-2,
            augmentation=Augmentation(shift=1.0, turn=8.0, zoom=0.08, slant=0.1),
            float16=True,
        ),
        Recipe(
            name="locator",
            description="Finds the digits on a page; learns from rendered pages.",
            network=LOCATOR,
            epochs=7,
            batch=32,
            chunk=8,
            learning_rate=3e-3,
            warmup=0.15,
            weight_decay=0.02,
            average=0.998,
            float16=True,
            pages=48_000,
        ),
        Recipe(
            name="namer",
            description="Names what the locator finds, or says that it is none; learns from marks of rendered pages.",
            network="namer",
            epochs=6,
            batch=256,
            learning_rate=8e-3,
            weight_decay=0.05,
            label_smoothing=0.05,
            augmentation=Augmentation(shift=1.0, turn=6.0, zoom=0.08, slant=0.1, bend=0.4),
            float16=True,
            pages=16_000,
        ),
    )
}

DIGIT_RECIPES = [name for name, recipe in RECIPES.items() if not recipe.pages]
"""Those that learn from a dataset's images; the others learn from rendered pages."""


def get_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises RecipeError with the names there are."""
    if name not in RECIPES:
        raise RecipeError(
            f"no recipe is called {name!r}; there are {', '.join(RECIPES)}. `inklens recipes` describes each one."
        )
    return RECIPES[name]


def describe_recipes() -> str:
    """Every recipe with what it is for and what it reached, as lines of text."""
    lines = []
    for recipe in RECIPES.values():
        evidence = recipe.evidence
        lines += [f"{recipe.name}: {recipe.description}", f"    {evidence or 'not measured yet'}"]
        if evidence:
            lines.append(f"    {evidence.parameters:,} parameters; {evidence.machine}")
    return "\n".join(lines)
