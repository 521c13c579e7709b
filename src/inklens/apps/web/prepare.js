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
 * A box with the strokes that it cuts off: a side moves out as far as ink goes on, if that ends within an eighth.
 * @param {Grey} page
 * @param {Box} box within the page, not empty
 * @returns {Box}
 */
export function widen(page, [x0, y0, x1, y1]) {
  const reach = Math.max(2, Math.max(x1 - x0, y1 - y0) >> 3), left = Math.max(0, x0 - reach), top = Math.max(0, y0 - reach);
  const right = Math.min(page.width, x1 + reach), bottom = Math.min(page.height, y1 + reach), size = (x1 - x0) * (y1 - y0);
  const counts = count(page, [left, top, right, bottom]), paper = ranked(counts, ((right - left) * (bottom - top) - 1) >> 1);
  const rank = size >> 4, inner = count(page, [x0, y0, x1, y1]);
  let sign = 0; // dark ink's squares less those of bright ink
  for (let grey = 0; grey < 256; grey++) sign += counts[grey] * (paper - grey) * Math.abs(paper - grey);
  sign = sign >= 0 ? -1 : 1;
  const full = Math.max(LEAST_CONTRAST, sign * (ranked(inner, sign < 0 ? rank : size - 1 - rank) - paper));
  const across = new Uint8Array(right - left), down = new Uint8Array(bottom - top); // whether it has ink beside the box
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (x === x0 && y >= y0 && y < y1 && (x = x1) >= right) break;
      if (2 * sign * (page.data[y * page.width + x] - paper) < full) continue;
      if (y >= y0 && y < y1) across[x - left] = 1;
      if (x >= x0 && x < x1) down[y - top] = 1;
    }
  }
  const leading = (/** @type {Uint8Array} */ inked) => Math.max(0, inked.indexOf(0));
  return [
    x0 - leading(across.subarray(0, x0 - left).reverse()),
    y0 - leading(down.subarray(0, y0 - top).reverse()),
    x1 + leading(across.subarray(x1 - left)),
    y1 + leading(down.subarray(y1 - top)),
  ];
}

/**
 * How far each pixel of a box is from its paper on the side of the ink; paper is 0.
 * @param {Grey} page
 * @param {Box} box
 * @returns {Grey}
 */
export function takeInk(page, box) {
  const [x0, y0, x1, y1] = box, width = x1 - x0, height = y1 - y0;
  const { middle, across, down } = paperLevel(page, box);
  const difference = new Int16Array(width * height), data = new Uint16Array(width * height);
  let dark = 0, all = 0; // squares
  for (let y = 0, at = 0; y < height; y++) {
    const level = middle + down[y], from = (y0 + y) * page.width + x0;
    for (let x = 0; x < width; x++, at++) {
      const value = page.data[from + x] - level - across[x], negative = value & (value >> 31); // or 0, without a branch
      difference[at] = value;
      dark += negative * negative;
      all += value * value;
    }
  }
  const sign = 2 * dark >= all ? -1 : 1;
  for (let i = 0; i < data.length; i++) {
    const value = sign * difference[i];
    data[i] = value & ~(value >> 31);
  }
  return { width, height, data };
}

/**
 * The paper's grey in every pixel of a box: a plane through what surrounds it, `middle` + `across[x]` + `down[y]`.
 * prepare.py says which.
 * @param {Grey} page
 * @param {Box} box
 * @returns {{middle: number, across: Int32Array, down: Int32Array}}
 */
export function paperLevel(page, [x0, y0, x1, y1]) {
  const margin = Math.max(2, Math.floor((Math.max(x1 - x0, y1 - y0) + 7) / 8));
  const left = Math.max(0, x0 - margin), top = Math.max(0, y0 - margin);
  const right = Math.min(page.width, x1 + margin), bottom = Math.min(page.height, y1 + margin);
  const area = (right - left) * (bottom - top);
  const counts = count(page, [left, top, right, bottom]), distances = new Uint32Array(256);
  const middle = ranked(counts, (area - 1) >> 1);
  for (let grey = 0; grey < 256; grey++) distances[Math.abs(grey - middle)] += counts[grey];
  const contrast = sixteenthFromTop(distances, area);
  const slope = (/** @type {Box} */ before, /** @type {Box} */ after) => {
    const [one, two] = [before, after].map((part) => median(page, part) - middle);
    return 3 * Math.max(Math.abs(one), Math.abs(two)) <= contrast ? two - one : 0; // not if a margin is empty
  };
  const across = slope([left, top, x0, bottom], [x1, top, right, bottom]);
  const down = slope([left, top, right, y0], [left, y1, right, bottom]);
  // the margins' middles are one box and one margin apart; twice the distance from the box's middle, so all is whole
  const levels = (/** @type {number} */ rise, /** @type {number} */ length) =>
    new Int32Array(length).map((_, at) => Math.floor((rise * (2 * at + 1 - length)) / (2 * (length + margin))));
  return { middle, across: levels(across, x1 - x0), down: levels(down, y1 - y0) };
}

/**
 * Stretch ink to 255 without making it black and white.
 *
 * Full ink is what a sixteenth of the pixels reaches; an eighth of that is still paper.
 * @param {Grey} ink
 * @returns {Grey}
 */
export function stretch(ink) {
  const { width, height, data } = ink, counts = count(ink, [0, 0, width, height]);
  const full = Math.max(LEAST_CONTRAST, sixteenthFromTop(counts, data.length));
  const paper = Math.floor(full / 8), stretched = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    stretched[i] = Math.min(Math.max(Math.floor(((data[i] - paper) * 255) / (full - paper)), 0), 255);
  }
  return { width, height, data: stretched };
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
 * The lower median of a part of a page; NaN of nothing.
 * @param {Grey} page
 * @param {Box} part
 */
export function median(page, [x0, y0, x1, y1]) {
  const area = (x1 - x0) * (y1 - y0);
  return area ? ranked(count(page, [x0, y0, x1, y1]), (area - 1) >> 1) : NaN;
}

/**
 * How often each grey is in a part of a page.
 * @param {Grey} page
 * @param {Box} part
 */
function count({ data, width }, [x0, y0, x1, y1]) {
  const counts = new Uint32Array(1024); // ink reaches 255 and, where paper slopes, 85 more
  for (let y = y0; y < y1; y++) for (let at = y * width + x0; at < y * width + x1; at++) counts[data[at]]++;
  return counts;
}

/**
 * The value that a sixteenth of `total` counted values are at least as large as.
 * @param {Uint32Array} counts
 * @param {number} total
 */
function sixteenthFromTop(counts, total) {
  return ranked(counts, total - 1 - Math.floor(total / 16));
}

/**
 * The value at a place of sorted values that were counted.
 * @param {Uint32Array} counts
 * @param {number} place
 */
function ranked(counts, place) {
  let value = 0;
  for (let below = counts[0]; below <= place; below += counts[value]) value++;
  return value;
}
