"""The ten steps in plain Keras 3: python examples/ten_steps.py [--images 55000] [--epochs 6] [--out ten-steps]

docs/ten-steps.md explains each step. Needs the train extra; nothing is downloaded.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
from keras import layers
from PIL import Image

from inklens import coreml
from inklens.data import load_dataset
from inklens.exporting import export
from inklens.look import first_images

parser = argparse.ArgumentParser()
parser.add_argument("--images", type=int, default=55_000)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--out", type=Path, default=Path("ten-steps"))
options = parser.parse_args()
options.out.mkdir(parents=True, exist_ok=True)
keras.utils.set_random_seed(1)

dataset = load_dataset("mnist")  # 1: load MNIST
Image.fromarray(first_images(dataset, 13).images[12]).save(options.out / "three.png")  # 2: look at one of its digits
train, test = dataset.train.images[: options.images, :, :, None], dataset.test.images[..., None]  # 3: channels last
answers = keras.utils.to_categorical(dataset.train.labels[: options.images], 10)  # 4: one-hot

network = keras.Sequential([keras.Input((28, 28, 1)), layers.Rescaling(1 / 255)])  # 5: the network
for size in (3, 2, 2):
    network.add(layers.Conv2D(32, size, padding="same", activation="relu"))
    network.add(layers.MaxPooling2D(2))
for layer in (layers.Dropout(0.3), layers.Flatten(), layers.Dense(500, activation="relu"), layers.Dropout(0.4)):
    network.add(layer)
network.add(layers.Dense(10, activation="softmax"))

network.compile(keras.optimizers.Adadelta(learning_rate=1.0), "categorical_crossentropy", metrics=["accuracy"])
network.fit(train, answers, batch_size=512, epochs=options.epochs, verbose=2)  # 6: train
loss, accuracy = network.evaluate(test, keras.utils.to_categorical(dataset.test.labels, 10), verbose=0)  # 7: evaluate
print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}")

network.save(options.out / "digits.keras")  # 8: save, convert, and prove that the file answers the same
print(export(options.out / "digits.keras", options.out / "digits.mlpackage", scale="0-255", ink="bright"))

model = coreml.load(options.out / "digits.mlpackage")  # 9: predict with the Core ML file; 10: use it in an app
print(model.predict({"image": Image.open(options.out / "three.png")}))
