// The frames of the golden vectors, made from whole numbers as in inklens.reading.golden.vectors.

import { readFileSync } from "node:fs";

/** Whole numbers 0 to 65535 from a seed: the upper half of a linear congruential generator of 32 bits. */
export class Numbers {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  next() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state >>> 16;
  }

  below(limit) {
    return this.next() % limit;
  }
}

/** A frame with one to four strokes on unevenly lit paper, dark or bright, with noise. */
export function makeFrame(seed, width, height) {
  const numbers = new Numbers(seed), floor = Math.floor;
  const bright = numbers.below(3) === 0;
  const base = bright ? 20 + numbers.below(60) : 120 + numbers.below(100);
  const across = numbers.below(36), down = numbers.below(36);
  const strength = 50 + numbers.below(100), noise = 1 + numbers.below(8);
  const ink = new Uint8Array(width * height);
  for (let stroke = 1 + numbers.below(4); stroke > 0; stroke--) {
    const radius = 2 + numbers.below(Math.max(2, floor(Math.min(width, height) / 12))); // in half pixels
    const points = Array.from({ length: 2 + numbers.below(4) }, () => [numbers.below(width), numbers.below(height)]);
    for (let i = 1; i < points.length; i++) {
      const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
      for (let step = 0; step < 33; step++) {
        const x = floor((x0 * (32 - step) + x1 * step) / 32), y = floor((y0 * (32 - step) + y1 * step) / 32);
        for (let row = 0; row < height; row++) {
          for (let column = 0; column < width; column++) {
            if (4 * ((column - x) ** 2 + (row - y) ** 2) <= radius * radius) ink[row * width + column] = 1;
          }
        }
      }
    }
  }
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      let value = base + floor((across * column) / width) + floor((down * row) / height);
      if (ink[at]) value += bright ? strength : -strength;
      data[at] = Math.min(Math.max(value + numbers.below(noise), 0), 255);
    }
  }
  return { width, height, data };
}

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** CRC-32 (as in zlib and PNG) of bytes. */
export function checksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export function vectors(name) {
  return JSON.parse(readFileSync(new URL(`../../src/inklens/reading/golden/${name}.json`, import.meta.url), "utf8"));
}
