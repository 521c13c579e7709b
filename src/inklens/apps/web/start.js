/**
 * Starts what takes longest before the page's other modules are there: the worker, and the files of its networks.
 * @module
 */

/** What this browser lacks, or nothing. */
export const missing = whatIsMissing();

/** Reads pictures, once it is sent the files. */
export const worker = missing ? null : new Worker(new URL("worker.js", import.meta.url), { type: "module" });

/** Why the worker does not run, if so. @type {Promise<string>} */
export const broken = new Promise((resolve) =>
  worker?.addEventListener("error", ({ message }) => resolve(message || "worker.js")),
);

/** The kernels, the locator and the classifier. */
export const files = Promise.all(["kernels.wasm", "locator.bin", "classifier.bin"].map(load));
files.catch(() => {}); // app.js tells it

function whatIsMissing() {
  // a function with one SIMD instruction
  const simd = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  if (typeof WebAssembly !== "object") return "WebAssembly";
  if (!WebAssembly.validate(Uint8Array.from(simd))) return "WebAssembly SIMD";
  if (typeof Worker !== "function") return "Worker";
  if (typeof OffscreenCanvas !== "function") return "OffscreenCanvas";
  return typeof createImageBitmap === "function" ? "" : "createImageBitmap";
}

/** @param {string} name */
async function load(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.arrayBuffer();
}
