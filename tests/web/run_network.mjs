// node run_network.mjs KIND NETWORK IMAGES WIDTH HEIGHT BATCH OUT: a network's answers to raw images, as raw float32.
// KIND: `fused` as in browsers with Relaxed SIMD, `plain` as in others.

import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { fuse, Network, startRuntime } from "../../src/inklens/apps/web/network.js";

const [kind, file, images, ...rest] = process.argv.slice(2), [width, height, batch] = rest.slice(0, 3).map(Number);
const wasm = readFileSync(new URL("../../src/inklens/apps/web/kernels.wasm", import.meta.url));
if (kind === "plain") WebAssembly.validate = () => false;
else setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this
if (kind === "fused" && !WebAssembly.validate(fuse(wasm))) throw new Error("this Node refuses the fused kernels");
const network = new Network(await startRuntime(wasm), new Uint8Array(readFileSync(file)).buffer);
const pixels = new Uint8Array(readFileSync(images)), one = width * height, parts = [];
for (let at = 0; at < pixels.length; at += batch * one) {
  const part = pixels.subarray(at, at + batch * one);
  const { data, channels, stored } = network.run(part, width, height, part.length / one);
  parts.push(Buffer.from(data.filter((_, index) => index % stored < channels).buffer));
}
writeFileSync(rest[3], Buffer.concat(parts));
