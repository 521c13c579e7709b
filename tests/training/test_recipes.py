"""What recipes say, refuse and keep."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from inklens.errors import RecipeError
from inklens.training.augment import Augmentation
from inklens.training.recipes import RECIPES, Recipe, describe_recipes, get_recipe


def test_the_tutorial_keeps_the_origins_settings():
    recipe = get_recipe("tutorial")
    assert (recipe.optimizer, recipe.learning_rate, recipe.schedule) == ("adadelta", 1.0, "constant")
    assert (recipe.batch, recipe.epochs, recipe.label_smoothing, recipe.augmentation) == (512, 6, 0.0, None)


def test_an_unknown_recipe_names_those_there_are():
    with pytest.raises(RecipeError) as caught:
        get_recipe("slow")
    assert str(caught.value) == (
        "no recipe is called 'slow'; there are tutorial, fast, accurate, robust, tiny, locator, namer. "
        "`inklens recipes` describes each one."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "recipe fast: epochs is 0; expected a whole number of at least 1."),
        ({"epochs": -1}, "epochs is -1"),
        ({"batch": 2.5}, "batch is 2.5"),
        ({"chunk": 0}, "chunk is 0"),
        ({"learning_rate": 0.0}, "the learning rate is 0.0; expected more than 0."),
        ({"network": "vast"}, "no network is called 'vast'; there are tutorial, fast, accurate, tiny, namer, locator."),
        ({"optimizer": "lion"}, "optimizer is 'lion'; expected one of adadelta, adamw, sgd."),
        ({"schedule": "cosine"}, "schedule is 'cosine'; expected one of constant, triangle."),
        ({"average": 1.0}, "average is 1.0; expected at least 0 and less than 1."),
    ],
)
def test_what_cannot_be_trained_is_refused(change, message):
    with pytest.raises(RecipeError) as caught:
        replace(RECIPES["fast"], **change)
    assert message in str(caught.value)


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        RECIPES["fast"].epochs = 3


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_comes_back_from_json(name):
    text = json.dumps(RECIPES[name].to_json())
    assert Recipe.from_json(json.loads(text)) == RECIPES[name]


def test_json_that_is_no_recipe_is_refused():
    values = RECIPES["fast"].to_json()
    with pytest.raises(RecipeError, match="a recipe has no field colour; it has augmentation, average"):
        Recipe.from_json({**values, "colour": "red"})
    del values["network"]
    with pytest.raises(RecipeError, match=r"these values are no recipe: .*network"):
        Recipe.from_json(values)


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if not recipe.pages])
def test_every_recipe_of_digits_has_evidence_of_its_present_form(name):
    evidence = RECIPES[name].evidence
    assert evidence is not None, "the recipe has changed since `make bench` measured it"
    assert evidence.seeds >= (1 if name == "robust" else 5)  # one seed of robust is measured so far
    assert 0.98 < evidence.lowest <= evidence.accuracy < 1


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("locator", "of the digits on 1,000 rendered validation pages named where they are"),
        ("namer", "of the marks of 1,000 rendered validation pages named, or rightly said to be none"),
    ],
)
def test_every_recipe_of_the_reader_says_what_it_reached_and_of_what(name, measured):
    evidence = RECIPES[name].evidence
    assert evidence is not None, "the recipe has changed since `make reader` trained it"
    assert evidence.measured == measured
    assert 0.8 < evidence.lowest <= evidence.accuracy < 1
    share = f"{evidence.accuracy:.2%}" + (f" ± {evidence.spread * 100:.2f}" if evidence.seeds > 1 else "")
    assert f"\n    {share} {measured}, {evidence.seeds} seed" in describe_recipes()


def test_evidence_of_one_seed_claims_no_spread():
    evidence = replace(RECIPES["fast"].evidence, seeds=1, accuracy=0.9876, spread=0.0, seconds=2.0)
    assert str(evidence) == "98.76%, 1 seed, 2.0 s"
    assert str(replace(evidence, seeds=2, spread=0.001, measured="of it")) == "98.76% ± 0.10 of it, 2 seeds, 2.0 s"


def test_a_variant_does_not_borrow_the_evidence():
    assert replace(RECIPES["fast"], epochs=2).evidence is None
    assert replace(RECIPES["fast"], augmentation=Augmentation(shift=1.0)).evidence is None


def test_the_description_shows_each_recipe_with_its_figures():
    text = describe_recipes()
    for name, recipe in RECIPES.items():
        assert f"{name}: {recipe.description}\n    {recipe.evidence or 'not measured yet'}" in text
