/* F(4x4, 3x3) on x86 with AVX2 or AVX-512: the products of a convolution, and all that lies between two of them, while it
   is in the cache. Names are those of the Python files beside this one; all memory is theirs, and of the size that they say.

   pixels    16 planes of blocks, see layout.py, or an image in rows
   spectra   36 planes (channels, count), what products read: float, or, in "half", words of two bfloat16, the even
             channel in the lower half and the odd one in the upper
   products  36 planes (channels, count), float
   frequency floats or words from one of the 36 planes to the next

   count is rows * columns of blocks, rounded up to a multiple of 16 (see `shape_of`), which WIDTH divides: no loop over it
   has a rest. */
#include <stdint.h>
#include <string.h>
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

/* WIDTH: floats in a register. GROUP x 3 sums of products and their factors fill all registers. */
#if defined(__AVX512F__)
enum { WIDTH = 16, GROUP = 8 };
#else
enum { WIDTH = 8, GROUP = 4 };
#endif

typedef float Vector __attribute__((vector_size(4 * WIDTH)));
typedef uint32_t Words __attribute__((vector_size(4 * WIDTH)));
typedef uint8_t Bytes __attribute__((vector_size(WIDTH)));
#define INLINE static inline __attribute__((always_inline))

INLINE Vector load(const float *from) { Vector values; memcpy(&values, from, sizeof values); return values; }
INLINE void store(float *to, Vector values) { memcpy(to, &values, sizeof values); }
INLINE void add(float *to, Vector values) { store(to, load(to) + values); }

/* The first `count` of them */
INLINE Vector load_some(const float *from, int count)
{
    if (count == WIDTH) return load(from);
    Vector values = {0};
    memcpy(&values, from, 4 * count);
    return values;
}

INLINE void store_some(float *to, Vector values, int count)
{
    if (count == WIDTH) store(to, values);
    else memcpy(to, &values, 4 * count);
}

INLINE float total(Vector values)
{
    typedef float Four __attribute__((vector_size(16)));
    Four parts[WIDTH / 4];
    memcpy(parts, &values, sizeof values);
    for (int i = 1; i < WIDTH / 4; i++) parts[0] += parts[i];
    return (parts[0][0] + parts[0][1]) + (parts[0][2] + parts[0][3]);
}

/* To bfloat16, to nearest, ties to even, in the upper half of each word. */
INLINE Words rounded(Vector values) { Words bits = (Words)values; return bits + 0x7fff + (bits >> 16 & 1); }

/* sums + left * right, in half of the two pairs of values in each word */
INLINE Vector multiply_add(Vector sums, Vector left, Vector right, int half)
{
#if defined(__AVX512BF16__)
    if (half) return (Vector)_mm512_dpbf16_ps((__m512)sums, (__m512bh)left, (__m512bh)right);
#endif
    return sums + left * right;
}

/* ---- Products. The rows that follow lie in a farther cache, and the processor does not foresee them: prefetches ---- */

