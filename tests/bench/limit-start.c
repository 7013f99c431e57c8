/* SPDX-License-Identifier: MIT */
/*
 * limit-start.c - the least that waiting for one file can cost, until it is watched
 *
 *	limit-start FILE	a newline on descriptor 4 when it is watched, then wait for an event
 */
#include <sys/inotify.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char buf[4096];
	int in = inotify_init1(IN_CLOEXEC);

	if (argc != 2 || in < 0 || inotify_add_watch(in, argv[1], IN_CLOSE_WRITE) < 0 ||
	    write(4, "\n", 1) != 1)
		return 1;
	return read(in, buf, sizeof(buf)) < 0;
}
