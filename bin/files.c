/* SPDX-License-Identifier: MIT */
/* files.c - files that pathwait judges */
#include "files.h"

#include <stdlib.h>
#include <string.h>

void files_fini(struct files *f)
{
	for (size_t i = 0; i < f->len; i++)
		free(f->item[i].path);
	free(f->item);
}

/* Where path is, or would be. */
static size_t position(const struct files *f, const char *path, int *found)
{
	size_t low = 0, high = f->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(path, f->item[mid].path);

		if (cmp == 0) {
			*found = 1;
			return mid;
		}
		if (cmp < 0)
			high = mid;
		else
			low = mid + 1;
	}
	*found = 0;
	return low;
}

struct file *files_find(struct files *f, const char *path)
{
	int found;
	size_t at = position(f, path, &found);

	return found ? &f->item[at] : NULL;
}

struct file *files_get(struct files *f, const char *path)
{
	int found;
	size_t at = position(f, path, &found);
	char *copy;

	if (found)
		return &f->item[at];
	if (f->len == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 16;
		struct file *item = reallocarray(f->item, cap, sizeof(*item));

		if (!item)
			return NULL;
		f->item = item;
		f->cap = cap;
	}
	copy = strdup(path);
	if (!copy)
		return NULL;
	memmove(&f->item[at + 1], &f->item[at], (f->len - at) * sizeof(*f->item));
	f->item[at] = (struct file){ .path = copy, .look_ns = -1 };
	f->len++;
	return &f->item[at];
}

void files_look_at(struct files *f, struct file *file, int64_t look_ns)
{
	f->waiting -= file->look_ns != -1;
	f->waiting += look_ns != -1;
	file->look_ns = look_ns;
}

void files_drop(struct files *f, struct file *file)
{
	size_t at = (size_t)(file - f->item);

	files_look_at(f, file, -1);
	free(file->path);
	f->len--;
	memmove(&f->item[at], &f->item[at + 1], (f->len - at) * sizeof(*f->item));
}

int64_t files_next_look(const struct files *f)
{
	int64_t next = -1;

	if (!f->waiting)
		return -1;
	for (size_t i = 0; i < f->len; i++) {
		int64_t look = f->item[i].look_ns;

		if (look != -1 && (next == -1 || look < next))
			next = look;
	}
	return next;
}
