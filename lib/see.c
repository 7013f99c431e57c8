/* SPDX-License-Identifier: MIT */
/* see.c - sees a directory of which nothing is told: watch it, and read it if need be */
#include "see.h"

#include "inotify.h"
#include "walk.h"

#include <errno.h>
#include <unistd.h>

int pathev__see_read(const struct pathev__see *how, const char *path, int only_dirs,
		     struct pathev__buf *entries, struct pathev__sight *s)
{
	int fd = pathev__walk_open(path, how->flags & PATHEV__WATCH_NOFOLLOW);
	int res, err;

	if (fd < 0)
		return -1;
	res = fstat(fd, &s->st);
	s->other_fs = !res && s->st.st_dev != how->dev;
	if (!res && !(s->other_fs && how->one_fs))
		res = pathev__walk_read(fd, only_dirs, entries);
	if (!res)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* Watch first, then read, so that nothing falls between. */
static int see(const struct pathev__see *how, const char *path, struct pathev__buf *entries,
	       struct pathev__sight *s)
{
	int fd;

	s->wd = pathev__inotify_add(how->fd, path, how->what, how->flags);
	if (s->wd < 0)
		return -1;
	if (!how->descends)
		return 0;
	if (how->counts_links && how->flags & PATHEV__WATCH_NOFOLLOW) {
		/* no need to read a directory that has none inside */
		if (lstat(path, &s->st))
			return -1;
		if (s->st.st_dev == how->dev && s->st.st_nlink == 2)
			return 0;
	}
	fd = pathev__see_read(how, path, 1, entries, s);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

void pathev__see(const struct pathev__see *how, const char *path, struct pathev__buf *entries,
		 struct pathev__sight *s)
{
	*s = (struct pathev__sight){.first = entries->len};
	s->failed = see(how, path, entries, s) != 0;
	if (s->failed)
		s->error = errno;
	s->end = entries->len;
}
