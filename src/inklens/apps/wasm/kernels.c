/* The arithmetic of the page's two networks, as WebAssembly with 128-bit SIMD.
 *
 * There is no library, no heap and no state: JavaScript (network.js) lays out all tensors in the memory and calls one
 * function for each layer. A tensor of one image is float32 [height][width][channels]. Its channels are padded to a
 * multiple of 8 (the added ones are 0) and it has a border of zeros, so that no kernel asks whether a neighbour exists.
 * Pointers to tensors point at their first value inside the border; `row` and `image` are the distances in floats from
 * a row or an image to the next.
 *
 * Weights are in blocks of 8 output channels: [outputs / 8][...][inputs][8].
 */

#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) name
#define SMALL __attribute__((minsize)) /* for what takes little of the time */
#define BLOCK 8  /* output channels of one block of weights */
#define STRIP 6144 /* floats of input that one strip of a row reads: 24 kB, so that they stay in the first cache */
#define PIXELS 5 /* pixels that are computed together */

typedef struct {
    v128_t sum[PIXELS][2];
} Sums;

typedef struct {
    const float *at[PIXELS];
} Pixels;

/* one * two + sum, always in these instructions: network.js makes them one where the browser has Relaxed SIMD. */
static inline v128_t multiply_add(v128_t one, v128_t two, v128_t sum) {
    __asm__ volatile("local.get %1\nlocal.get %2\nf32x4.mul\nlocal.get %0\nf32x4.add\nlocal.set %0"
                     : "+r"(sum)
                     : "r"(one), "r"(two));
    return sum;
}

/* sums += pixels[count] x weights[count][8]. V8 loads all that a stretch of code without branches needs before it
 * computes. So steps are not unrolled, and a branch that is never taken cuts each in two: 10 sums, 2 weights and 3
 * pixels fit into 16 registers. */
static inline __attribute__((always_inline)) void accumulate(Sums *sums, Pixels pixels, const float *weights,
                                                             int count) {
#pragma clang loop unroll(disable)
    for (int k = 0; k < count; k++) {
        v128_t low = wasm_v128_load(weights + k * BLOCK), high = wasm_v128_load(weights + k * BLOCK + 4);
#pragma clang loop unroll(full)
        for (int p = 0; p < PIXELS; p++) {
            int end = count;
            __asm__("" : "+r"(end)); /* the compiler does not see that this is `count` */
            if (p == 3 && k >= end) return;
            v128_t value = wasm_v128_load32_splat(pixels.at[p] + k);
            sums->sum[p][0] = multiply_add(value, low, sums->sum[p][0]);
            sums->sum[p][1] = multiply_add(value, high, sums->sum[p][1]);
        }
    }
}

static inline v128_t rectified(v128_t value, int relu) {
    return relu ? wasm_f32x4_pmax(wasm_f32x4_splat(0), value) : value;
}

/* A convolution of kernel_height x kernel_width with a stride, then a bias, then max(0, .) if `relu`, then `+ added`
 * if that is not null. `input` points at the first value of the first window. */
void EXPORT(convolve)(const float *input, int input_row, int input_image, int inputs, float *output, int output_row,
                      int output_image, int outputs, int height, int width, int images, const float *weights,
                      const float *bias, int kernel_height, int kernel_width, int stride, int relu, const float *added) {
    int window = kernel_width * inputs, step = stride * inputs, size = kernel_height * window * BLOCK;
    int strip = STRIP / (kernel_height * step) / PIXELS * PIXELS;
    if (strip < PIXELS) strip = PIXELS;
    for (int place = 0; place < images * height; place++) {
        int image = place / height, y = place % height;
        const float *from = input + image * input_image + y * stride * input_row;
        for (int left = 0; left < width; left += strip) {
            int right = left + strip < width ? left + strip : width;
            for (int block = 0; block < outputs; block += BLOCK) {
                const float *kernel = weights + block / BLOCK * size;
                v128_t bias_low = wasm_v128_load(bias + block), bias_high = wasm_v128_load(bias + block + 4);
                for (int x = left; x < right; x += PIXELS) {
                    Sums sums;
                    Pixels start;
                    for (int p = 0; p < PIXELS; p++) {
                        sums.sum[p][0] = bias_low;
                        sums.sum[p][1] = bias_high;
                        /* beyond the row's end its last pixel is computed again */
                        start.at[p] = from + (x + p < width ? x + p : width - 1) * step;
                    }
                    const float *part = kernel;
                    for (int row = 0; row < kernel_height; row++) {
                        accumulate(&sums, start, part, window);
                        for (int p = 0; p < PIXELS; p++) start.at[p] += input_row;
                        part += window * BLOCK;
                    }
                    for (int p = 0; p < PIXELS; p++) {
                        if (x + p >= width) continue;
                        int at = image * output_image + y * output_row + (x + p) * outputs + block;
                        v128_t low = rectified(sums.sum[p][0], relu), high = rectified(sums.sum[p][1], relu);
                        if (added) {
                            low = wasm_f32x4_add(low, wasm_v128_load(added + at));
                            high = wasm_f32x4_add(high, wasm_v128_load(added + at + 4));
                        }
                        wasm_v128_store(output + at, low);
                        wasm_v128_store(output + at + 4, high);
                    }
                }
            }
        }
    }
}