/* GROUP channels of 3 registers of columns (or fewer): c = a b, or c + a b */
INLINE void panel(const float *a, const float *b, float *c, int depth, int channels, int64_t count, int registers,
                  int accumulate, int half)
{
    Vector sums[GROUP][3];
#pragma GCC unroll 8
    for (int m = 0; m < GROUP; m++)
#pragma GCC unroll 3
        for (int v = 0; v < registers; v++)
            sums[m][v] = accumulate && m < channels ? load(c + m * count + v * WIDTH) : (Vector){0};
    for (int k = 0; k < depth; k++) {
        Vector right[3];
#pragma GCC unroll 3
        for (int v = 0; v < registers; v++) right[v] = load(b + k * count + v * WIDTH);
#pragma GCC unroll 3
        for (int v = 0; v < registers; v++) __builtin_prefetch(b + k * count + (registers + v) * WIDTH, 0, 2);
#pragma GCC unroll 8
        for (int m = 0; m < GROUP; m++) {
            uint32_t word;
            memcpy(&word, a + k * GROUP + m, 4);
            Vector left = (Vector)((Words){0} + word);
#pragma GCC unroll 3
            for (int v = 0; v < registers; v++) sums[m][v] = multiply_add(sums[m][v], left, right[v], half);
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < GROUP; m++)
        if (m < channels)
#pragma GCC unroll 3
            for (int v = 0; v < registers; v++) store(c + m * count + v * WIDTH, sums[m][v]);
}

/* weights: (36, groups, depth, GROUP); spectra: depth rows; products: written, or added to where `accumulate` */
INLINE void all_products(const float *weights, const float *spectra, float *products, int channels, int depth, int64_t count,
                         int64_t spectra_frequency, int64_t products_frequency, int accumulate, int half)
{
    int groups = (channels + GROUP - 1) / GROUP;
    for (int f = 0; f < 36; f++)
        for (int64_t n = 0; n < count; n += 3 * WIDTH)
            for (int g = 0; g < groups; g++) {
                const float *a = weights + ((int64_t)f * groups + g) * depth * GROUP;
                const float *b = spectra + f * spectra_frequency + n;
                float *c = products + f * products_frequency + (int64_t)g * GROUP * count + n;
                int left = channels - g * GROUP;
                if (count - n >= 3 * WIDTH) panel(a, b, c, depth, left, count, 3, accumulate, half);
                else if (count - n == 2 * WIDTH) panel(a, b, c, depth, left, count, 2, accumulate, half);
                else panel(a, b, c, depth, left, count, 1, accumulate, half);
            }
}

/* Two channels of half at 2 * WIDTH places (or the last WIDTH), each with one from each half of them in a word */
INLINE void unpair(const float *words, int last, Vector *even, Vector *odd)
{
    Words first = (Words)load(words), second = last ? (Words){0} : (Words)load(words + WIDTH);
    *even = (Vector)((first & 0xffff) | second << 16);
    *odd = (Vector)(first >> 16 | (second & 0xffff0000));
}

/* sums[i][k] += left row i times right row k over `length` places, for GROUP x across of them; right rows in half are
   still in pairs. */
INLINE void dot_products(const float *left, int64_t left_row, const float *right, int64_t right_row, float *sums,
                         int sums_row, int lefts, int rights, int length, int across, int half)
{
    Vector dots[GROUP][3] = {{{0}}};
    const float *left_rows[GROUP], *right_rows[3];
    for (int i = 0; i < GROUP; i++) left_rows[i] = left + (i < lefts ? i : 0) * left_row;
    for (int k = 0; k < across; k++) right_rows[k] = right + (k < rights ? k : 0) * right_row;
    for (int n = 0, m = 0; n < length; n += half ? 2 * WIDTH : WIDTH, m += WIDTH) {
        Vector b[3];
        if (half) {
            __builtin_prefetch(right_rows[0] + right_row + n, 0, 2);
            __builtin_prefetch(right_rows[0] + right_row + n + WIDTH, 0, 2);
            unpair(right + n, n + WIDTH == length, &b[0], &b[1]);
        } else {
#pragma GCC unroll 3
            for (int k = 0; k < across; k++) __builtin_prefetch(right_rows[k] + across * right_row + n, 0, 2);
#pragma GCC unroll 3
            for (int k = 0; k < across; k++) b[k] = load(right_rows[k] + n);
        }
#pragma GCC unroll 8
        for (int i = 0; i < GROUP; i++) {
            Vector a = load(left_rows[i] + m);
#pragma GCC unroll 3
            for (int k = 0; k < across; k++) dots[i][k] = multiply_add(dots[i][k], a, b[k], half);
        }
    }
    for (int i = 0; i < GROUP && i < lefts; i++)
        for (int k = 0; k < across && k < rights; k++) sums[i * sums_row + k] += total(dots[i][k]);
}

enum { PIECE = 2048 }; /* places at a time, which bounds the memory of `unpaired` */

/* Gradient of the weights, (36, lefts, rights), added to: the products of spectra with each other over all blocks */
INLINE void all_weight_gradients(const float *left, const float *right, float *sums, int lefts, int rights, int64_t count,
                                 int64_t left_frequency, int64_t right_frequency, int half)
{
    int pair = half ? 2 : 1, across = half ? 2 : 3;
    for (int f = 0; f < 36; f++)
        for (int64_t start = 0; start < count; start += PIECE)
            for (int i = 0; i < lefts; i += GROUP) {
                int length = count - start < PIECE ? count - start : PIECE;
                const float *rows = left + f * left_frequency + i / pair * count + start;
                float unpaired[GROUP * PIECE / 2];
                if (half)
                    for (int k = 0; k < GROUP && k < lefts - i; k += 2)
                        for (int n = 0, m = 0; n < length; n += 2 * WIDTH, m += WIDTH) {
                            Vector even, odd;
                            unpair(rows + k / 2 * count + n, n + WIDTH == length, &even, &odd);
                            store(unpaired + k * PIECE / 2 + m, even);
                            store(unpaired + (k + 1) * PIECE / 2 + m, odd);
                        }
                for (int k = 0; k < rights; k += across)
                    dot_products(half ? unpaired : rows, half ? PIECE / 2 : count,
                                 right + f * right_frequency + k / pair * count + start, count,
                                 sums + ((int64_t)f * lefts + i) * rights + k, rights, lefts - i, rights - k, length,
                                 across, half);
            }
}

/* ---- Transforms: interpolation at 0, +-LOW, +-HIGH and infinity, see transforms.py ---- */

#define LOW 0.70710678118654752440f  /* sqrt(1/2) */
#define HIGH 1.41421356237309504880f /* sqrt(2) */

/* B^T d */
INLINE void input_line(const Vector d[6], Vector out[6])
{
    Vector even = d[4] - 2 * d[2], odd = LOW * d[3] - HIGH * d[1];
    Vector even_high = d[4] - 0.5f * d[2], odd_high = HIGH * d[3] - LOW * d[1];
    out[0] = d[0] - 2.5f * d[2] + d[4];
    out[1] = even + odd;
    out[2] = even - odd;
    out[3] = even_high + odd_high;
    out[4] = even_high - odd_high;
    out[5] = d[1] - 2.5f * d[3] + d[5];
}

/* B v, its transpose */
INLINE void input_line_back(const Vector v[6], Vector out[6])
{
    Vector low = v[1] + v[2], low_odd = v[1] - v[2], high = v[3] + v[4], high_odd = v[3] - v[4];
    out[0] = v[0];
    out[1] = v[5] - HIGH * low_odd - LOW * high_odd;
    out[2] = -2.5f * v[0] - 2 * low - 0.5f * high;
    out[3] = LOW * low_odd + HIGH * high_odd - 2.5f * v[5];
    out[4] = v[0] + low + high;
    out[5] = v[5];
}

/* A^T m */
INLINE void output_line(const Vector m[6], Vector out[4])
{
    Vector low = m[1] + m[2], low_odd = m[1] - m[2], high = m[3] + m[4], high_odd = m[3] - m[4];
    out[0] = m[0] + low + high;
    out[1] = LOW * low_odd + HIGH * high_odd;
    out[2] = 0.5f * low + 2 * high;
    out[3] = LOW / 2 * low_odd + HIGH * 2 * high_odd + m[5];
}

/* A y, its transpose */
INLINE void output_line_back(const Vector y[4], Vector out[6])
{
    Vector low = y[0] + 0.5f * y[2], low_odd = LOW * y[1] + LOW / 2 * y[3];
    Vector high = y[0] + 2 * y[2], high_odd = HIGH * y[1] + HIGH * 2 * y[3];
    out[0] = y[0];
    out[1] = low + low_odd;
    out[2] = low - low_odd;
    out[3] = high + high_odd;
    out[4] = high - high_odd;
    out[5] = y[3];
}

/* ---- One channel of a tile, with what its patches see of the neighbours ---- */

typedef struct {
    int rows, columns;
    int64_t count, margin, plane; /* margin: a row above and a row below */
} Shape;

INLINE Shape shape_of(int rows, int columns)
{
    int64_t count = ((int64_t)rows * columns + 15) / 16 * 16, margin = (columns + 15) / 16 * 16;
    if (count % 128 == 0) count += 16; /* rows a multiple of 512 bytes apart would share few places in the cache */
    return (Shape){rows, columns, count, margin, count + 2 * margin};
}

INLINE int64_t channel_of(const Shape *s) { return 24 * s->plane; }

int64_t padded_count(int rows, int columns) { return shape_of(rows, columns).count; }

/* Floats of scratch memory that the functions below need: a channel, in half two */
int64_t scratch_size(int rows, int columns)
{
    Shape s = shape_of(rows, columns);
    return 2 * channel_of(&s);
}

/* Pixel (i, j) of the blocks, j from -1 (the last of the block to the left) to 4 (the first of that to the right) */
INLINE float *pixel(float *channel, const Shape *s, int i, int j)
{
    return channel + (6 * i + j + 1) * s->plane + s->margin;
}

/* The pixels to the left and to the right of each block from the blocks beside it, zeros outside the tile */
INLINE void fill_sides(float *channel, const Shape *s)
{
    for (int i = 0; i < 4; i++) {
        float *left = pixel(channel, s, i, -1), *right = pixel(channel, s, i, 4);
        const float *last = pixel(channel, s, i, 3), *first = pixel(channel, s, i, 0);
        for (int r = i == 3 ? -1 : 0; r < s->rows; r++) {
            int64_t at = (int64_t)r * s->columns;
            memcpy(left + at + 1, last + at, 4 * (s->columns - 1));
            memcpy(right + at, first + at + 1, 4 * (s->columns - 1));
            left[at] = right[at + s->columns - 1] = 0;
        }
    }
}

/* Zeros in the row above and in the row below, and in what rounds up the count */
INLINE void clear_rims(float *channel, const Shape *s)
{
    int64_t end = (int64_t)s->rows * s->columns;
    for (int i = 0; i < 4; i++)
        for (int j = -1; j < 5; j++) {
            memset(pixel(channel, s, i, j) - s->columns, 0, 4 * s->columns);
            memset(pixel(channel, s, i, j) + end, 0, 4 * (s->count + s->margin - end));
        }
}

/* Spectra of WIDTH patches */
INLINE void patch_spectra(float *channel, const Shape *s, int64_t n, Vector out[36])
{
    Vector lines[6][6];
    for (int j = 0; j < 6; j++) {
        Vector d[6], t[6];
        d[0] = load(pixel(channel, s, 3, j - 1) + n - s->columns);
        for (int i = 0; i < 4; i++) d[i + 1] = load(pixel(channel, s, i, j - 1) + n);
        d[5] = load(pixel(channel, s, 0, j - 1) + n + s->columns);
        input_line(d, t);
        for (int i = 0; i < 6; i++) lines[i][j] = t[i];
    }
    for (int i = 0; i < 6; i++) input_line(lines[i], out + 6 * i);
}

/* The transpose of `output_blocks`, of WIDTH blocks */
INLINE void block_spectra(float *channel, const Shape *s, int64_t n, Vector out[36])
{
    Vector lines[6][4];
    for (int j = 0; j < 4; j++) {
        Vector y[4], t[6];
        for (int i = 0; i < 4; i++) y[i] = load(pixel(channel, s, i, j) + n);
        output_line_back(y, t);
        for (int i = 0; i < 6; i++) lines[i][j] = t[i];
    }
    for (int i = 0; i < 6; i++) output_line_back(lines[i], out + 6 * i);
}

/* Spectra of a channel, in half of two: of its patches, or, for a gradient, of its blocks */
INLINE void write_spectra(float *channel, const Shape *s, float *spectra, int64_t frequency, int gradient, int half)
{
    for (int64_t n = 0; n < s->count; n += WIDTH) {
        Vector even[36], odd[36];
        if (gradient) block_spectra(channel, s, n, even);
        else patch_spectra(channel, s, n, even);
        if (half && gradient) block_spectra(channel + channel_of(s), s, n, odd);
        else if (half) patch_spectra(channel + channel_of(s), s, n, odd);
        for (int f = 0; f < 36; f++)
            store(spectra + f * frequency + n,
                  half ? (Vector)(rounded(even[f]) >> 16 | (rounded(odd[f]) & 0xffff0000)) : even[f]);
    }
}

/* WIDTH blocks of pixels from products */
INLINE void output_blocks(const float *products, int64_t frequency, Vector out[16])
{
    Vector lines[4][6];
    for (int j = 0; j < 6; j++) {
        Vector m[6], t[4];
        for (int i = 0; i < 6; i++) m[i] = load(products + (6 * i + j) * frequency);
        output_line(m, t);
        for (int i = 0; i < 4; i++) lines[i][j] = t[i];
    }
    for (int i = 0; i < 4; i++) output_line(lines[i], out + 4 * i);
}

/* The transpose of `write_spectra`: each pixel of a channel gets the sum over the patches that show it. */
INLINE void gradient_pixels(const float *products, int64_t frequency, float *channel, const Shape *s)
{
    memset(channel, 0, 4 * channel_of(s));
    for (int64_t n = 0; n < s->count; n += WIDTH) {
        Vector lines[6][6];
        for (int j = 0; j < 6; j++) {
            Vector v[6], t[6];
            for (int i = 0; i < 6; i++) v[i] = load(products + (6 * i + j) * frequency + n);
            input_line_back(v, t);
            for (int i = 0; i < 6; i++) lines[i][j] = t[i];
        }
        for (int i = 0; i < 6; i++) {
            Vector t[6];
            int64_t at = i == 0 ? n - s->columns : i == 5 ? n + s->columns : n;
            input_line_back(lines[i], t);
            for (int j = 0; j < 6; j++) add(pixel(channel, s, (i + 3) % 4, j - 1) + at, t[j]);
        }
    }
    for (int i = 0; i < 4; i++) {
        const float *left = pixel(channel, s, i, -1), *right = pixel(channel, s, i, 4);
        float *last = pixel(channel, s, i, 3), *first = pixel(channel, s, i, 0);
        for (int r = 0; r < s->rows; r++)
            for (int64_t at = (int64_t)r * s->columns, end = at + s->columns - 1; at < end; at++) {
                last[at] += left[at + 1];
                first[at + 1] += right[at];
            }
    }
    clear_rims(channel, s);
}

/* ---- Between a channel and an image in rows, (4 rows, 4 columns) ---- */

INLINE void read_image(const float *image, float *channel, const Shape *s)
{
    for (int i = 0; i < 4; i++)
        for (int r = 0; r < s->rows; r++) {
            const float *line = image + ((int64_t)r * 4 + i) * 4 * s->columns;
            float *to[4];
            for (int j = 0; j < 4; j++) to[j] = pixel(channel, s, i, j) + (int64_t)r * s->columns;
            for (int c = 0; c < s->columns; c++)
                for (int j = 0; j < 4; j++) to[j][c] = line[4 * c + j];
        }
    clear_rims(channel, s);
}

INLINE void write_image(float *image, float *channel, const Shape *s)
{
    for (int i = 0; i < 4; i++)
        for (int r = 0; r < s->rows; r++) {
            float *line = image + ((int64_t)r * 4 + i) * 4 * s->columns;
            const float *from[4];
            for (int j = 0; j < 4; j++) from[j] = pixel(channel, s, i, j) + (int64_t)r * s->columns;
            for (int c = 0; c < s->columns; c++)
                for (int j = 0; j < 4; j++) line[4 * c + j] = from[j][c];
        }
}

/* The scratch memory of channel c, and whether the spectra of a channel, in half of two, can be written after it */
INLINE float *place(float *scratch, const Shape *s, int c, int half) { return scratch + (half ? c % 2 : 0) * channel_of(s); }
INLINE int complete(int c, int half) { return !half || c % 2; }
INLINE int64_t row_of(const Shape *s, int c, int half) { return (half ? c / 2 : c) * s->count; }

/* ---- A tile of a stream ---- */

/* Spectra of pixels whose neighbours lie around them in memory */
INLINE void tile_spectra_of(const float *pixels, const int64_t strides[3], float *spectra, int64_t frequency, float *scratch,
                            int channels, int rows, int columns, int half)
{
    Shape s = shape_of(rows, columns);
    for (int c = 0; c < channels; c++) {
        float *channel = place(scratch, &s, c, half);
        for (int i = 0; i < 4; i++)
            for (int j = -1; j < 5; j++)
                for (int r = i == 3 ? -1 : 0; r < rows + (i == 0); r++)
                    memcpy(pixel(channel, &s, i, j) + (int64_t)r * columns,
                           pixels + (4 * i + (j + 4) % 4) * strides[0] + c * strides[1] + r * strides[2] + (j + 4) / 4 - 1,
                           4 * columns);
        if (complete(c, half)) write_spectra(scratch, &s, spectra + row_of(&s, c, half), frequency, 0, half);
    }
}

/* Where the image ends in a tile: at its left, and, for each of the four offsets in a block, below and at its right */
typedef struct { int first_column, last_row[4], last_column[4]; } Inside;

INLINE void clear_outside(float *channel, const Shape *s, const Inside *inside)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            int first = inside->first_column, last = inside->last_column[j];
            if (!first && inside->last_row[i] == s->rows && last == s->columns) continue;
            for (int r = 0; r < s->rows; r++) {
                float *line = pixel(channel, s, i, j) + (int64_t)r * s->columns;
                if (r >= inside->last_row[i]) memset(line, 0, 4 * s->columns);
                else {
                    memset(line, 0, 4 * first);
                    memset(line + last, 0, 4 * (s->columns - last));
                }
            }
        }
}

