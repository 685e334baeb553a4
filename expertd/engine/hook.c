/* How every row of a batch gets its own blend. An adapter of zeros and of one rank is set in llama.cpp for each module
 * of the base (the carrier), so that every W x in a graph is followed by four nodes:
 *     A x;  B (A x);  that times a scale;  W x plus that
 * llama.cpp asks the evaluation callback about each node before it computes any. There the first and the last of the four
 * become operations of our own, which run on llama.cpp's threads as all others do; the two between are not computed:
 *     h = A x of each of the row's experts;  (W x) * factors + shifts + B h
 * (factors and shifts: DoRA, IA3). Where no row of a batch needs a module, none of the four is computed.
 * Two things more change the result of a node, for which llama.cpp stops and shows it to the callback:
 *     the input of ffn_down     times the row's factors, for W alone: the LoRA beside it sees it as it was (IA3)
 *     a row's embedding         replaced (soft prompts)
 * What a callback and an operation need is in the plan of the batch, which the decoding thread alone changes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"

#define N_KINDS 7
#define MAX_MODULES (N_KINDS * 256)
#define MAX_SEEN 1024
#define BLOCK 16    /* rows whose input stays in the nearest cache */
#define PIECE 1024  /* of a row of A */
#define TILE 32     /* outputs that are summed in registers */
#define LINE 64     /* bytes that a processor fetches at once */
#define MAX_RANK 256 /* as in tensors.py */

/* In the order of `MODULES` in tensors.py. */
static const char * const kinds[N_KINDS] = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};
enum { FFN_DOWN = 6 };

/* What an expert adds to W of one module. */
struct low_rank {
    const void * a; /* [rank][n_in] */
    const void * b; /* [rank][n_out]: B transposed */
    int32_t rank;   /* 0: nothing */
    int32_t halves; /* 1: `a` is f16, else f32; 2: `b` is */
};

struct part {
    const struct low_rank * modules; /* [n_modules] */
    float scale;
};

struct blend {
    const struct part * parts;
    int64_t n_parts;
    const float * factors; /* of W x, one a channel of every module; NULL: as it is */
    const float * shifts;  /* likewise */
    const float * inputs;  /* of ffn_down's input, [n_layer][n_ff]; NULL: as it is */
};

/* What a batch does to a module: bits. */
enum { LOW_RANK = 1, CHANNELS = 2 };

/* Where in a base a node of ours stands. */
struct site {
    struct plan * plan;
    int32_t module;
    bool adds; /* it is W x plus the adapter, else A x */
};

/* The plan of one batch, and what came of it. A module's number is its layer * N_KINDS + its kind. */
struct plan {
    int32_t n_layer;
    int32_t n_in[N_KINDS], n_out[N_KINDS];
    int32_t n_rows, n_outputs, n_ubatch;
    const uint8_t * is_output;  /* [n_rows] */
    const struct blend * blends;
    const int32_t * row_blends;    /* [n_rows]: place in `blends` */
    const int32_t * output_blends; /* [n_outputs] */
    const uint8_t * does;          /* [n_modules]; NULL: nothing */
    float * h;                     /* [n_ubatch][width] */
    int64_t width;                 /* ranks of all parts of a blend at most */
    int32_t has_inputs;            /* whether some blend has `inputs` */
    const float * const * embeddings; /* [n_rows]: NULL where the token's own stays; NULL: all stay */
    /* results */
    int64_t changed; /* nodes */
    int64_t strange; /* nodes that are not as the plan has them */
    /* where in the batch the present ubatch lies */
    int32_t begun, row, output, rows_here, outputs_here;
    float * kept; /* ffn_down's input as it was */
    size_t kept_bytes;
    /* collecting: the tensors of the cells that a graph writes to */
    int32_t collecting, n_seen;
    struct ggml_tensor * seen[MAX_SEEN];
    struct site sites[2 * MAX_MODULES];
};

static bool ends_with(const char * name, const char * end) {
    size_t n = strlen(name), e = strlen(end);
    return n > e && memcmp(name + n - e, end, e) == 0;
}

