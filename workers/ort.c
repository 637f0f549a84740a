#include "ort.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/*
 * The public C interface of ONNX Runtime (onnxruntime_c_api.h) is a struct of function pointers to which every version only adds at the end; these are the places of those that
 * are called here. All of them are there since version 5 of the interface (ONNX Runtime 1.5).
 */
enum slot {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    DISABLE_MEM_PATTERN = 17,
    DISABLE_CPU_MEM_ARENA = 19,
    SET_INTRA_OP_NUM_THREADS = 24,
    SET_INTER_OP_NUM_THREADS = 25,
    SESSION_GET_INPUT_COUNT = 30,
    SESSION_GET_OUTPUT_COUNT = 31,
    SESSION_GET_INPUT_TYPE_INFO = 33,
    SESSION_GET_OUTPUT_TYPE_INFO = 34,
    SESSION_GET_INPUT_NAME = 36,
    SESSION_GET_OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE = 49,
    CAST_TYPE_INFO_TO_TENSOR_INFO = 55,
    GET_TENSOR_ELEMENT_TYPE = 60,
    GET_DIMENSIONS_COUNT = 61,
    GET_DIMENSIONS = 62,
    CREATE_CPU_MEMORY_INFO = 69,
    ALLOCATOR_FREE = 76,
    GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = 78,
    RELEASE_ENV = 92,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_TYPE_INFO = 98,
    RELEASE_SESSION_OPTIONS = 100,
    ADD_SESSION_CONFIG_ENTRY = 130,
};

enum { API_VERSION = 5, LOG_ERRORS = 3, TYPE_FLOAT = 1, DEVICE_ALLOCATOR = 0, MEMORY_DEFAULT = 0 };

typedef void any_fn(void);
struct api_base { any_fn *const *(*get_api)(uint32_t version); const char *(*version)(void); };

struct ort_session {
    void *library;
    any_fn *const *api;
    void *env, *options, *session, *memory, *allocator;
    char *name_in[ORT_TENSORS], *name_out[ORT_TENSORS];
    size_t ins, outs;
};

/* A call through the table; every one of these returns a status, NULL when all is well. */
#define CALL(s, slot, types, ...) check(s, ((void *(*) types)(s)->api[slot])(__VA_ARGS__), p)
#define RELEASE(s, slot, what) ((void (*)(void *))(s)->api[slot])(what)

static enum lm_err check(const struct ort_session *s, void *status, struct problem *p)
{
    if (!status)
        return LM_OK;
    const char *text = ((const char *(*)(const void *))s->api[GET_ERROR_MESSAGE])(status);
    bool is_memory = strstr(text, "bad_alloc") || strstr(text, "allocate");
    enum lm_err err = problem_set(p, is_memory ? LM_NOMEM : LM_INVALID, "ONNX Runtime: %.300s", text);
    RELEASE(s, RELEASE_STATUS, status);
    return err;
}

size_t ort_tensor_size(const struct ort_tensor *t)
{
    size_t n = 1;

    for (int i = 0; i < ORT_DIMS && t->dims[i]; i++)
        n *= (size_t)t->dims[i];
    return n;
}

static size_t rank(const struct ort_tensor *t)
{
    size_t n = 0;

    while (n < ORT_DIMS && t->dims[n])
        n++;
    return n;
}

static size_t count(const struct ort_tensor *t)
{
    size_t n = 0;

    while (n < ORT_TENSORS && t[n].dims[0])
        n++;
    return n;
}

static enum lm_err load(struct ort_session *s, const char *library, struct problem *p)
{
    const struct api_base *(*base)(void) = NULL;