/* What a growing convolution adds: the spectra of ReLU(products + bias).
   Of a tile: zero outside the image; above (4, channels, columns) is the line of pixels above it, replaced by the last
   line of its last row of blocks but one. Of a whole image (above 0): positive (channels, 16, count) says where ReLU let
   through, and zeros lie around it. */
INLINE void grow_from(const float *products, const float *bias, float *above, const Inside *inside, uint8_t *positive,
                      float *spectra, int64_t frequency, float *scratch, int channels, int rows, int columns, int half)
{
    Shape s = shape_of(rows, columns);
    for (int c = 0; c < channels; c++) {
        float *channel = place(scratch, &s, c, half);
        for (int64_t n = 0; n < s.count; n += WIDTH) {
            Vector out[16];
            output_blocks(products + c * s.count + n, channels * s.count, out);
            for (int p = 0; p < 16; p++) {
                Vector value = out[p] + bias[c];
                if (positive) {
                    Bytes bytes = __builtin_convertvector((Words)(value > 0) & 1, Bytes);
                    memcpy(positive + ((int64_t)c * 16 + p) * s.count + n, &bytes, sizeof bytes);
                }
                value = (Vector)((Words)value & ~(Words)(value < 0)); /* which NaN is not */
                store(pixel(channel, &s, p / 4, p % 4) + n, value);
            }
        }
        clear_rims(channel, &s);
        if (above) {
            clear_outside(channel, &s, inside);
            for (int j = 0; j < 4; j++) {
                float *line = above + ((int64_t)j * channels + c) * columns, *last = pixel(channel, &s, 3, j);
                memcpy(last - columns, line, 4 * columns);
                memcpy(line, last + (int64_t)(rows - 2) * columns, 4 * columns);
            }
        }
        fill_sides(channel, &s);
        if (complete(c, half)) write_spectra(scratch, &s, spectra + row_of(&s, c, half), frequency, 0, half);
    }
}

