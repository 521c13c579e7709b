/**
 * A page as the locator looks at it: whole, from further away, and closer in overlapping parts.
 * @module
 */

import { median } from "./prepare.js";
import { crop, resize } from "./resize.js";

/** @typedef {import("./resize.js").Grey} Grey */
/** @typedef {import("./prepare.js").Box} Box */
/**
 * A rectangle of the page (`x`, `y`, `width`, `height` in its pixels) shown in the top left of the locator's picture,
 * `shownWidth` × `shownHeight` pixels large. `level` 0 shows the whole page as large as it fits, -1 half as large,
 * 1, 2, … about twice as large each.
 * @typedef {{level: number, x: number, y: number, width: number, height: number, shownWidth: number,
 *   shownHeight: number, picture?: number[]}} View `picture`: width and height of a smaller picture than the usual one
 */

const LONG_SIDE = 640, SHORT_SIDE = 480; // of the locator's picture, in pixels
const LARGEST_SCALE = 4; // times that a page is enlarged at most
const OVERLAP = 96; // pixels that neighbouring parts have in common
const SMALL = 72; // pixels: a closer look is for marks up to this size, which some part shows whole
const LARGE = 72; // pixels: the look from further away is for marks from this size
const CLOSEST = 2; // levels; at the second, 640 pixels of the page are 2,300 or less of a photo

/**
 * Whether a mark seen in a view, with its box and longer side in pixels of the picture, is for this view to tell.
 * @param {View} view
 * @param {number[]} box
 * @param {number} size
 * @param {{width: number, height: number}} page
 */
export function owns(view, [x0, y0, x1, y1], size, page) {
  if (view.level < 0) return size >= LARGE;
  if (view.level === 0) return true;
  return (
    size <= SMALL &&
    (view.x === 0 || x0 >= 1) &&
    (view.y === 0 || y0 >= 1) &&
    (view.x + view.width === page.width || x1 <= view.shownWidth - 1) &&
    (view.y + view.height === page.height || y1 <= view.shownHeight - 1)
  );
}

/**
 * A box of the picture in whole pixels of the page, cut off at its edges; halves are rounded up.
 * @param {View} view
 * @param {number[]} box
 * @param {{width: number, height: number}} page
 * @returns {Box}
 */
export function toPage(view, [x0, y0, x1, y1], page) {
  const across = (/** @type {number} */ value) => Math.floor(view.x + (value * view.width) / view.shownWidth + 0.5);
  const down = (/** @type {number} */ value) => Math.floor(view.y + (value * view.height) / view.shownHeight + 0.5);
  return [
    Math.max(0, across(x0)), Math.max(0, down(y0)), Math.min(page.width, across(x1)), Math.min(page.height, down(y1)),
  ];
}

/**
 * The whole page as large as it fits into 640 × 480 pixels, or 480 × 640 if it is higher than wide.
 * @param {number} width
 * @param {number} height
 * @returns {View}
 */
export function fitPage(width, height) {
  const [wide, high] = pictureSize(width, height);
  let shownWidth = wide, shownHeight = high;
  if (width * high >= height * wide) shownHeight = Math.max(1, Math.floor((2 * height * wide + width) / (2 * width)));
  else shownWidth = Math.max(1, Math.floor((2 * width * high + height) / (2 * height)));
  if (shownWidth > LARGEST_SCALE * width) [shownWidth, shownHeight] = [LARGEST_SCALE * width, LARGEST_SCALE * height];
  return { level: 0, x: 0, y: 0, width, height, shownWidth, shownHeight };
}

/**
 * How a page of that size is looked at: whole, and with `closer` from further away and closer where it has pixels.
 * @param {number} width
 * @param {number} height
 * @param {boolean} closer
 * @returns {View[]}
 */
export function views(width, height, closer = true) {
  const whole = fitPage(width, height);
  if (!closer) return [whole];
  const further = {
    ...whole,
    level: -1,
    shownWidth: Math.max(1, Math.floor(whole.shownWidth / 2)),
    shownHeight: Math.max(1, Math.floor(whole.shownHeight / 2)),
  };
  const all = [whole, further];
  for (let level = 1; level <= CLOSEST; level++) all.push(...parts(width, height, level));
  return all;
}

