/* SPDX-License-Identifier: MIT */
/* base.h - checked sizes and the one way arrays grow */
#ifndef PATHEV_BASE_H
#define PATHEV_BASE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define PATHEV__COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* a * b + c in *res; -1 with ENOMEM when it does not fit */
static inline int pathev__size(size_t a, size_t b, size_t c, size_t *res)
{
	if (__builtin_mul_overflow(a, b, res) || __builtin_add_overflow(*res, c, res)) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/*
 * Room for need elements of size bytes: returns mem, moved if it had to be, and the number it
 * has room for in *cap.  Grows by half, or to need.  NULL with ENOMEM, and then mem and *cap
 * are as they were.
 */
static inline void *pathev__grow(void *mem, size_t *cap, size_t need, size_t size)
{
	size_t want, bytes, least = size > 64 ? 4 : 16;
	void *p;

	if (need <= *cap && mem)
		return mem;
	if (pathev__size(*cap, 1, *cap / 2, &want))
		return NULL;
	if (want < need)
		want = need;
	if (want < least)
		want = least;
	if (pathev__size(want, size, 0, &bytes))
		return NULL;
	p = realloc(mem, bytes);
	if (p)
		*cap = want;
	return p;
}

#endif
