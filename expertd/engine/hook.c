/* The evaluation callback: the result of each `A x` of a pool is multiplied, token by token, by that token's mask over
 * the pool's ranks. llama.cpp asks it about every node of a graph (ask = true), computes up to each node that it wants,
 * and shows it that node's result (ask = false). Everything here belongs to the decoding thread. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ggml-backend.h"
#include "ggml.h"

#define MAX_POOLS 16
#define MAX_SEEN 8192

/* One attached pool. A pool without masks is left as it is: every row of the batch uses all of it. */
struct pool {
    int32_t ranks;
    int32_t n_tensors;
    const void * const * tensors; /* the addresses of its lora_a, in ascending order */
    const float * rows;           /* [n_rows][ranks], NULL: no masks */
    const float * outputs;        /* [n_outputs][ranks]: of the rows whose logits are asked for */
};

/* The plan of one batch, and what came of it. */
struct plan {
    int32_t n_pools;
    int32_t n_rows, n_outputs, n_ubatch;
    const uint8_t * is_output; /* [n_rows] */
    struct pool pools[MAX_POOLS];
    /* results */
    int64_t masked;  /* nodes */
    int64_t strange; /* nodes that are no pool's, or of a size that no mask has */
    /* where in the batch the present ubatch lies */
    int32_t row, output, rows_here, outputs_here;
    const void * first; /* the first lora_a of a graph: seen again, a new ubatch has begun */
    /* collecting: every lora tensor that a graph passes */
    int32_t collecting, n_seen;
    struct ggml_tensor * seen[MAX_SEEN];
};

static bool ends_with(const char * name, const char * end) {
    size_t n = strlen(name), e = strlen(end);
    return n > e && memcmp(name + n - e, end, e) == 0;
}

static struct pool * find(struct plan * p, const void * tensor) {
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

static int32_t outputs_among(const struct plan * p, int32_t from, int32_t count) {
    int32_t n = 0;
    for (int32_t i = from; i < from + count; i++) n += p->is_output[i];
    return n;
}

static void begin_ubatch(struct plan * p, const void * first) {
    if (p->first) {
        p->row += p->rows_here;
        p->output += p->outputs_here;
    }
    p->first = first;
    int32_t left = p->n_rows - p->row;
    p->rows_here = left < p->n_ubatch ? left : p->n_ubatch;
    p->outputs_here = outputs_among(p, p->row, p->rows_here);
}

static void collect(struct plan * p, struct ggml_tensor * weight) {
    for (int i = 0; i < p->n_seen; i++) if (p->seen[i] == weight) return;
    if (p->n_seen < MAX_SEEN) p->seen[p->n_seen++] = weight;
}

static bool ask(struct plan * p, struct ggml_tensor * t) {
    if (t->op == GGML_OP_MUL_MAT_ID && t->src[0] && ends_with(t->src[0]->name, ".lora_a")) p->strange++;
    if (t->op != GGML_OP_MUL_MAT) return false;
    struct ggml_tensor * weight = t->src[0];
    bool a = ends_with(weight->name, ".lora_a");
    if (p->collecting) {
        if (a || ends_with(weight->name, ".lora_b")) collect(p, weight);
        return false;
    }
    if (!a) return false;
    struct pool * pool = find(p, weight);
    if (!pool) {
        p->strange++;
        return false;
    }
    if (!p->first || p->first == weight) begin_ubatch(p, weight);
    return pool->rows != NULL;
}

static void mask(struct plan * p, struct ggml_tensor * t) {
    struct pool * pool = find(p, t->src[0]);
    const float * factors;
    /* The last layer after its attention computes the output rows alone. */
    if (t->ne[1] == p->rows_here) factors = pool->rows + (size_t) p->row * pool->ranks;
    else if (t->ne[1] == p->outputs_here) factors = pool->outputs + (size_t) p->output * pool->ranks;
    else factors = NULL;
    if (!factors || t->ne[0] != pool->ranks || t->ne[2] != 1 || t->ne[3] != 1 || t->type != GGML_TYPE_F32 ||
        !ggml_is_contiguous(t) || !ggml_backend_buffer_is_host(t->view_src ? t->view_src->buffer : t->buffer)) {
        p->strange++;
        return;
    }
    float * x = t->data;
    int64_t n = t->ne[0] * t->ne[1];
    for (int64_t i = 0; i < n; i++) x[i] *= factors[i];
    p->masked++;
}

/* Never false on the second call: that would drop the rest of the graph. */
bool expertd_hook(struct ggml_tensor * t, bool asking, void * data) {
    struct plan * p = data;
    if (asking) return ask(p, t);
    mask(p, t);
    return true;
}

/* What Python needs to know of a tensor that was seen; sizes in bytes. */
const char * expertd_seen_name(const struct plan * p, int32_t i) { return p->seen[i]->name; }
bool expertd_seen_is_host(const struct plan * p, int32_t i) { return ggml_backend_buffer_is_host(p->seen[i]->buffer); }
void * expertd_seen_tensor(const struct plan * p, int32_t i) { return p->seen[i]; }
void * expertd_seen_data(const struct plan * p, int32_t i) { return p->seen[i]->data; }
size_t expertd_seen_bytes(const struct plan * p, int32_t i) { return ggml_nbytes(p->seen[i]); }
int32_t expertd_seen_type(const struct plan * p, int32_t i) { return p->seen[i]->type; }
size_t expertd_plan_bytes(void) { return sizeof(struct plan); }