    if (!(s->library = dlopen(library, RTLD_NOW | RTLD_LOCAL)))
        return problem_set(p, LM_NOT_FOUND, "ONNX Runtime cannot be loaded: %s", dlerror());
    void *symbol = dlsym(s->library, "OrtGetApiBase");
    memcpy(&base, &symbol, sizeof(base));               /* as POSIX has it; C has no cast for this */
    if (!base)
        return problem_set(p, LM_INVALID, "%s is no ONNX Runtime", library);
    if (!(s->api = base()->get_api(API_VERSION)))
        return problem_set(p, LM_INVALID, "ONNX Runtime %s is too old", base()->version());
    return LM_OK;
}

/* Where memory that is free goes back at once, a segment needs a third of what the arena would keep for good. */
static enum lm_err set_options(struct ort_session *s, int threads, struct problem *p)
{
    enum lm_err err = CALL(s, CREATE_SESSION_OPTIONS, (void **), &s->options);

    if (!err)
        err = CALL(s, DISABLE_CPU_MEM_ARENA, (void *), s->options);
    if (!err)
        err = CALL(s, DISABLE_MEM_PATTERN, (void *), s->options);
    if (!err)
        err = CALL(s, SET_INTRA_OP_NUM_THREADS, (void *, int), s->options, threads);
    if (!err)
        err = CALL(s, SET_INTER_OP_NUM_THREADS, (void *, int), s->options, 1);
    /* Threads that wait must not spin: the light is computed on the same cores. */
    if (!err)
        err = CALL(s, ADD_SESSION_CONFIG_ENTRY, (void *, const char *, const char *), s->options, "session.intra_op.allow_spinning", "0");
    return err;
}

/* The i-th input or output is what it should be. */
static enum lm_err check_tensor(const struct ort_session *s, enum slot type_of, size_t i, const struct ort_tensor *want, struct problem *p)
{
    void *type = NULL, *info = NULL;
    int64_t dims[ORT_DIMS] = { 0 };
    size_t n = 0;
    int element = 0;

    enum lm_err err = CALL(s, type_of, (void *, size_t, void **), s->session, i, &type);
    if (!err)
        err = CALL(s, CAST_TYPE_INFO_TO_TENSOR_INFO, (void *, void **), type, &info);
    if (!err && info)
        err = CALL(s, GET_TENSOR_ELEMENT_TYPE, (void *, int *), info, &element);
    if (!err && info)
        err = CALL(s, GET_DIMENSIONS_COUNT, (void *, size_t *), info, &n);
    if (!err && info && n == rank(want))
        err = CALL(s, GET_DIMENSIONS, (void *, int64_t *, size_t), info, dims, n);
    if (type)
        RELEASE(s, RELEASE_TYPE_INFO, type);
    if (!err && (element != TYPE_FLOAT || memcmp(dims, want->dims, sizeof(dims)) != 0))
        err = problem_set(p, LM_INVALID, "The model is another one: %s %zu has other dimensions", type_of == SESSION_GET_INPUT_TYPE_INFO ? "input" : "output", i + 1);
    return err;
}

static enum lm_err check_model(struct ort_session *s, const struct ort_tensor *in, const struct ort_tensor *out, struct problem *p)
{
    size_t ins = 0, outs = 0;
    enum lm_err err = CALL(s, SESSION_GET_INPUT_COUNT, (void *, size_t *), s->session, &ins);

    if (!err)
        err = CALL(s, SESSION_GET_OUTPUT_COUNT, (void *, size_t *), s->session, &outs);
    if (!err && (ins != count(in) || outs != count(out)))
        err = problem_set(p, LM_INVALID, "The model is another one: it has %zu inputs and %zu outputs", ins, outs);
    for (size_t i = 0; !err && i < ins; i++, s->ins++)
        if (!(err = check_tensor(s, SESSION_GET_INPUT_TYPE_INFO, i, &in[i], p)))
            err = CALL(s, SESSION_GET_INPUT_NAME, (void *, size_t, void *, char **), s->session, i, s->allocator, &s->name_in[i]);
    for (size_t i = 0; !err && i < outs; i++, s->outs++)
        if (!(err = check_tensor(s, SESSION_GET_OUTPUT_TYPE_INFO, i, &out[i], p)))
            err = CALL(s, SESSION_GET_OUTPUT_NAME, (void *, size_t, void *, char **), s->session, i, s->allocator, &s->name_out[i]);
    return err;
}

