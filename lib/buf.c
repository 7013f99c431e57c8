/* SPDX-License-Identifier: MIT */
/* buf.c - a growing run of bytes */
#include "buf.h"

#include "base.h"

#include <assert.h>
#include <string.h>

void pathev__buf_fini(struct pathev__buf *b)
{
	free(b->data);
	*b = (struct pathev__buf){0};
}

int pathev__buf_grow(struct pathev__buf *b, size_t more)
{
	size_t need;
	char *data;

	if (pathev__size(b->len, 1, more, &need) || pathev__size(need, 1, 1, &need))
		return -1;
	data = pathev__grow(b->data, &b->cap, need, 1);
	if (!data)
		return -1;
	b->data = data;
	return 0;
}

int pathev__buf_add(struct pathev__buf *b, const void *data, size_t len)
{
	if (pathev__buf_room(b, len))
		return -1;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int pathev__buf_addch(struct pathev__buf *b, char c)
{
	return pathev__buf_add(b, &c, 1);
}

int pathev__buf_adds(struct pathev__buf *b, const char *s)
{
	return pathev__buf_add(b, s, strlen(s));
}

void pathev__buf_cut(struct pathev__buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}
