/* SPDX-License-Identifier: MIT */
/*
 * limit-lines.c - the least that printing a line for each event can cost
 *
 *	limit-lines DIR	a newline on descriptor 4 when DIR is watched; lines on stdout
 *
 * Whole reads into one buffer, one write for each of them, and a nap while events come fast.
 * While the reader of our output sleeps, lines gather in memory.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024, NAP_EVENTS = 16, LINE_MAX_BYTES = 512 };

static char *out;
static size_t head, len, cap;

static const char *name_of(uint32_t mask)
{
	switch (mask & IN_ALL_EVENTS) {
	case IN_MODIFY:
		return "modify ";
	case IN_CLOSE_WRITE:
		return "close_write ";
	case IN_CREATE:
		return "create ";
	case IN_DELETE:
		return "delete ";
	default:
		return "? ";
	}
}

static void add(const char *s, size_t n)
{
	memcpy(out + len, s, n);
	len += n;
}

/* The lines for one read; how many. */
static unsigned format(const char *dir, size_t dirlen, const char *buf, ssize_t n)
{
	unsigned events = 0;

	for (const char *p = buf; p < buf + n; events++) {
		const struct inotify_event *ev = (const void *)p;
		const char *what = name_of(ev->mask);

		p += sizeof(*ev) + ev->len;
		if (cap - len < LINE_MAX_BYTES + dirlen) {
			cap = cap ? 2 * cap : 256 * 1024;
			out = realloc(out, cap);
			if (!out)
				exit(1);
		}
		add(what, strlen(what));
		add(dir, dirlen);
		add("/", 1);
		if (ev->len)
			add(ev->name, strlen(ev->name));
		add("\n", 1);
	}
	return events;
}

static void flush(int fd)
{
	ssize_t n = write(fd, out + head, len - head);

	if (n > 0)
		head += (size_t)n;
	if (head == len)
		head = len = 0;
}

static long since_ns(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - t->tv_sec) * 1000000000L + now.tv_nsec - t->tv_nsec;
}

int main(int argc, char **argv)
{
	static char buf[READ_BYTES] __attribute__((aligned(8)));
	int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK);
	struct pollfd pfd[2] = {{.fd = in, .events = POLLIN}, {.fd = fd}};
	struct timespec first = {0};
	unsigned events = 0;

	if (argc != 2 || in < 0 || fd < 0 ||
	    inotify_add_watch(in, argv[1], IN_MODIFY | IN_CLOSE_WRITE) < 0 || write(4, "\n", 1) != 1)
		return 1;
	for (;;) {
		ssize_t n = read(in, buf, sizeof(buf));

		if (n > 0) {
			if (!events)
				clock_gettime(CLOCK_MONOTONIC, &first);
			events += format(argv[1], strlen(argv[1]), buf, n);
			flush(fd);
		}
		if (events >= NAP_EVENTS && n < READ_BYTES / 2) {
			struct timespec nap = {.tv_nsec = 1000000 - since_ns(&first)};

			if (nap.tv_nsec > 0)
				nanosleep(&nap, NULL);
			events = 0;
			continue;
		}
		if (n > 0)
			continue;
		events = 0;
		pfd[1].events = len ? POLLOUT : 0;
		if (poll(pfd, 2, -1) < 0 || pfd[1].revents & POLLERR)
			return 0;
		if (pfd[1].revents & POLLOUT)
			flush(fd);
	}
}