/* What an RDAB gives: skip x + dense + bias + gate (attention + its bias), without the tile's rim (the products have a
   column on each side and a row below more). gate: (16, rows of the target * columns of the products), and 15 values more. */
INLINE void finish_with(const float *dense, const float *bias, const float *attention, const float *attention_bias,
                        const float *gate, const float *source, const int64_t source_strides[3], float *target,
                        const int64_t target_strides[3], float *scratch, float skip, int channels, int rows, int columns)
{
    Shape s = shape_of(rows + 1, columns + 2);
    int64_t inner = (int64_t)rows * s.columns, frequency = channels * s.count;
    for (int c = 0; c < channels; c++) {
        for (int64_t n = 0; n < inner; n += WIDTH) {
            Vector out[16], seen[16];
            output_blocks(dense + c * s.count + n, frequency, out);
            if (attention) output_blocks(attention + c * s.count + n, frequency, seen);
            for (int p = 0; p < 16; p++) {
                Vector value = out[p] + bias[c];
                if (attention) value += load(gate + p * inner + n) * (seen[p] + attention_bias[c]);
                store(scratch + p * s.plane + n, value);
            }
        }
        for (int p = 0; p < 16; p++)
            for (int r = 0; r < rows; r++) {
                const float *sum = scratch + p * s.plane + (int64_t)r * s.columns + 1;
                const float *x = source + p * source_strides[0] + c * source_strides[1] + r * source_strides[2];
                float *to = target + p * target_strides[0] + c * target_strides[1] + r * target_strides[2];
                for (int n = 0; n < columns; n++) to[n] = sum[n] + skip * x[n];
            }
    }
}

