/* SPDX-License-Identifier: Apache-2.0
 * Memory for photos: pages of their own, left out of core dumps, wiped before
 * they go back. Any thread.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* In front of the block, which stays aligned for vectors. */
struct head {
    size_t size; /* of the mapping */
    char pad[64 - sizeof(size_t)];
};

void *
bl_photo_alloc(size_t size)
{
    struct head *head;

    if (!size || size > SIZE_MAX / 2) return NULL;
    size += sizeof *head;
    head = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (head == MAP_FAILED) return NULL;
    madvise(head, size, MADV_DONTDUMP); /* a kernel without it has core dumps turned off by the server anyway */
    head->size = size;
    return head + 1;
}

void
bl_photo_free(void *photo)
{
    struct head *head;

    if (!photo) return;
    head = (struct head *)photo - 1;
    explicit_bzero(head + 1, head->size - sizeof *head);
    munmap(head, head->size);
}
