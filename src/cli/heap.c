/* SPDX-License-Identifier: Apache-2.0
 * The program's heap: glibc's, but what is freed is wiped first. The codecs,
 * libmicrohttpd, jansson and libcurl hold parts of photos, file names and
 * answers in memory that they give back as it is; M_PERTURB would not do, as
 * glibc's per-thread cache of small blocks passes it by. Sanitizers have a heap
 * of their own, so their builds leave this file out. Every thread.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default) /* the libraries are to find these, not only the program */

// NOLINTBEGIN(bugprone-reserved-identifier): glibc's names for its own
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);
// NOLINTEND(bugprone-reserved-identifier)

/* All of them, so that none is another allocator's: a block must go back to where it came from. */
void *
malloc(size_t size)
{
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return __libc_calloc(count, size);
}

void
free(void *block)
{
    int saved = errno; /* free() keeps it */

    if (!block) return;
    explicit_bzero(block, malloc_usable_size(block));
    __libc_free(block);
    errno = saved;
}

/* Never in place when it must grow: glibc might move it, and leave the old bytes behind. */
void *
realloc(void *block, size_t size)
{
    size_t have;
    void *moved;

    if (!block) return __libc_malloc(size);
    if (!size) {
        free(block);
        return NULL;
    }
    have = malloc_usable_size(block);
    if (size <= have && size >= have / 2) return block;
    moved = __libc_malloc(size);
    if (!moved) return NULL;
    memcpy(moved, block, size < have ? size : have);
    free(block);
    return moved;
}

void *
memalign(size_t alignment, size_t size)
{
    return __libc_memalign(alignment, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    return __libc_memalign(alignment, size);
}

int
posix_memalign(void **out, size_t alignment, size_t size)
{
    void *block;

    if (alignment < sizeof(void *) || alignment & (alignment - 1)) return EINVAL;
    block = __libc_memalign(alignment, size);
    if (!block) return ENOMEM;
    *out = block;
    return 0;
}

#pragma GCC visibility pop
