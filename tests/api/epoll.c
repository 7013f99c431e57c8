/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - a program as others write it: nothing but <pathev.h>, and its own event loop
 *
 * Makes a file in the directory it is given, and prints what the library told of it.
 */
#include <pathev.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct pathev_options opt = { .want = PATHEV_CREATE };
	struct pathev *pv = pathev_open(&opt);
	struct epoll_event ee = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC), seen = 0;
	char path[256];

	if (argc != 2 || !pv || ep < 0)
		return fail("open");
	if (pathev_add(pv, argv[1], 0))
		return fail("pathev_add");
	if (epoll_ctl(ep, EPOLL_CTL_ADD, pathev_fd(pv), &ee))
		return fail("epoll_ctl");
	snprintf(path, sizeof(path), "%s/file", argv[1]);
	if (close(creat(path, 0600)))
		return fail(path);

	while (!seen && epoll_wait(ep, &ee, 1, 5000) > 0) {
		struct pathev_event ev;
		int r;

		while ((r = pathev_next(pv, &ev)) > 0) {
			char names[64];

			pathev_event_names(ev.what, ',', names, sizeof(names));
			if (ev.what & PATHEV_CREATE)
				seen = printf("%s %s\n", names, ev.path);
		}
		if (r < 0)
			return fail("pathev_next");
	}
	pathev_close(pv);
	close(ep);
	return seen ? 0 : 1;
}
