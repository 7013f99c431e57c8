/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - notices what is mounted on a watched directory, and unmounted from it
 *
 * What a path leads to changes by that, and no record says so.  The kernel's table of mounts can
 * be polled, and tells so that it has changed (proc_pid_mountinfo(5)): then each watched directory
 * that has the name of a mount point that is new or gone is compared with what is at its path now,
 * and so is each added path.
 */
#include "engine.h"

#include "base.h"
#include "inotify.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without /proc or descriptors mounts go unnoticed, and nothing else. */
static void open_table(struct pathev *pv)
{
	static const char table[] = "/proc/self/mountinfo";
	struct epoll_event ev = {.events = EPOLLPRI};

	/* a descriptor says only once that the table has changed: to who waits, and to us */
	pv->mounts_wake = open(table, O_RDONLY | O_CLOEXEC);
	pv->mounts_fd = pv->mounts_wake < 0 ? -1 : open(table, O_RDONLY | O_CLOEXEC);
	if (pv->mounts_fd >= 0) {
		epoll_ctl(pv->epfd, EPOLL_CTL_ADD, pv->mounts_wake, &ev);
	} else if (pv->mounts_wake >= 0) {
		close(pv->mounts_wake);
		pv->mounts_wake = -1;
	}
}

int pathev__mounts_changed(struct pathev *pv)
{
	struct pollfd p = {.fd = pv->mounts_fd, .events = POLLPRI};

	if (p.fd >= 0 && poll(&p, 1, 0) > 0)
		pv->mounts_due = 1;
	return pv->mounts_due;
}

/*
 * The table, as strings: what says which mount it is, and last where.
 */
static int read_table(int fd, struct pathev__buf *mounts)
{
	enum { FIELDS = 5, CHUNK = 4096 };
	struct pathev__buf text = {0};
	char *line, *end;
	ssize_t n;
	int res;

	lseek(fd, 0, SEEK_SET);
	do {
		res = pathev__buf_room(&text, CHUNK);
		n = res ? 0 : read(fd, text.data + text.len, CHUNK);
		text.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	while (text.len && text.data[text.len - 1] != '\n')
		text.len--;
	for (size_t at = 0; !res && at < text.len; at = (size_t)(end - text.data)) {
		int fields = 0;

		line = end = text.data + at;
		while (*end != '\n' && (*end != ' ' || ++fields < FIELDS))
			end++;
		res = pathev__buf_add(mounts, line, (size_t)(end - line)) ||
		      pathev__buf_addch(mounts, '\0');
		end = strchr(end, '\n') + 1;
	}
	pathev__buf_fini(&text);
	return res;
}

/* Does a table have this line?  *at is where to begin, and then where the next one may be: two
 * tables are nearly the same and in one order, and there are hosts with thousands of mounts. */
static int has(const struct pathev__buf *mounts, const char *line, size_t *at)
{
	size_t begin = *at < mounts->len ? *at : 0, i = begin;

	while (mounts->len) {
		int found = !strcmp(mounts->data + i, line);

		i += strlen(mounts->data + i) + 1;
		if (i == mounts->len)
			i = 0;
		if (found)
			*at = i;
		if (found || i == begin)
			return found;
	}
	return 0;
}

/* The mount point at the end of a line, in place: blanks and the like are octal there. */
static char *mount_point(char *line)
{
	char *blank = strrchr(line, ' '), *point = blank ? blank + 1 : line, *to = point;

	for (const char *p = point; *p; to++) {
		if (p[0] == '\\' && p[1] && p[2] && p[3]) {
			*to = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + p[3] - '0');
			p += 4;
		} else {
			*to = *p++;
		}
	}
	*to = '\0';
	return point;
}

/*
 * It takes longer than to watch a path, so one path is not kept waiting: it is compared once, behind
 * it.  What is below can be compared only if it is known which of it was mounted on.
 */
int pathev__mounts_begin(struct pathev *pv)
{
	struct pathev__buf mounts = {0};

	if (pv->mounts.len || !pv->mounts_due)
		return 0;
	if (pv->mounts_fd < 0)
		open_table(pv);
	if (pv->mounts_fd < 0)
		return 0;
	if (read_table(pv->mounts_fd, &mounts)) {
		pathev__buf_fini(&mounts);
		return -1;
	}
	pv->mounts = mounts;
	/* those from before are to be compared yet */
	pv->mounts_due = pv->nroots != 0;
	return 0;
}

int pathev__mounts_again(struct pathev *pv)
{
	if (!pv->mounts.len)
		return 0;
	pathev__buf_fini(&pv->mounts);
	pv->mounts_due = 1;
	return pathev__mounts_begin(pv);
}

/*
 * What is there now
 */

/* Is something else than the node at its path?  1, 0, -1; pv->mounts_due stays if nobody knows. */
static int leads_elsewhere(struct pathev *pv, uint32_t node)
{
	const struct pathev__node *n = &pv->tree.node[node];
	int is_root = n->flags & PATHEV__NODE_ROOT, wd, err, skipped;
	struct pathev__short p;
	struct stat st;
	uint32_t root;

	/* it is looked at anyway, or, before the table was known, was looked at with what is there */
	if (n->flags & PATHEV__NODE_PENDING || (n->wd < 0 && !pv->mounts.data))
		return 0;
	if (pathev__dir(pv, node, &root))
		return -1;
	if (root == PATHEV__NIL || pathev__short_init(&p, pv->dir.data, pv->dir.len))
		return 0;
	wd = pathev__inotify_add(pv->fd, p.path, PATHEV_DELETE_SELF,
				 !is_root ? PATHEV__WATCH_DIR | PATHEV__WATCH_NOFOLLOW :
				 pv->root[root].flags & PATHEV_NOFOLLOW ? PATHEV__WATCH_NOFOLLOW : 0);
	err = errno;
	/* what is not entered, for it is another file system, still is one */
	skipped = n->wd < 0 && !is_root && pv->root[root].flags & PATHEV_ONE_FS &&
		  (lstat(p.path, &st) || st.st_dev != pv->root[root].dev);
	pathev__short_fini(&p);
	pathev__unwatch(pv, wd);
	if (pathev__drain(pv))
		return -1;
	if (skipped)
		return 0;
	if (pathev__overtaken(pv, node)) {
		pv->mounts_due = 1;
		return 0;
	}
	/* that a directory has gone, a record says; and what could not be watched may be as it was */
	return wd < 0 ? n->wd >= 0 && (is_root || err == EACCES || err == ENOSPC) : wd != n->wd;
}

