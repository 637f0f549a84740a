#pragma once
/*
 * As much of ONNX Runtime as one network with known tensors needs. The library is loaded when it is asked for: lumad neither links to it nor comes with it.
 *
 * THREADS  One at a time per session.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { ORT_DIMS = 6, ORT_TENSORS = 4 };

/* float32, dense; dims ended by 0. data: dims[0] * dims[1] ... of them, of the caller. */
struct ort_tensor { int64_t dims[ORT_DIMS]; float *data; };

struct ort_session;

/* in, out: what the network must have, in its order, ended by one without dims; data is not looked at yet. LM_NOT_FOUND: the library is not there or cannot be loaded;
 * LM_INVALID: what is there is no ONNX Runtime, or the model is broken or another one; LM_NOMEM. */
enum lm_err ort_session_new(const char *library, const char *model, int threads, const struct ort_tensor *in, const struct ort_tensor *out,
                            struct ort_session **result, struct problem *p);
void ort_session_free(struct ort_session *s);           /* NULL is fine */
size_t ort_tensor_size(const struct ort_tensor *t);     /* numbers in it */
/* in is read, out is written. */
enum lm_err ort_run(struct ort_session *s, const struct ort_tensor *in, const struct ort_tensor *out, struct problem *p);
