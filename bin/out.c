/* SPDX-License-Identifier: MIT */
/* out.c - where data goes: records gather in memory and leave in few writes */
#include "out.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* When poll(2) says that a pipe takes data, it takes this much without waiting: pipe(7). */
#define CHUNK 4096

/* Memory that stays when all was written. */
#define KEEP (256 * 1024)

int out_guard(void)
{
	struct pollfd pfd[] = { { .fd = STDIN_FILENO }, { .fd = STDOUT_FILENO },
				{ .fd = STDERR_FILENO } };

	/* nearly always all are open: one call tells */
	if (poll(pfd, 3, 0) >= 0 && !((pfd[0].revents | pfd[1].revents | pfd[2].revents) & POLLNVAL))
		return 0;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* the wrong way round, so that using it still fails */
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* opens the lowest number that is free: this one */
		if (open("/dev/null", mode, 0) != fd)
			return -1;
	}
	return 0;
}

/*
 * The same pipe or terminal through a description of our own, so that not blocking is ours
 * alone.  -1 where /proc is missing or its owner is another user.
 */
static int open_anew(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Not before there is much to write: it takes longer than all else that comes before that. */
static void become_nonblocking(struct out *o)
{
	int fd = open_anew(o->fd);

	o->kind = OUT_CHUNKS;
	if (fd < 0)
		return;
	if (o->owned)
		close(o->fd);
	o->kind = OUT_NONBLOCK;
	o->fd = fd;
	o->owned = 1;
}

static int find_kind(struct out *o)
{
	struct stat st;

	if (fstat(o->fd, &st))
		return -1;
	o->is_file = S_ISREG(st.st_mode);
	if (S_ISSOCK(st.st_mode)) {
		o->kind = OUT_SOCKET;
		return 0;
	}
	if (!S_ISFIFO(st.st_mode) && !(S_ISCHR(st.st_mode) && isatty(o->fd))) {
		o->kind = OUT_PLAIN;
		return 0;
	}
	o->kind = OUT_FIRST;
	o->is_pipe = S_ISFIFO(st.st_mode);
	return 0;
}

static int open_file(struct out *o)
{
	o->fd = open(o->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	o->owned = 1;
	if (o->fd >= 0)
		return 0;
	cli_error(o->cli, "cannot open '%s' for writing: %s", o->name, strerror(errno));
	return -1;
}

int out_open(struct out *o, const struct cli *cli, const char *file)
{
	int flags;

	*o = (struct out){ .cli = cli, .name = file, .fd = -1 };
	if (file) {
		if (open_file(o))
			return -1;
	} else {
		o->name = "standard output";
		flags = fcntl(STDOUT_FILENO, F_GETFL);
		if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
			cli_error(cli, "standard output is closed");
			return -1;
		}
		o->fd = STDOUT_FILENO;
	}
	if (find_kind(o)) {
		cli_error(cli, "cannot use %s: %s", o->name, strerror(errno));
		out_close(o);
		return -1;
	}
	return 0;
}

int out_close(struct out *o)
{
	int ret = 0;

	if (o->owned && o->fd >= 0 && close(o->fd)) {
		cli_error(o->cli, "cannot write to %s: %s", o->name, strerror(errno));
		ret = -1;
	}
	o->fd = -1;
	free(o->data);
	o->data = NULL;
	o->head = o->len = o->cap = 0;
	return ret;
}

int out_grow(struct out *o, size_t size)
{
	size_t cap = o->cap;
	char *data;

	if (o->head) {
		memmove(o->data, o->data + o->head, o->len - o->head);
		o->len -= o->head;
		o->head = 0;
	}
	while (cap - o->len < size)
		cap = cap ? 2 * cap : 64 * 1024;
	if (cap == o->cap)
		return 0;
	data = realloc(o->data, cap);
	if (!data)
		return cli_no_memory(o->cli);
	o->data = data;
	o->cap = cap;
	return 0;
}

int out_add(struct out *o, const char *data, size_t len)
{
	if (out_room(o, len))
		return -1;
	memcpy(o->data + o->len, data, len);
	o->len += len;
	return 0;
}

int out_printf(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (out_room(o, 256))
		return -1;
	va_start(ap, fmt);
	len = vsnprintf(o->data + o->len, o->cap - o->len, fmt, ap);
	va_end(ap);
	if (len < 0)
		return -1;
	if ((size_t)len >= o->cap - o->len) {
		if (out_room(o, (size_t)len + 1))
			return -1;
		va_start(ap, fmt);
		len = vsnprintf(o->data + o->len, o->cap - o->len, fmt, ap);
		va_end(ap);
	}
	o->len += (size_t)len;
	return 0;
}

static ssize_t write_chunk(const struct out *o, const char *data, size_t len)
{
	struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };

	if (poll(&pfd, 1, 0) != 1) {
		errno = EAGAIN;
		return -1;
	}
	return write(o->fd, data, len < CHUNK ? len : CHUNK);
}