/* Tell of a directory or added path, and let it follow, if something else is there now. */
static int compare(struct pathev *pv, uint32_t node, int unmounted)
{
	uint32_t root = pathev__watches_root(&pv->tree, node, NULL);
	int is_root = pv->tree.node[node].flags & PATHEV__NODE_ROOT;
	struct pathev__queue_in in = {.what = PATHEV_UNMOUNT, .synthesized = 1,
				      .type = !is_root || pv->root[root].is_dir ? 'd' : 0};
	int res = leads_elsewhere(pv, node);

	if (res <= 0)
		return res;
	if (unmounted && pv->tree.node[node].wd >= 0 && pathev__tell(pv, node, &in))
		return -1;
	return is_root ? pathev__root_bind(pv, root, PATHEV__NEW, PATHEV_CREATE) :
			 pathev__replace(pv, node);
}

/* Compare each directory of this name: the path of a mount point may have changed since the table
 * was read, or be another one than that of the added path. */
static int compare_named(struct pathev *pv, const char *name, int unmounted)
{
	const struct pathev__watches *t = &pv->tree;

	for (uint32_t v = 0; v < t->nnodes; v++)
		if (!(t->node[v].flags & (PATHEV__NODE_FREE | PATHEV__NODE_ROOT)) &&
		    !strcmp(pathev__watches_name(t, v), name) && compare(pv, v, unmounted))
			return -1;
	return 0;
}

/* Is the mount point of a line, or a directory above, one that is new or gone? */
static int is_changed(const struct pathev__buf *changed, const char *line)
{
	const char *point = strrchr(line, ' ');

	for (size_t at = 0; point && at < changed->len; at += strlen(changed->data + at) + 1) {
		size_t len = strlen(changed->data + at);

		if (!strncmp(point, changed->data + at, len) && (!point[len] || point[len] == '/'))
			return 1;
	}
	return 0;
}

/* What is a mount point in one of two tables alone: a blank and its path, as they are there. */
static int find_changed(const struct pathev__buf *mounts, const struct pathev__buf *others,
			struct pathev__buf *changed)
{
	size_t hint = 0;

	for (size_t at = 0; at < mounts->len; at += strlen(mounts->data + at) + 1) {
		const char *point = strrchr(mounts->data + at, ' ');

		if (point && !has(others, mounts->data + at, &hint) &&
		    pathev__buf_add(changed, point, strlen(point) + 1))
			return -1;
	}
	return 0;
}

/* Mount points of a table, where that, or what is above, has changed. */
static int compare_points(struct pathev *pv, const struct pathev__buf *mounts,
			  const struct pathev__buf *changed, int unmounted)
{
	struct pathev__buf line = {0};
	int res = 0;

	for (size_t at = 0; at < mounts->len && !res; at += strlen(mounts->data + at) + 1) {
		const char *point;

		if (!is_changed(changed, mounts->data + at))
			continue;
		pathev__buf_cut(&line, 0);
		res = pathev__buf_adds(&line, mounts->data + at);
		if (res)
			break;
		point = mount_point(line.data);
		point = strrchr(point, '/') ? strrchr(point, '/') + 1 : point;
		res = compare_named(pv, point, unmounted);
	}
	pathev__buf_fini(&line);
	return res;
}

static int compare_root(struct pathev *pv, uint32_t root, int unmounted)
{
	uint32_t node = pv->root[root].node;

	return node == PATHEV__NIL ? pathev__root_bind(pv, root, PATHEV__NEW, PATHEV_CREATE) :
				     compare(pv, node, unmounted);
}

int pathev__mounts_look(struct pathev *pv)
{
	struct pathev__buf now = {0}, changed = {0};
	int res, unmounted;

	pv->mounts_due = 0;
	if (pv->mounts_fd < 0)
		open_table(pv);
	if (pv->mounts_fd < 0)
		return 0;
	res = read_table(pv->mounts_fd, &now) || find_changed(&pv->mounts, &now, &changed) ? -1 : 0;
	unmounted = changed.len != 0;
	for (uint32_t i = 0; i < pv->nroots && !res; i++)
		if (pv->root[i].given)
			res = compare_root(pv, i, unmounted);
	/* without a table from before, nothing below a path was looked at */
	if (!res && pv->mounts.len)
		res = find_changed(&now, &pv->mounts, &changed) ||
		      compare_points(pv, &pv->mounts, &changed, 1) ||
		      compare_points(pv, &now, &changed, 0) ? -1 : 0;
	pathev__buf_fini(&changed);
	if (!now.len) {
		/* it cannot be read, and is not asked for again */
		close(pv->mounts_fd);
		pv->mounts_fd = -1;
		pv->mounts_due = 0;
	}
	/* what a record has overtaken is compared once more */
	if (!res && !pv->mounts_due) {
		struct pathev__buf old = pv->mounts;

		pv->mounts = now;
		now = old;
	}
	pathev__buf_fini(&now);
	return res;
}