/* The number of the module in "blk.<layer>.<kind>.weight.lora_<side>", or -1. */
static int module_of(const struct plan * p, const struct ggml_tensor * lora, const char * side) {
    if (strncmp(lora->name, "blk.", 4) != 0 || !ends_with(lora->name, side)) return -1;
    char * kind;
    long layer = strtol(lora->name + 4, &kind, 10);
    if (*kind++ != '.' || layer < 0 || layer >= p->n_layer || layer >= MAX_MODULES / N_KINDS) return -1;
    for (int i = 0; i < N_KINDS; i++) {
        size_t n = strlen(kinds[i]);
        if (strncmp(kind, kinds[i], n) == 0 && strncmp(kind + n, ".weight.", 8) == 0) return (int) layer * N_KINDS + i;
    }
    return -1;
}

static struct site * site_of(struct plan * p, int module, bool adds) {
    struct site * site = &p->sites[2 * module + adds];
    *site = (struct site) {p, module, adds};
    return site;
}

static void begin_ubatch(struct plan * p) {
    if (p->begun) {
        p->row += p->rows_here;
        p->output += p->outputs_here;
    }
    p->begun = 1;
    int32_t left = p->n_rows - p->row;
    p->rows_here = left < p->n_ubatch ? left : p->n_ubatch;
    p->outputs_here = 0;
    for (int32_t i = p->row; i < p->row + p->rows_here; i++) p->outputs_here += p->is_output[i];
}

static bool has_columns(const struct ggml_tensor * t) {
    const struct ggml_tensor * owner = t->view_src ? t->view_src : t;
    return t->type == GGML_TYPE_F32 && t->ne[2] == 1 && t->ne[3] == 1 && ggml_is_contiguous(t) && ggml_backend_buffer_is_host(owner->buffer);
}

/* The blends of a node's columns, [t->ne[1]]: of the ubatch's rows, or of its outputs alone, as the last layer has them
 * after its attention. NULL: the node is nothing that the plan knows. */
static const int32_t * blends_of(const struct plan * p, const struct ggml_tensor * t) {
    if (!has_columns(t)) return NULL;
    return t->ne[1] == p->rows_here ? p->row_blends + p->row : t->ne[1] == p->outputs_here ? p->output_blends + p->output : NULL;
}

/* ---- the operations */

static const float * as_floats(const void * values, int64_t at, int64_t n, bool half, float * buffer) {
    if (!half) return (const float *) values + at;
    ggml_cpu_fp16_to_fp32((const ggml_fp16_t *) values + at, buffer, n);
    return buffer;
}

/* out[i * width] += scale * (a . row i of x) of up to BLOCK rows. */
static void dot_rows(const float * a, const float * x, int64_t n_in, int64_t n, int rows, float scale, float * out, int64_t width) {
    int i = 0;
    for (; i + 4 <= rows; i += 4) {
        const float * x0 = x + i * n_in, * x1 = x0 + n_in, * x2 = x1 + n_in, * x3 = x2 + n_in;
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        #pragma omp simd reduction(+ : s0, s1, s2, s3)
        for (int64_t j = 0; j < n; j++) {
            s0 += a[j] * x0[j];
            s1 += a[j] * x1[j];
            s2 += a[j] * x2[j];
            s3 += a[j] * x3[j];
        }
        float * to = out + i * width;
        to[0] += scale * s0;
        to[width] += scale * s1;
        to[2 * width] += scale * s2;
        to[3 * width] += scale * s3;
    }
    for (; i < rows; i++) {
        const float * row = x + i * n_in;
        float sum = 0;
        #pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < n; j++) sum += a[j] * row[j];
        out[i * width] += scale * sum;
    }
}

/* Ranks [from, to) of `h` of the rows [first, end), which have one blend. */
static void ranks_of_h(const struct low_rank * module, float scale, const float * x, int64_t n_in,
                       int first, int end, int from, int to, float * h, int64_t width) {
    float buffer[PIECE];
    for (int row = first; row < end; row += BLOCK) {
        int rows = end - row < BLOCK ? end - row : BLOCK;
        for (int r = from; r < to; r++) {
            float * out = h + row * width + r;
            for (int i = 0; i < rows; i++) out[i * width] = 0;
            for (int64_t at = 0; at < n_in; at += PIECE) {
                int64_t n = n_in - at < PIECE ? n_in - at : PIECE;
                const float * a = as_floats(module->a, r * n_in + at, n, module->halves & 1, buffer);
                dot_rows(a, x + row * n_in + at, n_in, n, rows, scale, out, width);
            }
        }
    }
}