/* One write(2) that does not wait: bytes written, or -1 with errno, EAGAIN for not now. */
static ssize_t write_some(struct out *o)
{
	const char *data = o->data + o->head;
	size_t len = out_pending(o);

	/* of a terminal poll(2) promises nothing */
	if (o->kind == OUT_FIRST && (!o->is_pipe || len > CHUNK || o->wrote))
		become_nonblocking(o);
	o->wrote = 1;
	switch (o->kind) {
	case OUT_SOCKET:
		return send(o->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case OUT_FIRST:
	case OUT_CHUNKS:
		return write_chunk(o, data, len);
	default:
		return write(o->fd, data, len);
	}
}

static int failed(const struct out *o)
{
	/* EIO: a terminal that was hung up */
	if (errno == EPIPE || errno == ECONNRESET || (errno == EIO && o->kind != OUT_PLAIN))
		return OUT_GONE;
	cli_error(o->cli, "cannot write to %s: %s", o->name, strerror(errno));
	return OUT_FAILED;
}

/* Nothing waits, and so nothing can be torn. */
static void open_again(struct out *o)
{
	struct out next = { .cli = o->cli, .name = o->name };

	o->reopen = 0;
	if (open_file(&next))
		return;
	if (find_kind(&next)) {
		cli_error(o->cli, "cannot use %s: %s", o->name, strerror(errno));
		close(next.fd);
		return;
	}
	if (o->owned && close(o->fd))
		cli_error(o->cli, "cannot write to %s: %s", o->name, strerror(errno));
	o->fd = next.fd;
	o->kind = next.kind;
	o->is_file = next.is_file;
	o->is_pipe = next.is_pipe;
	o->owned = next.owned;
}

int out_reopen(struct out *o)
{
	o->reopen = 1;
	return out_flush(o);
}

int out_flush(struct out *o)
{
	while (out_pending(o)) {
		ssize_t n = write_some(o);

		if (n >= 0)
			o->head += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		else if (errno != EINTR)
			return failed(o);
	}
	o->head = o->len = 0;
	if (o->reopen)
		open_again(o);
	if (o->cap > KEEP) {
		free(o->data);
		o->data = NULL;
		o->cap = 0;
	}
	return 0;
}

int out_is_read(const struct out *o)
{
	int left = 0;

	if (out_pending(o))
		return 0;
	if (o->kind == OUT_PLAIN)
		return 1;
	/* of a pipe what is in it, whoever asks; a terminal says what is typed: not that */
	if (o->kind == OUT_SOCKET)
		/* SIOCOUTQ by its other name: not every libc comes with <linux/sockios.h> */
		return ioctl(o->fd, TIOCOUTQ, &left) || left <= 0;
	return !o->is_pipe || ioctl(o->fd, FIONREAD, &left) || left <= 0;
}

int out_polled(const struct out *o, short revents)
{
	if (o->kind == OUT_PLAIN)
		return 0;
	return revents & (POLLERR | POLLHUP | POLLNVAL) ? OUT_GONE : 0;
}