/* Where the next WIDTH of a row begin: the last ones begin earlier, so that there is no rest */
INLINE int next_of(int n, int columns)
{
    return n + 2 * WIDTH <= columns || n + WIDTH >= columns ? n + WIDTH : columns - WIDTH;
}

/* Mean and maximum over the channels of (16, channels, rows, columns): pooled (16, 2, rows, columns) */
void pool(const float *pixels, const int64_t strides[3], float *pooled, int channels, int rows, int columns)
{
    int64_t plane = (int64_t)rows * columns;
    for (int p = 0; p < 16; p++)
        for (int r = 0; r < rows; r++) {
            const float *from = pixels + p * strides[0] + r * strides[2];
            float *mean = pooled + 2 * p * plane + (int64_t)r * columns, *largest = mean + plane;
            for (int n = 0; n < columns; n = next_of(n, columns)) {
                int count = columns - n < WIDTH ? columns - n : WIDTH;
                Vector sum = {0}, most = {0};
                for (int c = 0; c < channels; c++) {
                    Vector values = load_some(from + c * strides[1] + n, count);
                    Words larger = (Words)(values > most) | (Words)(values != values); /* NaN wins */
                    sum += values;
                    most = c ? (Vector)(((Words)values & larger) | ((Words)most & ~larger)) : values;
                }
                store_some(mean + n, sum / (float)channels, count);
                store_some(largest + n, most, count);
            }
        }
}

