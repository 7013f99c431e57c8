/* SPDX-License-Identifier: MIT */
/* inotify.c - the kernel's inotify: instances, watches, and its records as plain structs */
#include "inotify.h"

#include "pathev.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

/* The public bits of kernel events have the kernel's values, so that no table is needed. */
_Static_assert(PATHEV_ACCESS == IN_ACCESS && PATHEV_MODIFY == IN_MODIFY &&
	       PATHEV_ATTRIB == IN_ATTRIB && PATHEV_CLOSE_WRITE == IN_CLOSE_WRITE &&
	       PATHEV_CLOSE_NOWRITE == IN_CLOSE_NOWRITE && PATHEV_OPEN == IN_OPEN &&
	       PATHEV_MOVED_FROM == IN_MOVED_FROM && PATHEV_MOVED_TO == IN_MOVED_TO &&
	       PATHEV_CREATE == IN_CREATE && PATHEV_DELETE == IN_DELETE &&
	       PATHEV_DELETE_SELF == IN_DELETE_SELF && PATHEV_MOVE_SELF == IN_MOVE_SELF &&
	       PATHEV_UNMOUNT == IN_UNMOUNT && PATHEV_OVERFLOW == IN_Q_OVERFLOW,
	       "PATHEV_* and IN_* agree");
_Static_assert(sizeof(struct inotify_event) + 256 == PATHEV__RECORD_MAX, "inotify(7)");

size_t pathev__inotify_decode(const void *data, size_t len, struct pathev__record *rec)
{
	struct inotify_event ev;
	const char *name = "";
	size_t namelen = 0;

	if (len < sizeof(ev))
		return 0;
	memcpy(&ev, data, sizeof(ev));
	if (ev.len > len - sizeof(ev))
		return 0;
	if (ev.len) {
		name = (const char *)data + sizeof(ev);
		namelen = strnlen(name, ev.len);
		if (namelen == ev.len)
			return 0;
	}
	*rec = (struct pathev__record){
		.wd = ev.wd,
		.what = ev.mask & (PATHEV_ALL | PATHEV_OVERFLOW),
		.cookie = ev.cookie,
		.is_dir = (ev.mask & IN_ISDIR) != 0,
		.ignored = (ev.mask & IN_IGNORED) != 0,
		.name = name,
		.namelen = namelen,
	};
	return sizeof(ev) + ev.len;
}

size_t pathev__inotify_plain(const void *data, size_t len)
{
	const uint32_t not_plain = IN_ISDIR | IN_IGNORED | IN_MOVED_TO | IN_MOVE_SELF;
	const char *p = data, *end = p + len;
	struct inotify_event ev;

	for (; (size_t)(end - p) >= sizeof(ev); p += sizeof(ev) + ev.len) {
		const char *name = p + sizeof(ev);

		memcpy(&ev, p, sizeof(ev));
		if (ev.mask & not_plain || ev.len > (size_t)(end - name))
			break;
		/* mostly the last byte is a NUL, for the name is padded with them */
		if (ev.len && name[ev.len - 1] && !memchr(name, '\0', ev.len))
			break;
	}
	return (size_t)(p - (const char *)data);
}

int pathev__inotify_open(void)
{
	return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

int pathev__inotify_add(int fd, const char *path, uint32_t what, unsigned flags)
{
	uint32_t mask = (what & 0xfff) | IN_MASK_ADD | IN_EXCL_UNLINK;

	if (flags & PATHEV__WATCH_DIR)
		mask |= IN_ONLYDIR;
	if (flags & PATHEV__WATCH_NOFOLLOW)
		mask |= IN_DONT_FOLLOW;
	return inotify_add_watch(fd, path, mask);
}

void pathev__inotify_rm(int fd, int wd)
{
	int err = errno;

	inotify_rm_watch(fd, wd);
	errno = err;
}