/* Winograd's F(4x4, 3x3) after Lavin & Gray 2015 with the points 0, +-A, +-B and infinity: 36 multiplications for 16
 * results instead of 144. With A = 1/sqrt(2) and B = sqrt(2) rounding errors are a third of those with 1 and 2. */
#define TILE 4
#define FIELD 6
#define PRODUCTS (FIELD * FIELD)
#define GROUP 20 /* tiles that are transformed together, so that they stay in the cache; a multiple of PIXELS */
#define A2 0.5f
#define B2 2.0f
#define A 0.70710678118654752f
#define B 1.41421356237309505f

#define ADD wasm_f32x4_add
#define SUB wasm_f32x4_sub
#define MUL wasm_f32x4_mul
#define SPLAT wasm_f32x4_splat

static inline __attribute__((always_inline)) void transform_input(v128_t d0, v128_t d1, v128_t d2, v128_t d3, v128_t d4,
                                                                  v128_t d5, v128_t *out, int step) {
    v128_t middle = SPLAT(A2 + B2), a2 = SPLAT(A2), b2 = SPLAT(B2);
    out[0] = SUB(ADD(d0, d4), MUL(middle, d2)); /* A2 * B2 is 1 */
    v128_t even = SUB(d4, MUL(b2, d2)), odd = MUL(SPLAT(A), SUB(d3, MUL(b2, d1)));
    out[step] = ADD(even, odd);
    out[2 * step] = SUB(even, odd);
    even = SUB(d4, MUL(a2, d2)), odd = MUL(SPLAT(B), SUB(d3, MUL(a2, d1)));
    out[3 * step] = ADD(even, odd);
    out[4 * step] = SUB(even, odd);
    out[5 * step] = SUB(ADD(d1, d5), MUL(middle, d3));
}

static inline __attribute__((always_inline)) void transform_output(v128_t m0, v128_t m1, v128_t m2, v128_t m3, v128_t m4,
                                                                   v128_t m5, v128_t *out, int step) {
    v128_t sum_a = ADD(m1, m2), difference_a = MUL(SPLAT(A), SUB(m1, m2));
    v128_t sum_b = ADD(m3, m4), difference_b = MUL(SPLAT(B), SUB(m3, m4));
    out[0] = ADD(m0, ADD(sum_a, sum_b));
    out[step] = ADD(difference_a, difference_b);
    out[2 * step] = ADD(MUL(SPLAT(A2), sum_a), MUL(SPLAT(B2), sum_b));
    out[3 * step] = ADD(ADD(MUL(SPLAT(A2), difference_a), MUL(SPLAT(B2), difference_b)), m5);
}

/* The kernels of `transformed`, [36][outputs / 8][inputs][8], from weights [outputs / 8][3][3][inputs][8]. */
SMALL void EXPORT(transform_kernels)(const float *weights, float *transformed, int inputs, int blocks) {
    static const double G[FIELD][3] = {
        {1, 0, 0},
        {-1 / 1.5, -0.70710678118654752 / 1.5, -0.5 / 1.5},
        {-1 / 1.5, 0.70710678118654752 / 1.5, -0.5 / 1.5},
        {1 / 6.0, 1.41421356237309505 / 6, 2 / 6.0},
        {1 / 6.0, -1.41421356237309505 / 6, 2 / 6.0},
        {0, 0, 1},
    };
    int count = inputs * BLOCK;
    for (int block = 0; block < blocks; block++) {
        for (int u = 0; u < FIELD; u++) {
            for (int i = 0; i < count; i++) {
                const float *kernel = weights + block * 9 * count + i;
                double half[3];
                for (int x = 0; x < 3; x++)
                    half[x] = G[u][0] * kernel[x * count] + G[u][1] * kernel[(3 + x) * count] +
                              G[u][2] * kernel[(6 + x) * count];
                for (int v = 0; v < FIELD; v++)
                    transformed[((u * FIELD + v) * blocks + block) * count + i] =
                        (float)(half[0] * G[v][0] + half[1] * G[v][1] + half[2] * G[v][2]);
            }
        }
    }
}

