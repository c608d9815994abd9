/* SPDX-License-Identifier: Apache-2.0
 * What is said to Cloudinary and how its answers are judged: signature,
 * context, verdicts, pauses. Pure; backup.c does the talking.
 */
#include "internal.h"

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

enum { BACKOFF_MS = 250, TRY_MAX = 10, DIGEST_MAX = 32 };

static const char unreadable[] = "Cloudinary's answer could not be read";

/* ---- what is said ---- */

/*
 * Feed name=value; an & within becomes %26, so that no value can pass for
 * another parameter (signature version 2 of Cloudinary's own SDKs).
 */
static bool
feed(EVP_MD_CTX *md, const char *text)
{
    bool ok = true;

    while (ok && *text) {
        size_t plain = strcspn(text, "&");

        ok = EVP_DigestUpdate(md, text, plain);
        text += plain;
        if (*text != '&') continue;
        ok = ok && EVP_DigestUpdate(md, "%26", 3);
        text++;
    }
    return ok;
}

bool
bl__cloud_sign(const struct bl__param *params, size_t count, const char *secret, bool sha256,
               char out[BL__SIGNATURE_MAX])
{
    unsigned char digest[DIGEST_MAX];
    unsigned len = 0;
    const char *between = "";
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, sha256 ? EVP_sha256() : EVP_sha1(), NULL);

    for (size_t i = 0; ok && i < count; i++) {
        if (!params[i].value || !*params[i].value) continue;
        ok = EVP_DigestUpdate(md, between, strlen(between)) && feed(md, params[i].name) &&
             EVP_DigestUpdate(md, "=", 1) && feed(md, params[i].value);
        between = "&";
    }
    ok = ok && EVP_DigestUpdate(md, secret, strlen(secret)) && EVP_DigestFinal_ex(md, digest, &len);
    EVP_MD_CTX_free(md);
    *out = '\0';
    for (unsigned i = 0; ok && i < len; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return ok;
}

/* Append name=value; | and = are what a context is cut at. A value of more than some 200 bytes is cut short. */
static size_t
add_context(char *out, size_t n, const char *name, const char *value)
{
    enum { VALUE_MAX = BL__CONTEXT_MAX / 4 - 16 };
    size_t end;

    n += (size_t)snprintf(out + n, BL__CONTEXT_MAX - n, "%s%s=", n ? "|" : "", name);
    for (end = n + VALUE_MAX; *value && n + 2 < end; value++) {
        if (*value == '|' || *value == '=') out[n++] = '\\';
        out[n++] = *value;
    }
    out[n] = '\0';
    return n;
}

void
bl__cloud_context(const struct bl_result *result, char out[BL__CONTEXT_MAX])
{
    enum { UNIT = 10000 };
    unsigned share = (unsigned)(result->confidence * UNIT + 0.5);
    char confidence[32];
    size_t n = 0;

    /* Not by %f: its decimal point is the locale's. */
    snprintf(confidence, sizeof confidence, "%u.%04u", share / UNIT, share % UNIT);
    n = add_context(out, n, "breed", result->primary_breed);
    n = add_context(out, n, "species", result->primary_species);
    n = add_context(out, n, "confidence", confidence);
    add_context(out, n, "model", result->model);
}

unsigned
bl__cloud_backoff_ms(unsigned try, uint32_t random)
{
    unsigned pause = BACKOFF_MS << ((try < TRY_MAX ? try : TRY_MAX) - 1);

    return pause / 2 + random % pause;
}

/* ---- what is heard ---- */

struct bl__verdict
bl__cloud_judge(int curl, long http)
{
    switch (curl) {
    case CURLE_OK: break;
    case CURLE_OPERATION_TIMEDOUT: return (struct bl__verdict){ "Cloudinary did not answer in time", true, true };
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return (struct bl__verdict){ "Cloudinary's certificate is not to be trusted", false, true };
    case CURLE_WRITE_ERROR: return (struct bl__verdict){ unreadable, false, false }; /* longer than we take */
    case CURLE_OUT_OF_MEMORY: return (struct bl__verdict){ "out of memory", false, false };
    default: return (struct bl__verdict){ "Cloudinary could not be reached", true, true };
    }
    if (http == 401 || http == 403) return (struct bl__verdict){ "Cloudinary refused the credentials", false, false };
    if (http == 420) return (struct bl__verdict){ "Cloudinary's limit of requests is reached", false, true };
    if (http == 429) return (struct bl__verdict){ "Cloudinary's limit of requests is reached", true, true };
    if (http >= 500) return (struct bl__verdict){ "Cloudinary failed", true, true };
    return (struct bl__verdict){ "Cloudinary refused the request", false, false };
}

/* A text of the answer that fits, and holds nothing that could break out of a log or a page. */
static bool
copy_text(const json_t *value, char *out, size_t size)
{
    const char *text = json_string_value(value);

    if (!text || strlen(text) >= size) return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static void
set_unreadable(struct bl_backup_answer *answer)
{
    *answer = (struct bl_backup_answer){ .status = BL_E_BACKUP };
    memcpy(answer->text, unreadable, sizeof unreadable);
}

void
bl__cloud_read_upload(const char *body, size_t len, struct bl_backup_answer *answer)
{
    json_t *root = json_loadb(body, len, 0, NULL);

    *answer = (struct bl_backup_answer){ .status = BL_OK };
    if (!copy_text(json_object_get(root, "secure_url"), answer->url, sizeof answer->url) ||
        !copy_text(json_object_get(root, "public_id"), answer->public_id, sizeof answer->public_id) ||
        strncmp(answer->url, "https://", 8) != 0)
        set_unreadable(answer);
    json_decref(root);
}

void
bl__cloud_read_removal(const char *body, size_t len, struct bl_backup_answer *answer)
{
    json_t *root = json_loadb(body, len, 0, NULL);
    const char *word = json_string_value(json_object_get(root, "result"));

    *answer = (struct bl_backup_answer){ .status = BL_OK };
    if (word && !strcmp(word, "not found")) {
        answer->status = BL_E_BACKUP;
        snprintf(answer->text, sizeof answer->text, "Cloudinary has no such photo");
    } else if (!word || strcmp(word, "ok") != 0) {
        set_unreadable(answer);
    }
    json_decref(root);
}
