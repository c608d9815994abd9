/* SPDX-License-Identifier: Apache-2.0
 * A token bucket a client address (an IPv6 client is its /64) in a table of
 * fixed size: whoever floods it with addresses evicts the oldest, and no memory
 * grows. The HTTP thread only.
 */
#include "server.h"

#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 2048, WAYS = 4, KEY_BYTES = 8 };

struct bucket {
    uint8_t key[KEY_BYTES];
    double tokens, at_s; /* at_s 0: free */
};

struct ratelimit {
    double per_second, burst;
    struct bucket sets[SETS][WAYS];
};

struct ratelimit *
ratelimit_new(unsigned per_minute)
{
    struct ratelimit *limit = calloc(1, sizeof *limit);

    if (!limit) return NULL;
    limit->per_second = per_minute / 60.0;
    limit->burst = per_minute;
    return limit;
}

void
ratelimit_free(struct ratelimit *limit)
{
    free(limit);
}

static void
key_of(const struct sockaddr *client, uint8_t key[KEY_BYTES])
{
    memset(key, 0, KEY_BYTES);
    if (client->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;

        if (IN6_IS_ADDR_V4MAPPED(a)) memcpy(key, a->s6_addr + 12, 4);
        else memcpy(key, a->s6_addr, KEY_BYTES);
    } else if (client->sa_family == AF_INET) {
        memcpy(key, &((const struct sockaddr_in *)(const void *)client)->sin_addr, 4);
    }
}

unsigned
ratelimit_take(struct ratelimit *limit, const struct sockaddr *client)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    struct bucket *set, *found = NULL, *oldest;
    uint8_t key[KEY_BYTES];
    struct timespec now;
    double now_s;

    key_of(client, key);
    for (int i = 0; i < KEY_BYTES; i++) hash = (hash ^ key[i]) * 1099511628211u;
    set = oldest = limit->sets[hash % SETS];
    clock_gettime(CLOCK_MONOTONIC, &now);
    now_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    for (struct bucket *b = set; b < set + WAYS; b++) {
        if (b->at_s > 0 && memcmp(b->key, key, KEY_BYTES) == 0) found = b;
        if (b->at_s < oldest->at_s) oldest = b;
    }
    if (!found) {
        found = oldest;
        memcpy(found->key, key, KEY_BYTES);
        found->tokens = limit->burst;
        found->at_s = now_s;
    }
    found->tokens = fmin(limit->burst, found->tokens + (now_s - found->at_s) * limit->per_second);
    found->at_s = now_s;
    if (found->tokens < 1) return (unsigned)ceil((1 - found->tokens) / limit->per_second);
    found->tokens -= 1;
    return 0;
}