/* A 3x3 convolution of stride 1, as `convolve`, with kernels of `transform_kernels`. `scratch` holds
 * 36 * 20 * (inputs + outputs) floats. Windows reach up to 3 pixels beyond the last: the border must too. */
void EXPORT(convolve3)(const float *input, int input_row, int input_image, int inputs, float *output, int output_row,
                       int output_image, int outputs, int height, int width, int images, const float *kernels,
                       const float *bias, int relu, const float *added, float *scratch) {
    int across = (width + TILE - 1) / TILE, down = (height + TILE - 1) / TILE, tiles = images * across * down;
    int blocks = outputs / BLOCK;
    float *fields = scratch, *products = scratch + PRODUCTS * GROUP * inputs;
    for (int first = 0; first < tiles; first += GROUP) {
        int count = tiles - first < GROUP ? tiles - first : GROUP;
        for (int t = 0; t < count; t++) {
            int x = (first + t) % across, y = (first + t) / across % down, image = (first + t) / (across * down);
            const float *from = input + image * input_image + y * TILE * input_row + x * TILE * inputs;
            float *to = fields + t * inputs;
            for (int c = 0; c < inputs; c += 4) {
                v128_t half[PRODUCTS];
                for (int i = 0; i < FIELD; i++) {
                    const float *at = from + c + i * inputs;
#define IN(j) wasm_v128_load(at + (j) * input_row)
                    transform_input(IN(0), IN(1), IN(2), IN(3), IN(4), IN(5), half + i, FIELD);
#undef IN
                }
                for (int u = 0; u < FIELD; u++) {
                    v128_t *h = half + u * FIELD, out[FIELD];
                    transform_input(h[0], h[1], h[2], h[3], h[4], h[5], out, 1);
                    for (int v = 0; v < FIELD; v++)
                        wasm_v128_store(to + (u * FIELD + v) * GROUP * inputs + c, out[v]);
                }
            }
        }
        for (int product = 0; product < PRODUCTS; product++) {
            const float *field = fields + product * GROUP * inputs;
            float *to = products + product * GROUP * outputs;
            for (int block = 0; block < blocks; block++) {
                const float *kernel = kernels + (product * blocks + block) * inputs * BLOCK;
                for (int t = 0; t < count; t += PIXELS) {
                    Sums sums;
                    Pixels start;
                    for (int p = 0; p < PIXELS; p++) {
                        sums.sum[p][0] = sums.sum[p][1] = SPLAT(0);
                        start.at[p] = field + (t + p) * inputs;
                    }
                    accumulate(&sums, start, kernel, inputs);
                    for (int p = 0; p < PIXELS; p++) {
                        wasm_v128_store(to + (t + p) * outputs + block * BLOCK, sums.sum[p][0]);
                        wasm_v128_store(to + (t + p) * outputs + block * BLOCK + 4, sums.sum[p][1]);
                    }
                }
            }
        }
        for (int t = 0; t < count; t++) {
            int x = (first + t) % across, y = (first + t) / across % down, image = (first + t) / (across * down);
            int rows = height - y * TILE < TILE ? height - y * TILE : TILE;
            int columns = width - x * TILE < TILE ? width - x * TILE : TILE;
            int place = image * output_image + y * TILE * output_row + x * TILE * outputs;
            for (int c = 0; c < outputs; c += 4) {
                const float *from = products + t * outputs + c;
                v128_t half[TILE * FIELD], offset = wasm_v128_load(bias + c);
                for (int v = 0; v < FIELD; v++) {
#define OUT(u) wasm_v128_load(from + ((u) * FIELD + v) * GROUP * outputs)
                    transform_output(OUT(0), OUT(1), OUT(2), OUT(3), OUT(4), OUT(5), half + v, FIELD);
#undef OUT
                }
                for (int i = 0; i < rows; i++) {
                    v128_t *h = half + i * FIELD, out[TILE];
                    transform_output(h[0], h[1], h[2], h[3], h[4], h[5], out, 1);
                    for (int j = 0; j < columns; j++) {
                        int at = place + i * output_row + j * outputs + c;
                        v128_t value = rectified(ADD(out[j], offset), relu);
                        if (added) value = ADD(value, wasm_v128_load(added + at));
                        wasm_v128_store(output + at, value);
                    }
                }
            }
        }
    }
}