static void prefetch(const void * values, int64_t from, int64_t to, bool half) {
    int64_t bytes = half ? sizeof(ggml_fp16_t) : sizeof(float);
    for (int64_t at = from * bytes; at < to * bytes; at += LINE) __builtin_prefetch((const char *) values + at);
}

static int end_of_run(const int32_t * blends, int i, int n) {
    int end = i + 1;
    while (end < n && blends[end] == blends[i]) end++;
    return end;
}

/* What is computed after part `k` of a blend whose rows end at `end`, of `n`; NULL: nothing of this module. */
static const struct low_rank * part_after(const struct plan * p, const struct blend * blend, int k, const int32_t * blends, int end, int n, int module) {
    if (k + 1 < blend->n_parts) return &blend->parts[k + 1].modules[module];
    const struct blend * next = end < n ? &p->blends[blends[end]] : NULL;
    return next && next->n_parts ? &next->parts[0].modules[module] : NULL;
}

/* In the place of A x: each thread computes some ranks of `h`. What it needs next is fetched meanwhile. */
static void multiply_a(struct ggml_tensor * t, int ith, int nth, void * data) {
    const struct site * site = data;
    struct plan * p = site->plan;
    int module = site->module, n = (int) t->ne[1];
    const int32_t * blends = blends_of(p, t);
    int64_t n_in = t->src[1]->ne[0];
    const float * x = p->has_inputs && module % N_KINDS == FFN_DOWN ? p->kept : t->src[1]->data;
    for (int i = 0, end; i < n; i = end) {
        end = end_of_run(blends, i, n);
        const struct blend * blend = &p->blends[blends[i]];
        float * h = p->h;
        for (int k = 0; k < blend->n_parts; k++) {
            const struct low_rank * low_rank = &blend->parts[k].modules[module], * next = part_after(p, blend, k, blends, end, n, module);
            int rank = low_rank->rank;
            if (next) prefetch(next->a, next->rank * ith / nth * n_in, next->rank * (ith + 1) / nth * n_in, next->halves & 1);
            ranks_of_h(low_rank, blend->parts[k].scale, x, n_in, i, end, rank * ith / nth, rank * (ith + 1) / nth, h, p->width);
            h += rank;
        }
    }
    if (ith == 0) p->changed++;
}

static inline void sum_tile(float * y, const float * tile, const float * h, int rank, int n) {
    float sums[TILE];
    for (int j = 0; j < n; j++) sums[j] = y[j];
    for (int r = 0; r < rank; r++) for (int j = 0; j < n; j++) sums[j] += h[r] * tile[r * TILE + j];
    for (int j = 0; j < n; j++) y[j] = sums[j];
}

/* Outputs [from, to) of the rows [first, end) plus one part's B h: some at a time, so that their sums stay in registers. */
static void add_tiles(const struct low_rank * module, float * y, int64_t n_out, int64_t from, int64_t to, int first, int end, const float * h, int64_t width) {
    float tile[MAX_RANK * TILE];
    for (int64_t at = from; at < to; at += TILE) {
        int n = to - at < TILE ? (int) (to - at) : TILE;
        for (int r = 0; r < module->rank; r++) {
            float * into = tile + r * TILE;
            const float * b = as_floats(module->b, r * n_out + at, n, module->halves & 2, into);
            if (b != into) memcpy(into, b, n * sizeof(float));
        }
        for (int row = first; row < end; row++) {
            float * sums = y + row * n_out + at;
            if (n == TILE) sum_tile(sums, tile, h + row * width, module->rank, TILE);
            else sum_tile(sums, tile, h + row * width, module->rank, n);
        }
    }
}

/* Outputs [from, to) of the rows [first, end) times their blend's factors, plus its shifts. */
static void scale_outputs(const struct blend * blend, int64_t channel, float * y, int64_t n_out, int64_t from, int64_t to, int first, int end) {
    if (!blend->factors) return;
    const float * factors = blend->factors + channel, * shifts = blend->shifts + channel;
    for (int row = first; row < end; row++) {
        float * out = y + row * n_out;
        for (int64_t j = from; j < to; j++) out[j] = out[j] * factors[j] + shifts[j];
    }
}

/* Where a module's channels begin. */
static int64_t channel_of(const struct plan * p, int module) {
    int64_t channel = 0;
    for (int i = 0; i < N_KINDS; i++) channel += (int64_t) p->n_out[i] * (module / N_KINDS + (i < module % N_KINDS));
    return channel;
}

