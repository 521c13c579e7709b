// The kernels' instructions for browsers with Relaxed SIMD, and the grey of pictures.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fuse, startRuntime } from "../../src/inklens/apps/web/network.js";
import { Numbers } from "./frames.mjs";

const wasm = new Uint8Array(readFileSync(new URL("../../src/inklens/apps/web/kernels.wasm", import.meta.url)));
const count = (bytes, pattern) => Buffer.from(bytes).toString("latin1").split(pattern).length - 1;

test("every sum of the kernels' innermost loops becomes one fused instruction", () => {
  const sums = 2 * 5 * 2; // in two kernels, of five pixels, of eight channels in two registers
  const pairs = /\xfd\xe6\x01\x20[^]\xfd\xe4\x01/; // f32x4.mul, local.get, f32x4.add
  const one = /\x20[^]\xfd\x85\x02\x01\x01\x01/; // local.get, f32x4.relaxed_madd, nop, nop, nop
  const fused = fuse(wasm);
  assert.deepEqual([count(wasm, pairs), count(wasm, one)], [sums, 0]);
  assert.deepEqual([count(fused, pairs), count(fused, one)], [0, sums]);
  assert.equal(fused.length, wasm.length);
});

test("nothing else of the kernels changes", () => {
  const fused = fuse(wasm), changed = [...wasm.keys()].filter((at) => fused[at] !== wasm[at]);
  for (const at of changed) {
    const around = Buffer.from(wasm.subarray(at - 7, at + 8)).toString("latin1");
    assert.match(around, /\xfd\xe6\x01\x20[^]\xfd\xe4\x01/, `byte ${at}`);
  }
});

test("grey is the luma of ITU-R BT.601 in whole numbers", async () => {
  const { luma } = await startRuntime(wasm.slice().buffer), numbers = new Numbers(5), count = 70001; // more than at once
  const colours = Uint8ClampedArray.from({ length: 4 * count }, () => numbers.below(256));
  colours.set([0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255, 0, 9, 0, 0, 255, 255]);
  const expected = Uint8Array.from({ length: count }, (_, pixel) => {
    const [red, green, blue] = colours.subarray(4 * pixel);
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
  });
  assert.deepEqual(luma(colours), expected);
});
