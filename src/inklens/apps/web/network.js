/**
 * Runs the two networks: lays their tensors out in the memory of the WebAssembly kernels and calls one for each layer.
 * A network comes as the file that `inklens.apps.web_network` writes; its head explains the format.
 * @module
 */

const MAGIC = "inklens1";
const BLOCK = 8; // output channels of a block of weights; channels of tensors are filled up to a multiple
const PICTURE = 0; // the number of its tensor, which has one channel
const PAGE = 65536; // bytes of a page of WebAssembly memory
const STACK = 65536; // bytes at the memory's beginning that the kernels keep for themselves
const GROUP = 20; // tiles that `convolve3` takes at once
const PRODUCTS = 36; // of each
const PIXELS = 65536; // whose grey is computed at once; a multiple of 4

/**
 * @typedef {{memory: WebAssembly.Memory, kernels: Record<string, Function>, allocate: (bytes: number) => number,
 *   luma: (colours: Uint8ClampedArray) => Uint8Array}} Runtime `luma` makes grey of red, green, blue and opacity
 * @typedef {{op: string, from: number, to: number, add?: number | null, relu?: boolean, kernel?: number[],
 *   stride?: number, before?: number[], after?: number[], factor?: number, scale?: number, offset?: number,
 *   stored?: string, weights?: number, count?: number, scales?: number, bias?: number}} Layer
 * @typedef {{at: number, start: number, height: number, width: number, channels: number, row: number, image: number,
 *   border: number[]}} Tensor `at` is the first byte, `start` that of the first value inside the border.
 * @typedef {{data: Float32Array, height: number, width: number, channels: number, stored: number}} Result
 *   Values [images][height][width][stored]; `channels` of the `stored` mean something.
 */

/**
 * Start the kernels.
 * @param {ArrayBuffer} wasm the bytes of kernels.wasm
 * @returns {Promise<Runtime>}
 */
export async function startRuntime(wasm) {
  const memory = new WebAssembly.Memory({ initial: 2 }), fused = fuse(new Uint8Array(wasm));
  const code = WebAssembly.validate(fused) ? fused : wasm;
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  const kernels = /** @type {Record<string, Function>} */ (/** @type {unknown} */ (instance.exports));
  let end = STACK;
  const allocate = (/** @type {number} */ bytes) => {
    const place = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
    return place;
  };
  const colours = allocate(4 * PIXELS), greys = allocate(PIXELS);
  /** @type {Runtime["luma"]} */
  const luma = (data) => {
    const grey = new Uint8Array(data.length / 4);
    for (let at = 0; at < grey.length; at += PIXELS) {
      const part = data.subarray(4 * at, 4 * (at + PIXELS)), count = part.length / 4;
      new Uint8Array(memory.buffer).set(part, colours);
      kernels.luma(colours, greys, count);
      grey.set(new Uint8Array(memory.buffer, greys, count), at);
    }
    return grey;
  };
  return { memory, kernels, allocate, luma };
}

/**
 * The kernels in the same length with the fused instruction of Relaxed SIMD, which not every browser has, in place of
 * each multiplication whose product is added to a variable at once.
 * @param {Uint8Array} wasm
 */
export function fuse(wasm) {
  const fused = wasm.slice(), get = 0x20, nop = 0x01;
  for (let at = wasm.indexOf(0xfd); at >= 0; at = wasm.indexOf(0xfd, at + 1)) {
    const variable = wasm[at + 4], found = [0xfd, 0xe6, 1, get, variable, 0xfd, 0xe4, 1]; // f32x4.mul, f32x4.add
    if (found.every((byte, index) => byte === wasm[at + index])) {
      fused.set([get, variable, 0xfd, 0x85, 2, nop, nop, nop], at); // f32x4.relaxed_madd
    }
  }
  return fused;
}

/** A network that answers pictures. */
export class Network {
  /**
   * @param {Runtime} runtime
   * @param {ArrayBuffer} file
   */
  constructor(runtime, file) {
    const text = new TextDecoder();
    if (file.byteLength < 12 || text.decode(new Uint8Array(file, 0, 8)) !== MAGIC) {
      throw new Error("this is no network file of inklens");
    }
    const length = new DataView(file).getUint32(8, true);
    const header = JSON.parse(text.decode(new Uint8Array(file, 12, length)));
    if (header.contract.contract !== 1) {
      throw new Error(`the network has a contract of version ${header.contract.contract}; this page knows version 1`);
    }
    this.runtime = runtime;
    /** @type {Record<string, any>} */
    this.contract = header.contract;
    /** @type {Layer[]} */
    this.layers = header.layers;
    /** @type {number[]} */
    this.channels = header.tensors;
    /** @type {number} */
    this.output = header.output;
    /** @type {Map<string, {tensors: Tensor[], pixels: number, scratch: number}>} */
    this.layouts = new Map();
    /** @type {Map<Layer, {weights: number, bias: number}>} */
    this.weights = new Map();
    const data = file.slice(12 + length);
    for (const layer of this.layers) if (layer.stored) this.weights.set(layer, this.loadWeights(layer, data));
  }

