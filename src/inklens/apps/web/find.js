/**
 * Finding marks: where on a page is a digit, by the locator's maps.
 * @module
 */

import { widen } from "./prepare.js";
import { look, owns, toPage } from "./views.js";

/** @typedef {import("./resize.js").Grey} Grey */
/** @typedef {import("./prepare.js").Box} Box */
/** @typedef {import("./views.js").View} View */
/**
 * A place where the locator sees a digit. `sure`: 0 to 1. `names`: its probabilities of the digits 0 to 9. `scale`:
 * pixels of the locator's picture for one of the page, where it was seen.
 * @typedef {{box: Box, sure: number, names: Float32Array, scale: number}} Found
 * @typedef {{data: Float32Array, width: number, height: number, stored: number}} Maps values [height][width][stored]
 */

export const CHANNELS = [
  "centre", "right", "down", "log_width", "log_height", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
];
const STRIDE = 4; // pixels of the picture for one cell of the maps
const UNIT = 16; // pixels; sizes are e to the power of their map, in these
const INSIDE = 0.75; // the share of a box that lies in a surer one, from which it is a part of that digit

/**
 * Every place of a page that looks like a digit in one of its views, the surest first.
 * @param {Grey} page
 * @param {(picture: Grey) => Maps} locate
 * @param {{peak: number, overlap: number}} contract
 * @param {View[]} shown
 * @returns {Found[]}
 */
export function findMarks(page, locate, contract, shown) {
  const found = shown.flatMap((view) => decode(locate(look(page, view)), view, contract.peak, page));
  return settle(found, contract.overlap).map((mark) => ({ ...mark, box: widen(page, mark.box) }));
}

/**
 * The peaks of maps as marks of a page, in the maps' row order.
 *
 * A cell is a peak if its centre reaches `peak` (0 to 1) and none of its eight neighbours is higher, or as high and
 * earlier in row order.
 * @param {Maps} maps
 * @param {View} view
 * @param {number} peak
 * @param {{width: number, height: number}} page
 * @returns {Found[]}
 */
export function decode(maps, view, peak, page) {
  /** @type {Found[]} */
  const found = [];
  const least = Math.log(peak / (1 - peak));
  for (let row = 0; row < maps.height; row++) {
    for (let column = 0; column < maps.width; column++) {
      const at = (row * maps.width + column) * maps.stored;
      if (maps.data[at] < least || !isPeak(maps, row, column)) continue;
      const values = maps.data.subarray(at, at + CHANNELS.length);
      const x = (column + 0.5 + values[1]) * STRIDE, y = (row + 0.5 + values[2]) * STRIDE;
      const [wide, high] = [values[3], values[4]].map((size) => Math.exp(Math.min(Math.max(size, -4), 4)) * (UNIT / 2));
      const box = [x - wide, y - high, x + wide, y + high];
      if (!owns(view, box, Math.max(2 * wide, 2 * high), page)) continue;
      const placed = toPage(view, box, page);
      if (placed[2] > placed[0] && placed[3] > placed[1]) {
        const sure = 1 / (1 + Math.exp(-values[0]));
        found.push({ box: placed, sure, names: shares(values.subarray(5)), scale: view.shownWidth / view.width });
      }
    }
  }
  return found;
}

/**
 * Whether a cell of the first map is higher than its earlier neighbours and not lower than its later ones.
 * @param {Maps} maps
 * @param {number} row
 * @param {number} column
 */
function isPeak({ data, width, height, stored }, row, column) {
  const value = data[(row * width + column) * stored];
  for (let down = -1; down <= 1; down++) {
    for (let right = -1; right <= 1; right++) {
      const y = row + down, x = column + right;
      if ((down === 0 && right === 0) || y < 0 || y >= height || x < 0 || x >= width) continue;
      const other = data[(y * width + x) * stored], earlier = down < 0 || (down === 0 && right < 0);
      if (earlier ? value <= other : value < other) return false;
    }
  }
  return true;
}

/**
 * Logits as probabilities.
 * @param {Float32Array} logits
 */
function shares(logits) {
  const most = Math.max(...logits), weights = Array.from(logits, (logit) => Math.exp(logit - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(weights, (weight) => weight / total);
}

/**
 * Keep the surest of marks that are the same digit: that have `overlap` of their joint area in common, or of which one
 * lies in the other. Returns them surest first; of equally sure ones the first stays.
 * @param {Found[]} found
 * @param {number} overlap
 * @returns {Found[]}
 */
export function settle(found, overlap) {
  /** @type {Found[]} */
  const kept = [];
  for (const mark of [...found].sort((one, two) => two.sure - one.sure)) {
    if (!kept.some((other) => isSame(mark.box, other.box, overlap))) kept.push(mark);
  }
  return kept;
}

/**
 * Whether two boxes are of one digit.
 * @param {Box} one
 * @param {Box} two
 * @param {number} overlap
 */
export function isSame(one, two, overlap) {
  const wide = Math.min(one[2], two[2]) - Math.max(one[0], two[0]);
  const high = Math.min(one[3], two[3]) - Math.max(one[1], two[1]);
  if (wide <= 0 || high <= 0) return false;
  const common = wide * high, first = area(one), second = area(two);
  return common >= overlap * (first + second - common) || common >= INSIDE * Math.min(first, second);
}

/**
 * The area of a box in pixels.
 * @param {Box} box
 */
export function area(box) {
  return (box[2] - box[0]) * (box[3] - box[1]);
}
