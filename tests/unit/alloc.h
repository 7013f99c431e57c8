/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - an allocation that fails when it is told to
 *
 * A test includes this first, and then the module's .c file itself, whose calls come here.
 * With alloc_left = N, N allocations succeed, the next one fails, and alloc_left is -1 again.
 */
#ifndef PATHEV_TEST_ALLOC_H
#define PATHEV_TEST_ALLOC_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static long alloc_left = -1;		/* -1: none fails */

static inline int alloc_fails(void)
{
	if (alloc_left == -1 || alloc_left-- > 0)
		return 0;
	errno = ENOMEM;
	return 1;
}

static inline void *alloc_malloc(size_t size)
{
	return alloc_fails() ? NULL : malloc(size);
}

static inline void *alloc_calloc(size_t n, size_t size)
{
	return alloc_fails() ? NULL : calloc(n, size);
}

static inline void *alloc_realloc(void *mem, size_t size)
{
	return alloc_fails() ? NULL : realloc(mem, size);
}

static inline char *alloc_strdup(const char *s)
{
	return alloc_fails() ? NULL : strdup(s);
}

#define malloc(size) alloc_malloc(size)
#define calloc(n, size) alloc_calloc(n, size)
#define realloc(mem, size) alloc_realloc(mem, size)
#undef strdup
#define strdup(s) alloc_strdup(s)

#endif