  /**
   * Bring a layer's weights into the memory as float32, and those of 3 × 3 convolutions into their transformed form.
   * @param {Layer} layer
   * @param {ArrayBuffer} data
   */
  loadWeights(layer, data) {
    const { memory, kernels, allocate } = this.runtime;
    const outputs = this.stored(layer.to), count = layer.count ?? 0;
    const scales = new Float32Array(data, layer.scales, outputs);
    const values = layer.stored === "int8"
      ? new Int8Array(data, layer.weights, count)
      : floatsOfHalves(new Uint16Array(data, layer.weights, count));
    const bias = allocate(4 * outputs), weights = allocate(4 * count);
    new Float32Array(memory.buffer, bias, outputs).set(new Float32Array(data, layer.bias, outputs));
    const floats = new Float32Array(memory.buffer, weights, count), size = (count / outputs) * BLOCK;
    for (let block = 0; block < outputs; block += BLOCK) {
      for (let i = 0, at = (block / BLOCK) * size; i < size; i++, at++) {
        floats[at] = values[at] * scales[block + (i & (BLOCK - 1))];
      }
    }
    if (!isTransformed(layer)) return { weights, bias };
    const transformed = allocate(4 * count * (PRODUCTS / 9));
    kernels.transform_kernels(weights, transformed, this.stored(layer.from), outputs / BLOCK);
    return { weights: transformed, bias };
  }

  /**
   * The channels of a tensor as they lie in the memory.
   * @param {number} tensor
   */
  stored(tensor) {
    return tensor === PICTURE ? 1 : fill(this.channels[tensor], BLOCK);
  }

  /**
   * The network's answers.
   * @param {Uint8Array} pixels [images][height][width], 0 to 255
   * @param {number} width
   * @param {number} height
   * @param {number} images
   * @returns {Result} which stays until the next picture
   */
  run(pixels, width, height, images = 1) {
    const layout = this.layOut(width, height, images);
    const { memory, kernels } = this.runtime;
    new Uint8Array(memory.buffer, layout.pixels, pixels.length).set(pixels);
    for (const layer of this.layers) this.runLayer(layer, layout, images, kernels);
    const { at, height: high, width: wide, image } = layout.tensors[this.output];
    const data = new Float32Array(memory.buffer, at, image * images);
    return { data, height: high, width: wide, channels: this.channels[this.output], stored: this.stored(this.output) };
  }

  /**
   * @param {Layer} layer
   * @param {{tensors: Tensor[], pixels: number, scratch: number}} layout
   * @param {number} images
   * @param {Record<string, Function>} kernels
   */
  runLayer(layer, layout, images, kernels) {
    const from = layout.tensors[layer.from ?? PICTURE], to = layout.tensors[layer.to];
    const added = typeof layer.add === "number" ? layout.tensors[layer.add] : null, other = added?.start ?? 0;
    const { kernel = [1, 1], before = [0, 0], stride = 1 } = layer, relu = layer.relu ? 1 : 0;
    const { weights = 0, bias = 0 } = this.weights.get(layer) ?? {};
    const input = [from.start, from.row, from.image];
    const output = [to.start, to.row, to.image, to.channels, to.height, to.width, images];
    if (layer.op === "scale") {
      kernels.scale(layout.pixels, to.start, to.row, to.image, to.height, to.width, images, layer.scale, layer.offset);
    } else if (layer.op === "convolve") {
      input[0] -= 4 * (before[0] * from.row + before[1] * from.channels);
      if (isTransformed(layer)) {
        kernels.convolve3(...input, from.channels, ...output, weights, bias, relu, other, layout.scratch);
      } else {
        kernels.convolve(...input, from.channels, ...output, weights, bias, kernel[0], kernel[1], stride, relu, other);
      }
    } else if (layer.op === "dense") {
      // the images' rows are the pixels of a convolution of 1 × 1
      kernels.convolve(from.at, 0, 0, from.image, to.at, 0, 0, to.channels, 1, images, 1, weights, bias, 1, 1, 1, relu, 0);
    } else if (layer.op === "pool") {
      kernels.pool(...input, from.height, from.width, ...output, kernel[0], kernel[1], stride, before[0], before[1], relu);
    } else if (layer.op === "enlarge") {
      kernels.enlarge(...input, layer.factor, other, added?.row ?? 0, added?.image ?? 0, ...output, relu);
    } else if (layer.op === "softmax") {
      for (let image = 0; image < images; image++) this.softmax(from, to, image);
    } else {
      throw new Error(`this page cannot run the layer ${layer.op}`);
    }
  }

