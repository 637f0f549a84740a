/* XML of DJ programs, read as it comes: a collection has 100 MB and more. */
#include <stdlib.h>
#include <string.h>

#include "analysis/dj_private.h"

/* A DTD has no business in a library, and is where the known attacks on XML begin. */
enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_NOBLANKS | XML_PARSE_NOCDATA, DEPTH_MAX = 64 };

static void note_error(void *ctx, xmlErrorPtr e)
{
    struct dj_xml *x = ctx;

    if (x->error[0] || e->level < XML_ERR_ERROR)
        return;
    x->line = e->line;
    str_copy(x->error, sizeof(x->error), e->message ? e->message : "not XML");
    x->error[strcspn(x->error, "\n")] = '\0';
    utf8_mend(x->error);
    if (!x->error[0])
        str_copy(x->error, sizeof(x->error), "not XML");
}

enum lm_err dj_xml_open(struct dj_xml *x, struct dj_reading *r, int fd, const char *data, size_t n)
{
    *x = (struct dj_xml){ .r = r };
    if (n > INT32_MAX)
        return problem_set(r->p, LM_TOO_LARGE, "The file is too large.");
    xmlInitParser();
    x->reader = fd >= 0 ? xmlReaderForFd(fd, NULL, NULL, OPTIONS) : xmlReaderForMemory(data, (int)n, NULL, NULL, OPTIONS);
    if (!x->reader)
        return problem_set(r->p, LM_NOMEM, "No memory for a library");
    xmlTextReaderSetStructuredErrorHandler(x->reader, note_error, x);
    return LM_OK;
}

enum lm_err dj_xml_fail(struct dj_xml *x, const char *what)
{
    int line = x->line ? x->line : xmlTextReaderGetParserLineNumber(x->reader);

    return problem_set(x->r->p, LM_INVALID, "Line %d: %s", line, what);
}

int dj_xml_next(struct dj_xml *x, const char **name, int *depth, enum lm_err *err)
{
    *err = LM_OK;
    while (!x->r->failed) {
        int rc = xmlTextReaderRead(x->reader);
        if (x->error[0]) {
            *err = dj_xml_fail(x, x->error);
            return 0;
        }
        if (rc != 1) {
            if (rc < 0)
                *err = dj_xml_fail(x, "not XML");
            return 0;
        }
        int type = xmlTextReaderNodeType(x->reader);
        if (type == XML_READER_TYPE_DOCUMENT_TYPE) {
            *err = dj_xml_fail(x, "a DOCTYPE has no place in a library");
            return 0;
        }
        if (type != XML_READER_TYPE_ELEMENT && type != XML_READER_TYPE_END_ELEMENT)
            continue;
        *depth = xmlTextReaderDepth(x->reader);
        *name = (const char *)xmlTextReaderConstName(x->reader);
        if (*depth > DEPTH_MAX) {
            *err = dj_xml_fail(x, "elements are nested too deep");
            return 0;
        }
        return type == XML_READER_TYPE_ELEMENT ? 1 : -1;
    }
    *err = x->r->failed;
    return 0;
}

char *dj_xml_get(struct dj_xml *x, const char *attribute)
{
    return (char *)xmlTextReaderGetAttribute(x->reader, (const xmlChar *)attribute);
}

double dj_xml_number(struct dj_xml *x, const char *attribute, double missing)
{
    char *text = dj_xml_get(x, attribute);
    double v = dj_number(text, missing);

    xmlFree(text);
    return v;
}

int dj_xml_int(struct dj_xml *x, const char *attribute, int missing)
{
    double v = dj_xml_number(x, attribute, missing);

    return v > -1e9 && v < 1e9 ? (int)v : missing;
}

const char *dj_xml_text(struct dj_xml *x, const char *attribute)
{
    char *text = dj_xml_get(x, attribute);
    const char *copy = dj_text(x->r, text, DJ_TEXT_MAX);

    xmlFree(text);
    return copy;
}

void dj_xml_close(struct dj_xml *x)
{
    xmlFreeTextReader(x->reader);
}

/* --- folders of playlists --- */

void dj_folder_enter(struct dj_folders *f, int depth, const char *name)
{
    dj_folder_leave(f, depth);
    if (f->n == sizeof(f->depth) / sizeof(f->depth[0]))
        return;
    f->depth[f->n] = depth;
    f->length[f->n++] = strlen(f->path);
    snprintf(f->path + strlen(f->path), sizeof(f->path) - strlen(f->path), "%s%s", *f->path ? "/" : "", name);
}

void dj_folder_leave(struct dj_folders *f, int depth)
{
    while (f->n && f->depth[f->n - 1] >= depth)
        f->path[f->length[--f->n]] = '\0';
}
