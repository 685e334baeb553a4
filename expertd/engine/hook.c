/* The evaluation callback. llama.cpp asks it about every node of a graph (ask = true), computes up to each node that it
 * wants, and shows it that node's result (ask = false). By what each token's own blend says, it changes
 *   A x of a pool's LoRA      times the token's mask over the pool's ranks
 *   W x of a base's module    times the token's channel factors, plus its shifts (DoRA, IA3)
 *   the input of ffn_down     times the token's factors, for W alone: the LoRA beside it sees it as it was (IA3)
 *   a token's embedding       replaced (soft prompts)
 * Everything here belongs to the decoding thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ggml-backend.h"
#include "ggml.h"

#define MAX_POOLS 16
#define MAX_BLENDS 256
#define MAX_SEEN 16384

/* One attached pool. A pool without masks is left as it is: every row of the batch uses all of it. */
struct pool {
    int32_t ranks;
    int32_t n_tensors;
    const void * const * tensors; /* the addresses of its lora_a, in ascending order */
    const float * rows;           /* [n_rows][ranks], NULL: no masks */
    const float * outputs;        /* [n_outputs][ranks]: of the rows whose logits are asked for */
};

/* One module of the base: its weight, and where its channels begin in a blend's factors. */
struct site {
    const void * weight;
    int64_t channel;
};

/* What a blend of the batch does beside LoRA; NULL: nothing. */
struct channels {
    const float * factors; /* of W x, one a channel of every site */
    const float * shifts;  /* likewise */
    const float * inputs;  /* of ffn_down's input, [n_layer][n_ff] */
};

/* The plan of one batch, and what came of it. */
struct plan {
    int32_t n_pools;
    int32_t n_rows, n_outputs, n_ubatch;
    const uint8_t * is_output; /* [n_rows] */
    struct pool pools[MAX_POOLS];
    /* channels and embeddings */
    int32_t n_sites;
    const struct site * sites;       /* by ascending address */
    const uint8_t * touched;         /* [n_sites]: whether some blend of the batch changes it */
    const int32_t * row_blends;      /* [n_rows]: place in `blends` */
    const int32_t * output_blends;   /* [n_outputs] */
    struct channels blends[MAX_BLENDS];
    int32_t has_inputs;              /* whether some blend has `inputs` */
    int32_t gives_inputs_back;       /* whether a LoRA reads ffn_down's input too */
    const float * const * embeddings; /* [n_rows]: NULL where the token's own stays; NULL: all stay */
    /* results */
    int64_t changed; /* nodes */
    int64_t strange; /* nodes that are no pool's, or of a size that no mask has */
    /* where in the batch the present ubatch lies */
    int32_t begun, row, output, rows_here, outputs_here;
    float * kept; /* ffn_down's input as it was */
    size_t kept_bytes;
    /* collecting: every weight that a graph multiplies with, and the cells that it writes to */
    int32_t collecting, n_seen;
    struct ggml_tensor * seen[MAX_SEEN];
};

static bool ends_with(const char * name, const char * end) {
    size_t n = strlen(name), e = strlen(end);
    return n > e && memcmp(name + n - e, end, e) == 0;
}

static struct pool * find_pool(struct plan * p, const void * tensor) {
    for (int i = 0; i < p->n_pools; i++) {
        struct pool * pool = &p->pools[i];
        int low = 0, high = pool->n_tensors;
        while (low < high) {
            int middle = (low + high) / 2;
            if (pool->tensors[middle] < tensor) low = middle + 1; else high = middle;
        }
        if (low < pool->n_tensors && pool->tensors[low] == tensor) return pool;
    }
    return NULL;
}