/* A convolution as it is written: side x side taps (odd, at most 7) of pixels whose neighbours lie around them in memory.
   weight: (channels, seen, side, side), seen at most 3; out: (16, channels, rows, columns), written `together` at a time. */
INLINE void convolve_with(const float *pixels, const int64_t strides[3], const float *weight, const float *bias, float *out,
                          const int64_t out_strides[3], int channels, int seen, int side, int rows, int columns,
                          int together)
{
    int64_t offsets[3 * 49];
    int taps = seen * side * side;
    for (int p = 0; p < 16; p++) {
        for (int tap = 0; tap < taps; tap++) {
            int y = tap / side % side, x = tap % side;
            int i = p / 4 + y - side / 2 + 4, j = p % 4 + x - side / 2 + 4; /* from the block up and left */
            int seen_channel = tap / side / side;
            offsets[tap] = (i % 4 * 4 + j % 4) * strides[0] + seen_channel * strides[1] + (i / 4 - 1) * strides[2] + j / 4 - 1;
        }
        for (int c = 0; c < channels; c += together)
            for (int r = 0; r < rows; r++)
                for (int n = 0; n < columns; n = next_of(n, columns)) {
                    int count = columns - n < WIDTH ? columns - n : WIDTH;
                    Vector sums[4];
                    for (int k = 0; k < together; k++) sums[k] = (Vector){0} + bias[c + k];
                    for (int tap = 0; tap < taps; tap++) {
                        const float *from = pixels + r * strides[2] + offsets[tap] + n;
                        Vector values = load_some(from, count);
                        for (int k = 0; k < together; k++) sums[k] += weight[(c + k) * taps + tap] * values;
                    }
                    for (int k = 0; k < together; k++)
                        store_some(out + p * out_strides[0] + (c + k) * out_strides[1] + r * out_strides[2] + n, sums[k],
                                   count);
                }
    }
}