/* Colours (red, green, blue and opacity, a byte each) to grey: luma of ITU-R BT.601 in whole numbers, as Pillow's.
 * `count` is filled up to a multiple of 4. */
SMALL void EXPORT(luma)(const uint8_t *colours, uint8_t *greys, int count) {
    for (int i = 0; i < count; i += 4) {
        v128_t four = wasm_v128_load(colours + 4 * i), red_blue = wasm_v128_and(four, wasm_i16x8_splat(255));
        v128_t green = wasm_v128_and(wasm_u32x4_shr(four, 8), wasm_i32x4_splat(255));
        v128_t one = wasm_i32x4_dot_i16x8(red_blue, wasm_i32x4_splat(7471 << 16 | 19595));
        v128_t two = wasm_i32x4_mul(green, wasm_i32x4_splat(38470));
        v128_t sum = wasm_i32x4_add(wasm_i32x4_add(one, two), wasm_i32x4_splat(32768));
        v128_t shorts = wasm_i16x8_narrow_i32x4(wasm_u32x4_shr(sum, 16), sum); /* four of them */
        wasm_v128_store32_lane(greys + i, wasm_u8x16_narrow_i16x8(shorts, shorts), 0);
    }
}

/* Pixels 0-255 to floats: pixel * scale + offset; `output` has one channel. */
SMALL void EXPORT(scale)(const uint8_t *pixels, float *output, int output_row, int output_image, int height, int width,
                         int images, float scale, float offset) {
    for (int place = 0; place < images * height; place++) {
        float *to = output + place / height * output_image + place % height * output_row;
        const uint8_t *from = pixels + place * width;
        int x = 0;
        for (; x + 4 <= width; x += 4) {
            v128_t four = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(from + x)));
            wasm_v128_store(to + x, ADD(MUL(wasm_f32x4_convert_i32x4(four), SPLAT(scale)), SPLAT(offset)));
        }
        for (; x < width; x++) to[x] = from[x] * scale + offset;
    }
}

/* The largest value of each window, and 0 if `relu` and all are below. Windows may begin before the image (`before_y`,
 * `before_x` pixels) and end after it; what lies outside does not count. */
void EXPORT(pool)(const float *input, int input_row, int input_image, int input_height, int input_width, float *output,
                  int output_row, int output_image, int channels, int height, int width, int images, int kernel_height,
                  int kernel_width, int stride, int before_y, int before_x, int relu) {
    v128_t least = SPLAT(relu ? 0 : -__builtin_inff());
    for (int place = 0; place < images * height; place++) {
        int image = place / height, y = place % height;
        for (int x = 0; x < width; x++) {
            for (int c = 0; c < channels; c += 4) {
                v128_t most = least;
                for (int i = y * stride - before_y; i < y * stride - before_y + kernel_height; i++)
                    for (int j = x * stride - before_x; j < x * stride - before_x + kernel_width; j++)
                        if (i >= 0 && i < input_height && j >= 0 && j < input_width)
                            most = wasm_f32x4_pmax(most, wasm_v128_load(input + image * input_image + i * input_row +
                                                                        j * channels + c));
                wasm_v128_store(output + image * output_image + y * output_row + x * channels + c, most);
            }
        }
    }
}

/* Every pixel `factor` times down and across, `+ added` if that is not null, then max(0, .) if `relu`; with a factor of
 * 1 a sum of two tensors. `added` and the output may have different borders. */
SMALL void EXPORT(enlarge)(const float *input, int input_row, int input_image, int factor, const float *added,
                           int added_row, int added_image, float *output, int output_row, int output_image,
                           int channels, int height, int width, int images, int relu) {
    for (int place = 0; place < images * height; place++) {
        int image = place / height, y = place % height;
        const float *from = input + image * input_image + y / factor * input_row;
        const float *other = added + image * added_image + y * added_row;
        float *to = output + image * output_image + y * output_row;
        for (int start = 0; start < width; start += factor, from += channels) {
            for (int x = start; x < start + factor; x++) {
                for (int c = 0; c < channels; c += 4) {
                    v128_t value = wasm_v128_load(from + c);
                    if (added) value = ADD(value, wasm_v128_load(other + x * channels + c));
                    wasm_v128_store(to + x * channels + c, rectified(value, relu));
                }
            }
        }
    }
}
