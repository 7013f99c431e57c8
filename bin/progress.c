/* SPDX-License-Identifier: MIT */
/* progress.c - a count that moves on a terminal, while there is nothing else to see */
#include "progress.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What takes less is not worth a line that appears and is gone. */
#define LATE_NS (500 * PATHEV__NS_PER_MS)

/* Ten times a second is as fast as a number can be seen to move. */
#define PAUSE_NS (100 * PATHEV__NS_PER_MS)

void progress_begin(struct progress *p, const char *name, int fd, int64_t now_ns)
{
	*p = (struct progress){ .name = name, .doing = "setting up watches", .fd = fd,
				.next_ns = pathev__clock_after(now_ns, LATE_NS) };
}

void progress_again(struct progress *p, int64_t now_ns)
{
	if (!p)
		return;
	p->doing = "looking again";
	p->before = p->count;
	p->next_ns = pathev__clock_after(now_ns, LATE_NS);
}

/* A job in the background leaves the terminal to the one in the foreground. */
static int is_background(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group >= 0 && group != getpgrp();
}

/* A line that is wrapped could not be wiped, and one that fills the last column may be. */
static int fitting(int fd, int len)
{
	struct winsize ws = { 0 };

	/* a size of 0 is one that is not known, as on a serial line */
	if (ioctl(fd, TIOCGWINSZ, &ws) || !ws.ws_col || len < ws.ws_col)
		return len;
	return ws.ws_col - 1;
}

void progress_tell(struct progress *p, uint64_t count, int64_t now_ns)
{
	char line[128];
	int len;

	p->count = count;
	if (!p->doing || now_ns < p->next_ns)
		return;
	p->next_ns = pathev__clock_after(now_ns, PAUSE_NS);
	if (is_background(p->fd))
		return;
	len = snprintf(line, sizeof(line), "%s: %s: %" PRIu64, p->name, p->doing,
		       count - p->before);
	p->shown = 1;
	/* a terminal that cannot be written to shows as much */
	dprintf(p->fd, "\r%.*s\033[K", fitting(p->fd, len), line);
}

void progress_wipe(struct progress *p)
{
	if (!p || !p->shown)
		return;
	p->shown = 0;
	if (!is_background(p->fd))
		dprintf(p->fd, "\r\033[K");
}

void progress_end(struct progress *p)
{
	progress_wipe(p);
	if (p)
		p->doing = NULL;
}