/* ---- A whole image in training ---- */

INLINE void image_spectra_of(const float *image, float *spectra, int64_t frequency, float *scratch, int channels, int rows,
                             int columns, int half)
{
    Shape s = shape_of(rows, columns);
    for (int c = 0; c < channels; c++) {
        float *channel = place(scratch, &s, c, half);
        read_image(image + (int64_t)c * 16 * rows * columns, channel, &s);
        fill_sides(channel, &s);
        if (complete(c, half)) write_spectra(scratch, &s, spectra + row_of(&s, c, half), frequency, 0, half);
    }
}

/* products + bias as an image */
void image_of_products(const float *products, const float *bias, float *image, float *scratch, int channels, int rows,
                       int columns)
{
    Shape s = shape_of(rows, columns);
    for (int c = 0; c < channels; c++) {
        for (int64_t n = 0; n < s.count; n += WIDTH) {
            Vector out[16];
            output_blocks(products + c * s.count + n, channels * s.count, out);
            for (int p = 0; p < 16; p++) store(pixel(scratch, &s, p / 4, p % 4) + n, out[p] + bias[c]);
        }
        write_image(image + (int64_t)c * 16 * rows * columns, scratch, &s);
    }
}

INLINE float sum_of(float *channel, const Shape *s)
{
    Vector sums = {0};
    for (int p = 0; p < 16; p++)
        for (int64_t n = 0; n < s->count; n += WIDTH) sums += load(pixel(channel, s, p / 4, p % 4) + n);
    return total(sums);
}

/* Gradient of a convolution's output: its spectra, and its sums, which are added to the bias's gradient. The output's
   gradient is an image, or (image 0), for a growing convolution, that of the products which read it, where positive. */
INLINE void output_gradient_of(const float *image, const float *products, int64_t products_frequency, const uint8_t *positive,
                               float *bias, float *spectra, float *scratch, int channels, int rows, int columns, int half)
{
    Shape s = shape_of(rows, columns);
    int64_t frequency = (half ? channels / 2 : channels) * s.count;
    for (int c = 0; c < channels; c++) {
        float *channel = place(scratch, &s, c, half);
        if (image) read_image(image + (int64_t)c * 16 * rows * columns, channel, &s);
        else {
            gradient_pixels(products + c * s.count, products_frequency, channel, &s);
            for (int p = 0; p < 16; p++)
                for (int64_t n = 0; n < s.count; n += WIDTH) {
                    Bytes bytes;
                    memcpy(&bytes, positive + ((int64_t)c * 16 + p) * s.count + n, sizeof bytes);
                    float *at = pixel(channel, &s, p / 4, p % 4) + n;
                    store(at, (Vector)((Words)load(at) & -__builtin_convertvector(bytes, Words)));
                }
        }
        bias[c] += sum_of(channel, &s);
        if (complete(c, half)) write_spectra(scratch, &s, spectra + row_of(&s, c, half), frequency, 1, half);
    }
}