/* In the place of W x plus the adapter, which llama.cpp adds in place: each thread computes some outputs of every row. */
static void add_b(struct ggml_tensor * t, int ith, int nth, void * data) {
    const struct site * site = data;
    struct plan * p = site->plan;
    int module = site->module, n = (int) t->ne[1];
    const int32_t * blends = blends_of(p, t);
    int64_t n_out = t->ne[0], n_tiles = (n_out + TILE - 1) / TILE, channel = channel_of(p, module);
    int64_t from = n_tiles * ith / nth * TILE, to = n_tiles * (ith + 1) / nth * TILE;
    if (to > n_out) to = n_out;
    for (int i = 0, end; i < n; i = end) {
        end = end_of_run(blends, i, n);
        const struct blend * blend = &p->blends[blends[i]];
        scale_outputs(blend, channel, t->data, n_out, from, to, i, end);
        const float * h = p->h;
        for (int k = 0; k < blend->n_parts; k++) {
            const struct low_rank * low_rank = &blend->parts[k].modules[module], * next = part_after(p, blend, k, blends, end, n, module);
            for (int r = 0; next && r < next->rank; r++) prefetch(next->b, r * n_out + from, r * n_out + to, next->halves & 2);
            add_tiles(low_rank, t->data, n_out, from, to, i, end, h, p->width);
            h += low_rank->rank;
        }
    }
    if (ith == 0) p->changed++;
}

/* ---- the callback */

static void compute(struct ggml_tensor * t, bool yes) {
    t->flags = yes ? t->flags | GGML_TENSOR_FLAG_COMPUTE : t->flags & ~GGML_TENSOR_FLAG_COMPUTE;
}

/* Make a node of the carrier an operation of ours, for as long as llama.cpp uses its graph again. Only ggml itself knows
 * how such a node is laid out, so it makes one to copy. */
static void become(struct ggml_tensor * t, ggml_custom_op_t operation, struct site * site) {
    struct ggml_context * context = ggml_init((struct ggml_init_params) {2 * ggml_tensor_overhead(), NULL, true});
    if (!context) return;
    const struct ggml_tensor * model = ggml_custom_4d(context, GGML_TYPE_F32, 1, 1, 1, 1, NULL, 0, operation, GGML_N_TASKS_MAX, site);
    t->op = model->op;
    memcpy(t->op_params, model->op_params, sizeof(t->op_params));
    t->extra = site;
    ggml_free(context);
}

/* Whether a node of ours is computed in this batch. One without columns never is, and counts as done. */
static void ask_ours(struct plan * p, struct ggml_tensor * t) {
    const struct site * site = t->extra;
    bool due = p->does && p->does[site->module] & (site->adds ? LOW_RANK | CHANNELS : LOW_RANK);
    if (due && !blends_of(p, t)) p->strange++;
    else if (due && t->ne[1] == 0) p->changed++;
    compute(t, due && blends_of(p, t) && t->ne[1] != 0);
}

/* A x of an adapter, when a graph is new. */
static void ask_a(struct plan * p, struct ggml_tensor * t) {
    int module = module_of(p, t->src[0], ".lora_a");
    const struct ggml_tensor * x = t->src[1];
    bool fits = module >= 0 && x->ne[0] == p->n_in[module % N_KINDS] && x->ne[1] == t->ne[1] && ggml_is_contiguous(x) && x->type == GGML_TYPE_F32;
    if (!fits) {
        p->strange++;
        return;
    }
    become(t, multiply_a, site_of(p, module, false));
    ask_ours(p, t);
}

/* W x plus an adapter, when a graph is new. */
static void ask_add(struct plan * p, struct ggml_tensor * t) {
    struct ggml_tensor * scaled = t->src[1], * product = scaled->src[0];
    int module = module_of(p, product->src[0], ".lora_b");
    bool fits = module >= 0 && product->src[1]->ne[0] == 1 && t->ne[0] == p->n_out[module % N_KINDS] && t->data == t->src[0]->data;
    if (!fits) {
        p->strange++;
        return;
    }
    compute(scaled, false);
    compute(product, false);
    become(t, add_b, site_of(p, module, true));
    ask_ours(p, t);
}

static bool is_embedding(const struct ggml_tensor * t) {
    return t->op == GGML_OP_GET_ROWS && strcmp(t->src[0]->name, "token_embd.weight") == 0;
}

