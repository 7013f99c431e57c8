/* SPDX-License-Identifier: MIT */
/*
 * limit-latency.c - the least time between an event and its line
 *
 *	limit-latency DIR	a newline on descriptor 4 when DIR is watched; lines on stdout
 *
 * A read that waits, a write, and nothing else.
 */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buf[64 * 1024] __attribute__((aligned(8)));
	int in = inotify_init1(IN_CLOEXEC);
	char line[1024];
	ssize_t n;

	if (argc != 2 || in < 0 || inotify_add_watch(in, argv[1], IN_CLOSE_WRITE) < 0 ||
	    write(4, "\n", 1) != 1)
		return 1;
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (const char *p = buf; p < buf + n;) {
			const struct inotify_event *ev = (const void *)p;
			int len = snprintf(line, sizeof(line), "close_write %s/%s\n", argv[1],
					   ev->len ? ev->name : "");

			p += sizeof(*ev) + ev->len;
			if (write(STDOUT_FILENO, line, (size_t)len) != len)
				return 0;
		}
	}
	return 1;
}
