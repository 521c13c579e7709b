/**
 * Resizing in whole numbers, so that Python, Swift and JavaScript get the same pixels to the last bit.
 * @module
 */

/**
 * A grey picture: `data` [height][width], 0 black to 255 white; ink that was taken from it may reach beyond 255.
 * @typedef {{width: number, height: number, data: Uint8Array | Uint16Array}} Grey
 * @typedef {{unit: number, taps: number, places: Int32Array, shares: Float64Array}} Weights
 */

/**
 * Resize to `width` × `height`, each new pixel the mean of the old ones under a window round its place.
 *
 * The window is as large as a new pixel, but at least as large as an old one: an area average downwards, bilinear
 * interpolation upwards. Means are rounded once, halves up; beyond the edge the edge's pixels go on.
 * @param {Grey} pixels
 * @param {number} width
 * @param {number} height
 * @returns {Grey}
 */
export function resize(pixels, width, height) {
  if (pixels.width === width && pixels.height === height) return pixels;
  const down = weigh(pixels.height, height), across = weigh(pixels.width, width);
  const unit = down.unit * across.unit; // doubles hold every whole number up to 2^53
  const data = newPixels(pixels, width * height), row = new Float64Array(pixels.width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let tap = 0; tap < down.taps; tap++) {
      const share = down.shares[y * down.taps + tap], at = down.places[y * down.taps + tap] * pixels.width;
      if (share > 0) for (let x = 0; x < pixels.width; x++) row[x] += pixels.data[at + x] * share;
    }
    for (let x = 0; x < width; x++) {
      let total = 0;
      for (let tap = x * across.taps; tap < (x + 1) * across.taps; tap++) total += row[across.places[tap]] * across.shares[tap];
      data[y * width + x] = Math.floor((2 * total + unit) / (2 * unit));
    }
  }
  return { width, height, data };
}

/** @type {Map<string, Weights>} */
const known = new Map();

/**
 * For every new pixel the share of each old one, in whole numbers that sum to `unit`.
 * @param {number} old
 * @param {number} fresh
 * @returns {Weights}
 */
function weigh(old, fresh) {
  const key = `${old} ${fresh}`, before = known.get(key);
  if (before) return before;
  const half = Math.max(old, fresh);
  const first = (/** @type {number} */ place) => Math.floor(((2 * place + 1) * old - half) / (2 * fresh));
  const last = (/** @type {number} */ place) => Math.floor(((2 * place + 1) * old + half - 1) / (2 * fresh));
  let taps = 0;
  for (let place = 0; place < fresh; place++) taps = Math.max(taps, last(place) - first(place) + 1);
  const places = new Int32Array(fresh * taps), shares = new Float64Array(fresh * taps);
  for (let place = 0; place < fresh; place++) {
    const middle = (2 * place + 1) * old; // of each window, in 1/(2 fresh) of an old pixel
    for (let tap = 0; tap < taps; tap++) {
      const source = first(place) + tap;
      const left = Math.max(2 * fresh * source, middle - half), right = Math.min(2 * fresh * (source + 1), middle + half);
      shares[place * taps + tap] = Math.max(right - left, 0);
      places[place * taps + tap] = Math.min(Math.max(source, 0), old - 1);
    }
  }
  const weights = { unit: 2 * half, taps, places, shares };
  if (known.size >= 512) known.clear();
  known.set(key, weights);
  return weights;
}

/**
 * The pixels of a rectangle.
 * @param {Grey} page
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 * @returns {Grey}
 */
export function crop(page, left, top, width, height) {
  if (left === 0 && top === 0 && width === page.width && height === page.height) return page;
  const data = newPixels(page, width * height);
  for (let y = 0; y < height; y++) {
    const at = (top + y) * page.width + left;
    data.set(page.data.subarray(at, at + width), y * width);
  }
  return { width, height, data };
}

/**
 * Room for pixels of the same kind.
 * @param {Grey} like
 * @param {number} count
 */
function newPixels(like, count) {
  return like.data instanceof Uint16Array ? new Uint16Array(count) : new Uint8Array(count);
}