  /**
   * @param {Tensor} from
   * @param {Tensor} to
   * @param {number} image
   */
  softmax(from, to, image) {
    const count = this.channels[this.output];
    const scores = new Float32Array(this.runtime.memory.buffer, from.at + 4 * image * from.image, count);
    const result = new Float32Array(this.runtime.memory.buffer, to.at + 4 * image * to.image, count);
    const most = scores.reduce((one, two) => Math.max(one, two), -Infinity);
    let total = 0;
    for (let i = 0; i < count; i++) total += Math.exp(scores[i] - most);
    for (let i = 0; i < count; i++) result[i] = Math.exp(scores[i] - most) / total;
  }

  /**
   * Places for all tensors of pictures of one size; kept, since a video asks for the same again and again.
   * @param {number} width
   * @param {number} height
   * @param {number} images at once
   */
  layOut(width, height, images) {
    const key = `${width} ${height}`, known = this.layouts.get(key);
    if (known && known.images >= images) return known;
    const room = Math.max(images, this.contract.kind === "locator" ? 1 : 16);
    const sizes = this.sizes(width, height), borders = this.borders(sizes);
    const { memory, allocate } = this.runtime;
    const tensors = sizes.map((size, number) => {
      const channels = this.stored(number), border = borders[number];
      const row = (size.width + border[1] + border[3]) * channels, image = (size.height + border[0] + border[2]) * row;
      const at = allocate(4 * image * room);
      new Float32Array(memory.buffer, at, image * room).fill(0);
      return { ...size, at, channels, row, image, border, start: at + 4 * (border[0] * row + border[1] * channels) };
    });
    const widest = this.layers.filter(isTransformed).map((layer) => this.stored(layer.from) + this.stored(layer.to));
    const scratch = allocate(4 * GROUP * PRODUCTS * Math.max(0, ...widest));
    const layout = { tensors, pixels: allocate(width * height * room), scratch, images: room };
    this.layouts.set(key, layout);
    return layout;
  }

  /**
   * Height and width of every tensor.
   * @param {number} width
   * @param {number} height
   */
  sizes(width, height) {
    /** @type {{height: number, width: number}[]} */
    const sizes = this.channels.map(() => ({ height: 1, width: 1 }));
    for (const { op, from, to, kernel = [1, 1], before = [0, 0], after = [0, 0], stride = 1, factor = 1 } of this.layers) {
      if (op === "scale") sizes[to] = { height, width };
      if (op === "convolve" || op === "pool") {
        const [high, wide] = [sizes[from].height, sizes[from].width].map(
          (size, axis) => Math.floor((size + before[axis] + after[axis] - kernel[axis]) / stride) + 1,
        );
        sizes[to] = { height: high, width: wide };
      }
      if (op === "enlarge") sizes[to] = { height: sizes[from].height * factor, width: sizes[from].width * factor };
    }
    return sizes;
  }

  /**
   * How far each tensor's readers reach beyond its top, left, bottom and right; what a convolution adds has the same
   * border as its result.
   * @param {{height: number, width: number}[]} sizes
   */
  borders(sizes) {
    const borders = this.channels.map(() => [0, 0, 0, 0]);
    for (const layer of this.layers.filter(({ op }) => op === "convolve")) {
      const { kernel = [1, 1], before = [0, 0], stride = 1 } = layer;
      const reach = ["height", "width"].map((side, axis) => {
        const name = /** @type {"height" | "width"} */ (side), out = sizes[layer.to][name];
        // tiles of 4 × 4 read a field of 6 × 6
        const last = isTransformed(layer) ? fill(out, 4) + 2 : (out - 1) * stride + kernel[axis];
        return Math.max(0, last - before[axis] - sizes[layer.from][name]);
      });
      borders[layer.from] = highest(borders[layer.from], [...before, ...reach]);
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (const { op, to, add } of this.layers) {
        if (op !== "convolve" || typeof add !== "number" || String(borders[to]) === String(borders[add])) continue;
        borders[to] = borders[add] = highest(borders[to], borders[add]);
        changed = true;
      }
    }
    const bordered = this.layers.find(({ op, from }) => op === "dense" && borders[from].some((size) => size > 0));
    if (bordered) throw new Error("a layer of this network is read both as an image and as a row");
    return borders;
  }
}

/**
 * Whether a layer is computed by Winograd's algorithm.
 * @param {Layer} layer
 */
function isTransformed({ op, kernel, stride, from }) {
  return op === "convolve" && String(kernel) === "3,3" && stride === 1 && from !== PICTURE;
}

/**
 * @param {number[]} one
 * @param {number[]} two
 */
function highest(one, two) {
  return one.map((value, index) => Math.max(value, two[index]));
}

/**
 * @param {number} count
 * @param {number} unit
 */
function fill(count, unit) {
  return Math.ceil(count / unit) * unit;
}

/**
 * IEEE 754 half precision as floats.
 * @param {Uint16Array} halves
 */
export function floatsOfHalves(halves) {
  const bits = new Uint32Array(halves.length), floats = new Float32Array(bits.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    if ((half & 0x7c00) === 0x7c00) throw new Error("a weight of the network is infinite or not a number");
    bits[i] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
    floats[i] *= 2 ** 112; // their exponents count from 127, not from 15
  }
  return floats;
}