/* Gradient of the image that products read */
void image_of_gradient(const float *products, int64_t frequency, float *image, float *scratch, int channels, int rows,
                       int columns)
{
    Shape s = shape_of(rows, columns);
    for (int c = 0; c < channels; c++) {
        gradient_pixels(products + c * s.count, frequency, scratch, &s);
        write_image(image + (int64_t)c * 16 * rows * columns, scratch, &s);
    }
}

/* ---- What compiled.py calls: each choice is made here, once, so that the code above is compiled for it ---- */

int group_size(void) { return GROUP; }

#if defined(__AVX512BF16__)
#define EITHER(function, ...) do { if (half) function(__VA_ARGS__, 1); else function(__VA_ARGS__, 0); } while (0)
#else
#define EITHER(function, ...) function(__VA_ARGS__, 0)
#endif

void products(const float *weights, const float *spectra, float *products, int channels, int depth, int64_t count,
              int64_t spectra_frequency, int64_t products_frequency, int accumulate, int half)
{
    int64_t from = spectra_frequency, to = products_frequency;
    if (accumulate) EITHER(all_products, weights, spectra, products, channels, depth, count, from, to, 1);
    else EITHER(all_products, weights, spectra, products, channels, depth, count, from, to, 0);
}

void weight_gradient(const float *left, const float *right, float *sums, int lefts, int rights, int64_t count,
                     int64_t left_frequency, int64_t right_frequency, int half)
{
    EITHER(all_weight_gradients, left, right, sums, lefts, rights, count, left_frequency, right_frequency);
}

void tile_spectra(const float *pixels, const int64_t strides[3], float *spectra, int64_t frequency, float *scratch,
                  int channels, int rows, int columns, int half)
{
    EITHER(tile_spectra_of, pixels, strides, spectra, frequency, scratch, channels, rows, columns);
}

void grow(const float *products, const float *bias, float *above, const Inside *inside, uint8_t *positive, float *spectra,
          int64_t frequency, float *scratch, int channels, int rows, int columns, int half)
{
    if (above) EITHER(grow_from, products, bias, above, inside, 0, spectra, frequency, scratch, channels, rows, columns);
    else EITHER(grow_from, products, bias, 0, 0, positive, spectra, frequency, scratch, channels, rows, columns);
}

void finish(const float *dense, const float *bias, const float *attention, const float *attention_bias, const float *gate,
            const float *source, const int64_t source_strides[3], float *target, const int64_t target_strides[3],
            float *scratch, float skip, int channels, int rows, int columns)
{
    if (attention)
        finish_with(dense, bias, attention, attention_bias, gate, source, source_strides, target, target_strides, scratch,
                    skip, channels, rows, columns);
    else
        finish_with(dense, bias, 0, 0, 0, source, source_strides, target, target_strides, scratch, skip, channels, rows,
                    columns);
}

void convolve(const float *pixels, const int64_t strides[3], const float *weight, const float *bias, float *out,
              const int64_t out_strides[3], int channels, int seen, int side, int rows, int columns)
{
    int four = channels % 4 == 0;
    if (four) convolve_with(pixels, strides, weight, bias, out, out_strides, channels, seen, side, rows, columns, 4);
    else convolve_with(pixels, strides, weight, bias, out, out_strides, channels, seen, side, rows, columns, 1);
}

void image_spectra(const float *image, float *spectra, int64_t frequency, float *scratch, int channels, int rows, int columns,
                   int half)
{
    EITHER(image_spectra_of, image, spectra, frequency, scratch, channels, rows, columns);
}

void output_gradient(const float *image, const float *products, int64_t products_frequency, const uint8_t *positive,
                     float *bias, float *spectra, float *scratch, int channels, int rows, int columns, int half)
{
    if (image) EITHER(output_gradient_of, image, 0, 0, 0, bias, spectra, scratch, channels, rows, columns);
    else
        EITHER(output_gradient_of, 0, products, products_frequency, positive, bias, spectra, scratch, channels, rows,
               columns);
}