static bool adds_adapter(const struct ggml_tensor * t) {
    const struct ggml_tensor * scaled = t->src[1], * product = scaled && scaled->op == GGML_OP_SCALE ? scaled->src[0] : NULL;
    return product && product->op == GGML_OP_MUL_MAT && ends_with(product->src[0]->name, ".lora_b");
}

static void collect(struct plan * p, struct ggml_tensor * cells) {
    for (int i = 0; i < p->n_seen; i++) if (p->seen[i] == cells) return;
    if (p->n_seen < MAX_SEEN) p->seen[p->n_seen++] = cells;
}

/* Whether llama.cpp shall stop after a node and show it. Asked of all nodes of all graphs: strings are compared in new ones alone. */
static bool ask(struct plan * p, struct ggml_tensor * t) {
    switch (t->op) {
        case GGML_OP_GET_ROWS:
            if (!is_embedding(t)) return false;
            begin_ubatch(p);
            return p->embeddings != NULL;
        case GGML_OP_GLU:
            return p->has_inputs;
        case GGML_OP_SET_ROWS:
            if (p->collecting && t->view_src) collect(p, t->view_src);
            return false;
        case GGML_OP_MUL_MAT_ID:
            if (ends_with(t->src[0]->name, ".lora_a")) p->strange++;
            return false;
        case GGML_OP_MUL_MAT:
            if (t->ne[0] == 1 && ends_with(t->src[0]->name, ".lora_a")) ask_a(p, t);
            return false;
        case GGML_OP_ADD:
            if (adds_adapter(t)) ask_add(p, t);
            return false;
        case GGML_OP_CUSTOM:
            ask_ours(p, t);
            return false;
        default:
            return false;
    }
}

static bool scale_inputs(struct plan * p, struct ggml_tensor * t) {
    const char * layer = strrchr(t->name, '-');
    const int32_t * blends = blends_of(p, t);
    if (!blends || !layer || t->ne[0] != p->n_in[FFN_DOWN]) return false;
    size_t bytes = ggml_nbytes(t);
    if (bytes > p->kept_bytes) {
        float * more = realloc(p->kept, bytes);
        if (!more) return false;
        p->kept = more;
        p->kept_bytes = bytes;
    }
    memcpy(p->kept, t->data, bytes);
    int64_t at = (int64_t) atoi(layer + 1) * t->ne[0];
    for (int64_t i = 0; i < t->ne[1]; i++) {
        const float * factors = p->blends[blends[i]].inputs;
        float * x = (float *) t->data + i * t->ne[0];
        if (factors) for (int64_t j = 0; j < t->ne[0]; j++) x[j] *= factors[at + j];
    }
    return true;
}

static bool replace_embeddings(struct plan * p, struct ggml_tensor * t) {
    if (t->ne[1] != p->rows_here || !has_columns(t)) return false;
    for (int64_t i = 0; i < t->ne[1]; i++) {
        const float * row = p->embeddings[p->row + i];
        if (row) memcpy((float *) t->data + i * t->ne[0], row, t->ne[0] * sizeof(float));
    }
    return true;
}

/* Every action that a node is due counts once, so that the plan can be held against it. Never false on the second call:
 * that would drop the rest of the graph. */
bool expertd_hook(struct ggml_tensor * t, bool asking, void * data) {
    struct plan * p = data;
    if (asking) return ask(p, t);
    bool done = t->op == GGML_OP_GET_ROWS ? replace_embeddings(p, t) : scale_inputs(p, t);
    if (done) p->changed++; else p->strange++;
    return true;
}

void expertd_free(struct plan * p) {
    free(p->kept);
    p->kept = NULL;
    p->kept_bytes = 0;
}

/* What Python needs to know of a tensor that was seen; sizes in bytes. */
const char * expertd_seen_name(const struct plan * p, int32_t i) { return p->seen[i]->name; }
bool expertd_seen_is_host(const struct plan * p, int32_t i) { return ggml_backend_buffer_is_host(p->seen[i]->buffer); }
void * expertd_seen_data(const struct plan * p, int32_t i) { return p->seen[i]->data; }
size_t expertd_seen_bytes(const struct plan * p, int32_t i) { return ggml_nbytes(p->seen[i]); }
size_t expertd_plan_bytes(void) { return sizeof(struct plan); }