static int find_site(const struct plan * p, const void * weight) {
    int low = 0, high = p->n_sites;
    while (low < high) {
        int middle = (low + high) / 2;
        if (p->sites[middle].weight < weight) low = middle + 1; else high = middle;
    }
    return low < p->n_sites && p->sites[low].weight == weight ? low : -1;
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

static bool is_embedding(const struct ggml_tensor * t) {
    return t->op == GGML_OP_GET_ROWS && strcmp(t->src[0]->name, "token_embd.weight") == 0;
}

static void collect(struct plan * p, struct ggml_tensor * weight) {
    for (int i = 0; i < p->n_seen; i++) if (p->seen[i] == weight) return;
    if (p->n_seen < MAX_SEEN) p->seen[p->n_seen++] = weight;
}

static bool ask(struct plan * p, struct ggml_tensor * t) {
    if (is_embedding(t)) {
        begin_ubatch(p);
        return p->embeddings != NULL;
    }
    if (t->op == GGML_OP_GLU) return p->has_inputs;
    if (p->collecting && t->op == GGML_OP_SET_ROWS && t->view_src) collect(p, t->view_src);
    if (t->op == GGML_OP_MUL_MAT_ID && ends_with(t->src[0]->name, ".lora_a")) p->strange++;
    if (t->op != GGML_OP_MUL_MAT) return false;
    struct ggml_tensor * weight = t->src[0];
    if (p->collecting) {
        if (strncmp(weight->name, "blk.", 4) == 0) collect(p, weight);
        return false;
    }
    if (!ends_with(weight->name, ".lora_a")) {
        int site = p->n_sites ? find_site(p, weight) : -1;
        return site >= 0 && (p->touched[site] || (p->has_inputs && p->gives_inputs_back && ends_with(weight->name, ".ffn_down.weight")));
    }
    struct pool * pool = find_pool(p, weight);
    if (!pool) p->strange++;
    return pool && pool->rows;
}

/* Which rows of the batch the columns of a result are: the last layer after its attention computes the outputs alone. */
enum { ROWS, OUTPUTS, NEITHER };
static int columns_of(const struct plan * p, const struct ggml_tensor * t) {
    const struct ggml_tensor * owner = t->view_src ? t->view_src : t;
    if (t->type != GGML_TYPE_F32 || t->ne[2] != 1 || t->ne[3] != 1 || !ggml_is_contiguous(t) || !ggml_backend_buffer_is_host(owner->buffer)) return NEITHER;
    return t->ne[1] == p->rows_here ? ROWS : t->ne[1] == p->outputs_here ? OUTPUTS : NEITHER;
}

static const int32_t * blends_of(const struct plan * p, int columns) {
    return columns == ROWS ? p->row_blends + p->row : p->output_blends + p->output;
}

static bool mask(struct plan * p, struct ggml_tensor * t) {
    const struct pool * pool = find_pool(p, t->src[0]);
    int columns = columns_of(p, t);
    if (columns == NEITHER || t->ne[0] != pool->ranks) return false;
    const float * factors = columns == ROWS ? pool->rows + (size_t) p->row * pool->ranks
                                            : pool->outputs + (size_t) p->output * pool->ranks;
    float * x = t->data;
    int64_t n = t->ne[0] * t->ne[1];
    for (int64_t i = 0; i < n; i++) x[i] *= factors[i];
    return true;
}

static bool scale_channels(struct plan * p, struct ggml_tensor * t, const struct site * site) {
    int columns = columns_of(p, t);
    if (columns == NEITHER) return false;
    const int32_t * blends = blends_of(p, columns);
    for (int64_t i = 0; i < t->ne[1]; i++) {
        const struct channels * c = &p->blends[blends[i]];
        if (!c->factors) continue;
        const float * factors = c->factors + site->channel, * shifts = c->shifts + site->channel;
        float * x = (float *) t->data + i * t->ne[0];
        for (int64_t j = 0; j < t->ne[0]; j++) x[j] = x[j] * factors[j] + shifts[j];
    }
    return true;
}

static bool scale_inputs(struct plan * p, struct ggml_tensor * t) {
    const char * layer = strrchr(t->name, '-');
    int columns = columns_of(p, t);
    if (columns == NEITHER || !layer) return false;
    size_t bytes = ggml_nbytes(t);
    if (p->gives_inputs_back) {
        if (bytes > p->kept_bytes) {
            float * more = realloc(p->kept, bytes);
            if (!more) return false;
            p->kept = more;
            p->kept_bytes = bytes;
        }
        memcpy(p->kept, t->data, bytes);
    }
    const int32_t * blends = blends_of(p, columns);
    int64_t at = (int64_t) atoi(layer + 1) * t->ne[0];
    for (int64_t i = 0; i < t->ne[1]; i++) {
        const float * factors = p->blends[blends[i]].inputs;
        float * x = (float *) t->data + i * t->ne[0];
        if (factors) for (int64_t j = 0; j < t->ne[0]; j++) x[j] *= factors[at + j];
    }
    return true;
}

static bool replace_embeddings(struct plan * p, struct ggml_tensor * t) {
    if (columns_of(p, t) != ROWS) return false;
    for (int64_t i = 0; i < t->ne[1]; i++) {
        const float * row = p->embeddings[p->row + i];
        if (row) memcpy((float *) t->data + i * t->ne[0], row, t->ne[0] * sizeof(float));
    }
    return true;
}

/* Every action that a node is due counts once, so that the plan can be held against it. */
static void change(struct plan * p, struct ggml_tensor * t) {
    if (t->op == GGML_OP_GET_ROWS) {
        if (replace_embeddings(p, t)) p->changed++; else p->strange++;
        return;
    }
    if (t->op == GGML_OP_GLU) {
        if (scale_inputs(p, t)) p->changed++; else p->strange++;
        return;
    }
    if (ends_with(t->src[0]->name, ".lora_a")) {
        if (mask(p, t)) p->changed++; else p->strange++;
        return;
    }
    int site = find_site(p, t->src[0]);
    if (p->touched[site]) {
        if (scale_channels(p, t, &p->sites[site])) p->changed++; else p->strange++;
    }
    if (p->has_inputs && p->gives_inputs_back && ends_with(t->src[0]->name, ".ffn_down.weight")) {
        if (t->src[1]->op == GGML_OP_GLU) memcpy(t->src[1]->data, p->kept, ggml_nbytes(t->src[1])); else p->strange++;
    }
}

/* Never false on the second call: that would drop the rest of the graph. */
bool expertd_hook(struct ggml_tensor * t, bool asking, void * data) {
    struct plan * p = data;
    if (asking) return ask(p, t);
    change(p, t);
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
void * expertd_seen_tensor(const struct plan * p, int32_t i) { return p->seen[i]; }
void * expertd_seen_data(const struct plan * p, int32_t i) { return p->seen[i]->data; }
size_t expertd_seen_bytes(const struct plan * p, int32_t i) { return ggml_nbytes(p->seen[i]); }
int32_t expertd_seen_type(const struct plan * p, int32_t i) { return p->seen[i]->type; }
size_t expertd_plan_bytes(void) { return sizeof(struct plan); }