/**
 * How a drawing is looked at: it has large digits on clean paper, so that pictures of its own size will do, which take
 * a third of the time. Its sides are multiples of 32.
 * @param {number} width
 * @param {number} height
 * @returns {View[]}
 */
export function drawingViews(width, height) {
  const whole = { level: 0, x: 0, y: 0, width, height, shownWidth: width, shownHeight: height };
  const half = [width / 2, height / 2];
  return [
    { ...whole, picture: [width, height] },
    { ...whole, level: -1, shownWidth: half[0], shownHeight: half[1], picture: half.map((side) => 32 * Math.ceil(side / 32)) },
  ];
}

/**
 * The page in parts that overlap, about 2^level along its longer side; none where pixels would only be enlarged.
 * @param {number} width
 * @param {number} height
 * @param {number} level
 * @returns {View[]}
 */
function parts(width, height, level) {
  const whole = fitPage(width, height), count = 2 ** level;
  const [wide, high] = pictureSize(width, height);
  // as large as `count` pictures side by side, less their overlaps, make it
  const joined = count * wide - (count - 1) * OVERLAP;
  const virtualWidth = Math.floor((whole.shownWidth * joined) / wide);
  const virtualHeight = Math.floor((whole.shownHeight * joined) / wide);
  if (4 * width < 3 * virtualWidth) return [];
  const partWidth = Math.min(width, Math.ceil((wide * width) / virtualWidth));
  const partHeight = Math.min(height, Math.ceil((high * height) / virtualHeight));
  const { shownWidth, shownHeight } = fitPage(partWidth, partHeight);
  return starts(height, partHeight, virtualHeight, high).flatMap((y) =>
    starts(width, partWidth, virtualWidth, wide).map((x) => ({
      level, x, y, width: partWidth, height: partHeight, shownWidth, shownHeight,
    })),
  );
}

/**
 * Where parts of a side begin, evenly from end to end.
 * @param {number} length
 * @param {number} part
 * @param {number} virtual
 * @param {number} shown
 */
function starts(length, part, virtual, shown) {
  if (part === length) return [0];
  const last = Math.max(1, Math.ceil((virtual - OVERLAP) / (shown - OVERLAP)) - 1);
  return Array.from({ length: last + 1 }, (_, number) => Math.floor((number * (length - part)) / last));
}

/**
 * Width and height of the locator's picture for a page of that shape.
 * @param {number} width
 * @param {number} height
 */
export function pictureSize(width, height) {
  return width >= height ? [LONG_SIDE, SHORT_SIDE] : [SHORT_SIDE, LONG_SIDE];
}

/**
 * The locator's picture of a view: the page's pixels resized, the rest its border's median.
 * @param {Grey} page
 * @param {View} view
 * @returns {Grey}
 */
export function look(page, view) {
  const [width, height] = view.picture ?? pictureSize(page.width, page.height);
  const shown = resize(crop(page, view.x, view.y, view.width, view.height), view.shownWidth, view.shownHeight);
  if (shown.width === width && shown.height === height) return shown;
  const data = new Uint8Array(width * height).fill(borderLevel(shown));
  for (let y = 0; y < shown.height; y++) {
    data.set(shown.data.subarray(y * shown.width, (y + 1) * shown.width), y * width);
  }
  return { width, height, data };
}

/**
 * The lower median of a picture's outermost pixels, corners twice.
 * @param {Grey} picture
 */
export function borderLevel({ width, height, data }) {
  const border = new Uint8Array(2 * (width + height));
  border.set(data.subarray(0, width));
  border.set(data.subarray((height - 1) * width), width);
  for (let y = 0; y < height; y++) {
    border[2 * width + 2 * y] = data[y * width];
    border[2 * width + 2 * y + 1] = data[(y + 1) * width - 1];
  }
  return median({ width: border.length, height: 1, data: border }, [0, 0, border.length, 1]);
}