void ort_session_free(struct ort_session *s)
{
    struct problem *p = NULL;

    if (!s)
        return;
    for (size_t i = 0; i < ORT_TENSORS; i++) {
        if (s->name_in[i])
            CALL(s, ALLOCATOR_FREE, (void *, void *), s->allocator, s->name_in[i]);
        if (s->name_out[i])
            CALL(s, ALLOCATOR_FREE, (void *, void *), s->allocator, s->name_out[i]);
    }
    if (s->memory)
        RELEASE(s, RELEASE_MEMORY_INFO, s->memory);
    if (s->session)
        RELEASE(s, RELEASE_SESSION, s->session);
    if (s->options)
        RELEASE(s, RELEASE_SESSION_OPTIONS, s->options);
    if (s->env)
        RELEASE(s, RELEASE_ENV, s->env);
    /* The library stays: it has threads and statics of its own, and the process ends soon. */
    free(s);
}

enum lm_err ort_session_new(const char *library, const char *model, int threads, const struct ort_tensor *in, const struct ort_tensor *out,
                            struct ort_session **result, struct problem *p)
{
    struct ort_session *s = calloc(1, sizeof(*s));
    enum lm_err err = s ? LM_OK : problem_set(p, LM_NOMEM, "No memory for ONNX Runtime");

    *result = NULL;
    if (err || (err = load(s, library, p)))
        goto out;
    if ((err = CALL(s, CREATE_ENV, (int, const char *, void **), LOG_ERRORS, "lumad", &s->env)) || (err = set_options(s, threads, p)))
        goto out;
    if ((err = CALL(s, CREATE_SESSION, (void *, const char *, void *, void **), s->env, model, s->options, &s->session)))
        goto out;
    if ((err = CALL(s, CREATE_CPU_MEMORY_INFO, (int, int, void **), DEVICE_ALLOCATOR, MEMORY_DEFAULT, &s->memory)))
        goto out;
    if ((err = CALL(s, GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, (void **), &s->allocator)) || (err = check_model(s, in, out, p)))
        goto out;
    *result = s, s = NULL;
out:
    /* Without a table nothing was made. */
    if (s && !s->api)
        free(s);
    else
        ort_session_free(s);
    return err;
}

static enum lm_err wrap(const struct ort_session *s, const struct ort_tensor *t, size_t n, void **value, struct problem *p)
{
    enum lm_err err = LM_OK;

    for (size_t i = 0; !err && i < n; i++)
        err = CALL(s, CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE, (void *, void *, size_t, const int64_t *, size_t, int, void **), s->memory,
                   t[i].data, ort_tensor_size(&t[i]) * sizeof(float), t[i].dims, rank(&t[i]), TYPE_FLOAT, &value[i]);
    return err;
}

enum lm_err ort_run(struct ort_session *s, const struct ort_tensor *in, const struct ort_tensor *out, struct problem *p)
{
    void *values_in[ORT_TENSORS] = { 0 }, *values_out[ORT_TENSORS] = { 0 };
    enum lm_err err = wrap(s, in, s->ins, values_in, p);

    if (!err)
        err = wrap(s, out, s->outs, values_out, p);
    if (!err)
        err = CALL(s, RUN, (void *, void *, char **, void **, size_t, char **, size_t, void **), s->session, NULL, s->name_in, values_in,
                   s->ins, s->name_out, s->outs, values_out);
    for (int i = 0; i < ORT_TENSORS; i++) {
        if (values_in[i])
            RELEASE(s, RELEASE_VALUE, values_in[i]);
        if (values_out[i])
            RELEASE(s, RELEASE_VALUE, values_out[i]);
    }
    return err;
}
