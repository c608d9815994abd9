/* SPDX-License-Identifier: Apache-2.0
 * The pages for people: the files of web/, which the build puts into the
 * program, and who gets one. The HTTP thread.
 */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Everything comes from here, and a photo is shown from the browser's own memory; nothing else is ever needed. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
                             "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

static const char *
header(const struct req *req, const char *name)
{
    const char *value = MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);

    return value ? value : "";
}

/* The q of one element of an Accept header ("text/html;level=1;q=0.5"), 1 when it names none. */
static double
quality(const char *element, size_t len)
{
    for (const char *p = element; p < element + len; p++)
        if (*p == ';' && strncmp(p + 1 + strspn(p + 1, " \t"), "q=", 2) == 0)
            return strtod(p + 1 + strspn(p + 1, " \t") + 2, NULL);
    return 1;
}

/* How much an Accept header wants a type: the q of the closest of "a/b", "a/" (any of it) and any, as RFC 9110, 12.5.1.
 */
static double
wanted(const char *accept, const char *type)
{
    size_t family = strcspn(type, "/") + 1, closest = 0, len;
    double q = 0;

    for (const char *p = accept; *p; p += len + (p[len] == ',')) {
        const char *range = p + strspn(p, " \t");
        size_t name = strcspn(range, " \t;,"), fit = 0;

        len = strcspn(p, ",");
        if (name == strlen(type) && !strncasecmp(range, type, name)) fit = 3;
        else if (name == family + 1 && !strncasecmp(range, type, family) && range[family] == '*') fit = 2;
        else if (name == 3 && !strncmp(range, "*/*", 3)) fit = 1;
        if (fit <= closest) continue;
        closest = fit;
        q = quality(p, len);
    }
    return q;
}

/* A browser prefers HTML; curl and API clients take anything, or ask for JSON. */
static bool
prefers_html(const struct req *req)
{
    const char *accept = header(req, MHD_HTTP_HEADER_ACCEPT);

    return wanted(accept, "text/html") > wanted(accept, "application/json");
}

bool
page_answer(struct req *req)
{
    const char *name = req->route->page;

    if (!name || (req->route->compose && !prefers_html(req))) return false;
    for (const struct web_file *f = web_files; f < web_files + web_file_count; f++) {
        if (strcmp(f->name, name) != 0) continue;
        req->answer.page = f;
        req->answer.status =
            strstr(header(req, MHD_HTTP_HEADER_IF_NONE_MATCH), f->etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
        return true;
    }
    return false;
}

struct MHD_Response *
page_response(const struct answer *answer)
{
    const struct web_file *f = answer->page;
    struct MHD_Response *response;

    response = MHD_create_response_from_buffer(answer->status == MHD_HTTP_OK ? f->size : 0, (void *)f->data,
                                               MHD_RESPMEM_PERSISTENT);
    if (!response) return NULL;
    MHD_add_response_header(response, "Content-Type", f->type);
    MHD_add_response_header(response, "ETag", f->etag);
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    return response;
}
