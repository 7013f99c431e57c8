/* SPDX-License-Identifier: MIT */
/*
 * equal.c - does a tree rebuilt from the output of pathwatch come to equal the real one?
 *
 *	equal FILE DIRECTORY [SECONDS]
 *
 * FILE is what `pathwatch -r --initial --json DIRECTORY' prints, and may still grow; the tree
 * rests.  Exits 0 as soon as they are equal, 1 when a line breaks a promise, or when they are
 * not equal after so many seconds (60); then it says why.
 */
#include "model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct input {
	int fd;
	char *buf;
	size_t len, cap;
};

/* Feed the model what was added to the file.  1: some, 0: nothing, -1: a fault. */
static int take(struct input *in, struct model *m)
{
	char *line, *nl;
	ssize_t n;

	if (in->cap - in->len < 65536) {
		in->cap = in->cap * 2 + 131072;
		in->buf = realloc(in->buf, in->cap);
	}
	n = read(in->fd, in->buf + in->len, in->cap - in->len);
	if (n <= 0)
		return (int)n;
	in->len += (size_t)n;
	for (line = in->buf; (nl = memchr(line, '\n', in->len - (size_t)(line - in->buf)));
	     line = nl + 1)
		if (model_line(m, line, (size_t)(nl - line)))
			return -1;
	in->len -= (size_t)(line - in->buf);
	memmove(in->buf, line, in->len);
	return 1;
}

int main(int argc, char **argv)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	struct input in = {.fd = -1};
	struct timespec now, end;
	struct model *m;
	int res, equal;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: equal FILE DIRECTORY [SECONDS]\n");
		return 1;
	}
	in.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (in.fd < 0) {
		perror(argv[1]);
		return 1;
	}
	m = model_new(argv[2]);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += argc > 3 ? atoi(argv[3]) : 60;
	do {
		while ((res = take(&in, m)) > 0)
			;
		equal = !res && !model_compare(m);
		if (res < 0 || equal)
			break;
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	if (!equal)
		printf("%s", model_why(m));
	model_free(m);
	free(in.buf);
	close(in.fd);
	return !equal;
}
