/**
 * One mark cut out of a page and redrawn as classifiers of MNIST know digits.
 * @module
 */

import { crop, resize } from "./resize.js";

/** @typedef {import("./resize.js").Grey} Grey */
/** @typedef {[number, number, number, number]} Box x0, y0, x1, y1 in pixels, the last two exclusive */

export const SIZE = 28; // pixels of a side
const LONG = 20; // pixels of the mark's long side, as in MNIST
const LEAST_CONTRAST = 8; // grey levels of the paper's distance that full ink has at least: fainter marks stay grey

/**
 * Cut one mark out of a page: paper 0, ink towards 255, long side 20 px, its centre of mass in the middle.
 *
 * Ink may be darker or brighter than the paper; parts of the box outside the page are left out. All zeros for a box
 * without area on the page. Whole numbers throughout: every step is exact.
 * @param {Grey} page
 * @param {Box} box
 * @returns {Uint8Array} [28][28], ink bright on 0
 */
export function prepareMark(page, box) {
  const x0 = Math.max(0, box[0]), y0 = Math.max(0, box[1]);
  const x1 = Math.min(page.width, box[2]), y1 = Math.min(page.height, box[3]);
  if (x1 <= x0 || y1 <= y0) return new Uint8Array(SIZE * SIZE);
  const ink = takeInk(page, [x0, y0, x1, y1]);
  const wide = x1 - x0, high = y1 - y0, longest = Math.max(wide, high);
  const [width, height] = [wide, high].map((side) => Math.max(1, Math.floor((2 * side * LONG + longest) / (2 * longest))));
  return centre(stretch(resize(ink, width, height)));
}

/**
 * How far each pixel of a box is from its paper on the side of the ink; paper is 0.
 * @param {Grey} page
 * @param {Box} box
 * @returns {Grey}
 */
export function takeInk(page, box) {
  const [x0, y0, x1, y1] = box, width = x1 - x0, height = y1 - y0;
  const level = paperLevel(page, box);
  const difference = new Int32Array(width * height);
  let dark = 0, bright = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = page.data[(y0 + y) * page.width + x0 + x] - level.middle - level.across[x] - level.down[y];
      difference[y * width + x] = value;
      if (value < 0) dark += value * value;
      else bright += value * value;
    }
  }
  const sign = dark >= bright ? -1 : 1, data = new Uint16Array(difference.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.max(0, sign * difference[i]);
  return { width, height, data };
}

/**
 * The paper's grey in every pixel of a box: a plane through what surrounds it, `middle` + `across[x]` + `down[y]`.
 *
 * The middle level is the median of the box and a margin of an eighth; the slope is that between the medians of
 * opposite margins, where both lie nearer to the middle level than a third of the ink.
 * @param {Grey} page
 * @param {Box} box
 * @returns {{middle: number, across: Int32Array, down: Int32Array}}
 */
export function paperLevel(page, [x0, y0, x1, y1]) {
  const margin = Math.max(2, Math.floor((Math.max(x1 - x0, y1 - y0) + 7) / 8));
  const left = Math.max(0, x0 - margin), top = Math.max(0, y0 - margin);
  const right = Math.min(page.width, x1 + margin), bottom = Math.min(page.height, y1 + margin);
  const part = (/** @type {Box} */ [from, up, to, until]) => crop(page, from, up, to - from, until - up).data;
  const region = part([left, top, right, bottom]);
  const middle = median(region);
  const contrast = rankFromTop(region.map((value) => Math.abs(value - middle)), Math.floor(region.length / 16));
  const slope = (/** @type {Grey["data"]} */ before, /** @type {Grey["data"]} */ after) => {
    if (before.length === 0 || after.length === 0) return 0;
    const one = median(before) - middle, two = median(after) - middle;
    return 3 * Math.max(Math.abs(one), Math.abs(two)) <= contrast ? two - one : 0;
  };
  const across = slope(part([left, top, x0, bottom]), part([x1, top, right, bottom]));
  const down = slope(part([left, top, right, y0]), part([left, y1, right, bottom]));
  // the margins' middles are one box and one margin apart; twice the distance from the box's middle, so all is whole
  const levels = (/** @type {number} */ rise, /** @type {number} */ length) =>
    Int32Array.from({ length }, (_, at) => Math.floor((rise * (2 * at + 1 - length)) / (2 * (length + margin))));
  return { middle, across: levels(across, x1 - x0), down: levels(down, y1 - y0) };
}

/**
 * Stretch ink to 255 without making it black and white.
 *
 * Full ink is what a sixteenth of the pixels reaches; an eighth of that is still paper.
 * @param {Grey} ink
 * @returns {Grey}
 */
export function stretch({ width, height, data }) {
  const full = Math.max(LEAST_CONTRAST, rankFromTop(data, Math.floor(data.length / 16)));
  const paper = Math.floor(full / 8);
  const stretched = (/** @type {number} */ value) => Math.floor(((value - paper) * 255) / (full - paper));
  return { width, height, data: Uint8Array.from(data, (value) => Math.min(Math.max(stretched(value), 0), 255)) };
}

/**
 * Put a mark, sides at most 20, on 28 × 28 so that its centre of mass is in the middle.
 * @param {Grey} mark
 * @returns {Uint8Array}
 */
export function centre({ width, height, data }) {
  const picture = new Uint8Array(SIZE * SIZE);
  let mass = 0, across = 0, down = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x];
      mass += value;
      across += value * (2 * x + 1);
      down += value * (2 * y + 1);
    }
  }
  const left = mass ? place(across, mass, width) : Math.floor((SIZE - width) / 2);
  const top = mass ? place(down, mass, height) : Math.floor((SIZE - height) / 2);
  for (let y = 0; y < height; y++) picture.set(data.subarray(y * width, (y + 1) * width), (top + y) * SIZE + left);
  return picture;
}

/**
 * Where a side of `length` begins so that its centre of mass comes to 14.5, where MNIST has it, or nearly.
 *
 * The centre lies `moment` / (2 `mass`) pixels from the side's beginning.
 * @param {number} moment
 * @param {number} mass
 * @param {number} length
 */
export function place(moment, mass, length) {
  return Math.min(Math.max(Math.floor(((SIZE + 1) * mass - moment + mass) / (2 * mass)), 0), SIZE - length);
}

/**
 * The lower median of whole numbers.
 * @param {Grey["data"]} values
 */
export function median(values) {
  return ranked(values, (values.length - 1) >> 1);
}

/**
 * The value that `rank` others of whole numbers are at least as large as.
 * @param {Grey["data"]} values
 * @param {number} rank
 */
function rankFromTop(values, rank) {
  return ranked(values, values.length - 1 - Math.min(rank, values.length - 1));
}

/**
 * The value at a place of the sorted values, by counting.
 * @param {Grey["data"]} values
 * @param {number} place
 */
function ranked(values, place) {
  const counts = new Uint32Array(1024); // ink reaches 255 and, where paper slopes, 85 more
  for (let i = 0; i < values.length; i++) counts[values[i]]++;
  let value = 0;
  for (let below = counts[0]; below <= place; below += counts[value]) value++;
  return value;
}
