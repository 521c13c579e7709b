/**
 * Reading order: which marks stand on a line, and what the line says.
 * @module
 */

/** @typedef {import("./prepare.js").Box} Box */

const GAP = 1.1; // heights of a line's digits between two marks, from which they are two words

/**
 * The indices of the marks of each line, from left to right; lines from top to bottom.
 *
 * The marks are taken by their middles from the left; each joins the line whose last mark overlaps it most in height,
 * if that is half of the smaller one, or begins a line.
 * @param {Box[]} boxes
 * @returns {number[][]}
 */
export function findLines(boxes) {
  const order = boxes.map((_, index) => index).sort((one, two) => middle(boxes[one], 0) - middle(boxes[two], 0) || one - two);
  /** @type {number[][]} */
  const lines = [];
  for (const index of order) {
    const [, top, , bottom] = boxes[index];
    let best = null, most = 0.5;
    for (const line of lines) {
      const [, above, , below] = boxes[line[line.length - 1]];
      const shared = (Math.min(bottom, below) - Math.max(top, above)) / Math.min(bottom - top, below - above);
      if (shared >= most) [best, most] = [line, shared];
    }
    if (best) best.push(index);
    else lines.push([index]);
  }
  const height = (/** @type {number[]} */ line) => line.reduce((sum, index) => sum + middle(boxes[index], 1), 0) / line.length;
  return lines.sort((one, two) => height(one) - height(two));
}

/**
 * The text of a line: its labels, with a space where the gap is wide.
 * @param {Box[]} boxes
 * @param {number[]} line
 * @param {string[]} labels of the line's marks
 */
export function lineText(boxes, line, labels) {
  const high = line.map((index) => boxes[index][3] - boxes[index][1]).sort((one, two) => one - two)[line.length >> 1];
  return labels
    .map((label, place) => {
      if (place === 0) return label;
      const gap = boxes[line[place]][0] - boxes[line[place - 1]][2];
      return gap > GAP * high ? ` ${label}` : label;
    })
    .join("");
}

/**
 * Twice the middle of a box along an axis.
 * @param {Box} box
 * @param {number} axis
 */
function middle(box, axis) {
  return box[axis] + box[axis + 2];
}
