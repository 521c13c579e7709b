/**
 * A reader: the locator that finds marks on pages and the classifier that names them, from network files.
 * @module
 */

import { CHANNELS } from "./find.js";
import { Network, startRuntime } from "./network.js";
import { SIZE } from "./prepare.js";

/** @typedef {import("./resize.js").Grey} Grey */

const MOST = 16; // marks that the classifier is asked about at once

/** What reads a page: `locate` makes a picture's maps, `classify` names marks of 28 × 28 pixels. */
export class Reader {
  /**
   * @param {Network} locator
   * @param {Network} classifier
   */
  constructor(locator, classifier) {
    const { channels } = locator.contract;
    if (locator.contract.kind !== "locator" || String(channels) !== String(CHANNELS)) {
      throw new Error("the first network is no locator that this page knows");
    }
    if (classifier.contract.kind !== "classifier" || classifier.contract.ink !== "bright") {
      throw new Error("the second network is no classifier that this page knows");
    }
    this.locator = locator;
    this.classifier = classifier;
    this.locatorContract = /** @type {{peak: number, overlap: number}} */ (locator.contract);
    this.classifierContract = /** @type {import("./judge.js").ClassifierContract} */ (classifier.contract);
    /** What the classifier may call a mark, without its none. */
    this.labels = this.classifierContract.labels.filter((label) => label !== this.classifierContract.none);
    /** Milliseconds that each network took since they were last set to 0. */
    this.spent = { locate: 0, classify: 0 };
  }

  /** @type {(picture: Grey) => import("./find.js").Maps} */
  locate = (picture) => {
    const start = performance.now();
    const maps = this.locator.run(/** @type {Uint8Array} */ (picture.data), picture.width, picture.height);
    this.spent.locate += performance.now() - start;
    return maps;
  };

  /** @type {(marks: Uint8Array[]) => Float32Array[]} */
  classify = (marks) => {
    const start = performance.now();
    /** @type {Float32Array[]} */
    const answers = [];
    for (let first = 0; first < marks.length; first += MOST) {
      const part = marks.slice(first, first + MOST), pixels = new Uint8Array(part.length * SIZE * SIZE);
      part.forEach((mark, index) => pixels.set(mark, index * SIZE * SIZE));
      const { data, channels, stored } = this.classifier.run(pixels, SIZE, SIZE, part.length);
      part.forEach((_, index) => answers.push(data.slice(index * stored, index * stored + channels)));
    }
    this.spent.classify += performance.now() - start;
    return answers;
  };
}

/**
 * Start the kernels and open both networks.
 * @param {BufferSource} wasm
 * @param {ArrayBuffer} locator
 * @param {ArrayBuffer} classifier
 */
export async function loadReader(wasm, locator, classifier) {
  const runtime = await startRuntime(wasm);
  return new Reader(new Network(runtime, locator), new Network(runtime, classifier));
}
