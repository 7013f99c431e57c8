/* SPDX-License-Identifier: MIT */
/*
 * pathev.c - a watcher's life: open, add, remove, wait, next; which work is done when
 *
 * Each call of pathev_next() that finds no event waiting does the next piece of work, in this
 * order: records of the intake, each with the looks it makes necessary; the kernel's queue;
 * looks that were overtaken; one step of a listing, which so goes on as fast as its reader.
 */
#include "engine.h"

#include "base.h"
#include "clock.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const size_t QUEUE_LIMIT = 256 * 1024 * 1024;
static const unsigned FEW_LOOKS = 64;		/* not worth starting a thread */

int pathev__nodes_add(struct pathev__nodes *l, uint32_t node)
{
	uint32_t *mem = pathev__grow(l->node, &l->cap, l->len + 1, sizeof(*mem));

	if (!mem)
		return -1;
	l->node = mem;
	mem[l->len++] = node;
	return 0;
}

/*
 * Open and close
 */

static int watch_fd(struct pathev *pv, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(pv->epfd, EPOLL_CTL_ADD, fd, &ev);
}

static int check_options(const struct pathev_options *o)
{
	const uint32_t flags = PATHEV_RECURSIVE | PATHEV_NOFOLLOW | PATHEV_ONE_FS |
			       PATHEV_MISSING_OK | PATHEV_LIST | PATHEV_EXISTING;
	const uint32_t want = PATHEV_ALL | PATHEV_OWN | PATHEV_WRITTEN;

	if (o->want & ~want || o->flags & ~flags || o->pair_ns < -1 || o->settle_ns < 0 ||
	    (!(o->want & PATHEV_WRITTEN) && (o->settle_ns || o->flags & PATHEV_EXISTING))) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

struct pathev *pathev_open(const struct pathev_options *opt)
{
	struct pathev *pv;

	if (opt && check_options(opt))
		return NULL;
	pv = calloc(1, sizeof(*pv));
	if (!pv)
		return NULL;
	if (opt)
		pv->opt = *opt;
	if (!pv->opt.want)
		pv->opt.want = PATHEV_CHANGES;
	if (!pv->opt.queue_limit)
		pv->opt.queue_limit = QUEUE_LIMIT;
	pv->fd = pv->timerfd = pv->epfd = pv->mounts_wake = pv->mounts_fd = -1;
	pv->timer_ns = pv->held_ns = -1;
	pv->few = FEW_LOOKS;
	pv->dir_node = PATHEV__NIL;
	pathev__intake_init(&pv->in);
	pathev__watches_init(&pv->tree);
	pathev__watches_init(&pv->old);
	pathev__table_init(&pv->anchors);
	if (pv->opt.want & PATHEV_WRITTEN) {
		pv->written = pathev__written_new();
		if (!pv->written)
			goto fail;
	}
	pv->fd = pathev__inotify_open();
	if (pv->fd < 0)
		goto fail;
	pv->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (pv->epfd < 0 || watch_fd(pv, pv->fd))
		goto fail;
	pv->mounts_due = 1;
	pv->empty_ns = pathev__clock_real_ns();
	return pv;
fail:
	pathev_close(pv);
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void pathev_close(struct pathev *pv)
{
	int err = errno;

	if (!pv)
		return;
	/* first of all: then nothing has to be unwatched one by one */
	close_fd(pv->fd);
	close_fd(pv->epfd);
	close_fd(pv->timerfd);
	close_fd(pv->mounts_wake);
	close_fd(pv->mounts_fd);
	pathev__buf_fini(&pv->mounts);
	for (uint32_t i = 0; i < pv->nroots; i++) {
		free(pv->root[i].given);
		free(pv->root[i].removed);
		free(pv->root[i].path);
	}
	free(pv->root);
	for (uint32_t i = 0; i < pv->nanchors; i++)
		free(pv->anchor[i].name);
	free(pv->anchor);
	pathev__table_fini(&pv->anchors);
	pathev__windows_close(pv, 1);
	free(pv->window);
	free(pv->noise);
	for (size_t i = 0; i < pv->nmarks; i++)
		free(pv->mark[i].token);
	free(pv->mark);
	pathev__renames_forget(pv);
	free(pv->skip);
	pathev__intake_fini(&pv->in);
	pathev__watches_fini(&pv->tree);
	pathev__watches_fini(&pv->old);
	pathev__queue_fini(&pv->queue);
	pathev__written_free(pv->written);
	free(pv->now.node);
	free(pv->list.node);
	free(pv->later.node);
	free(pv->alias.node);
	free(pv->dst.node);
	free(pv->touched.node);
	free(pv->seen_dev);
	pathev__buf_fini(&pv->dir);
	pathev__buf_fini(&pv->full);
	pathev__buf_fini(&pv->other);
	pathev__buf_fini(&pv->entries);
	free(pv);
	errno = err;
}

int pathev__break(struct pathev *pv)
{
	if (!pv->broken)
		pv->broken = errno;
	return -1;
}

/* What failed before fails again. */
static int is_broken(const struct pathev *pv)
{
	if (pv->broken)
		errno = pv->broken;
	return pv->broken;
}

/*
 * The kernel's queue
 */

int pathev__drain(struct pathev *pv)
{
	for (;;) {
		int64_t before_ns = pathev__clock_real_ns();
		int64_t since_ns = pv->empty_ns;
		size_t room;
		ssize_t n;
		void *p = pathev__intake_room(&pv->in, &room);

		if (!p)
			return pathev__break(pv);
		n = read(pv->fd, p, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return pathev__break(pv);
		/* room for one more record was left, so there was none */
		if (n < 0 || (size_t)n + PATHEV__RECORD_MAX <= room)
			pv->empty_ns = before_ns;
		if (n < 0)
			return 0;
		if (pathev__intake_commit(&pv->in, (size_t)n, pathev__clock_real_ns(), since_ns))
			return pathev__break(pv);
		if ((size_t)n + PATHEV__RECORD_MAX <= room)
			return 0;
	}
}

static void drop_watch(void *arg, int wd)
{
	pathev__unwatch(arg, wd);
}

int pathev__sweep(struct pathev *pv)
{
	if (pv->tree.cuts)
		pathev__written_forget(pv, PATHEV__NIL);
	return pathev__watches_sweep(&pv->tree, drop_watch, pv);
}

/*
 * Recovery: the tree is made anew from what is there.  Watches stay as they are in the kernel, so
 * that nothing is missed that is seen anyway; those that nobody needs are removed at the end.
 */

static void forget_roots(struct pathev *pv)
{
	for (uint32_t i = 0; i < pv->nroots; i++) {
		pv->root[i].node = PATHEV__NIL;
		pv->root[i].ghost = -1;
	}
	for (uint32_t i = 0; i < pv->nanchors; i++)
		free(pv->anchor[i].name);
	pv->nanchors = 0;
	pathev__table_clear(&pv->anchors);
}

/* The watches of a tree that has to go, if they are not also of the one that is kept for
 * comparison: it is by its descriptor that a directory is known again. */
static void drop_tree(struct pathev *pv, struct pathev__watches *t)
{
	for (uint32_t v = 0; v < t->nnodes; v++)
		if (!(t->node[v].flags & PATHEV__NODE_FREE) && t->node[v].wd >= 0 &&
		    pathev__watches_by_wd(&pv->old, t->node[v].wd) == PATHEV__NIL)
			pathev__unwatch(pv, t->node[v].wd);
	pathev__watches_fini(t);
}

static enum pathev__mode first_mode(uint32_t flags, enum pathev__mode else_mode)
{
	return flags & (PATHEV_LIST | PATHEV_EXISTING) ? PATHEV__LIST : else_mode;
}

static int start_over(struct pathev *pv)
{
	struct pathev__watches tree;

	if (pv->written && pathev__written_keep(pv))
		return -1;
	tree = pv->tree;
	pathev__windows_close(pv, 1);
	pv->checks = 0;
	pv->nnoise = 0;
	pv->now.len = pv->list.len = pv->later.len = 0;
	pv->held_ns = -1;
	pathev__renames_forget(pv);
	pv->nskips = 0;
	pv->dir_node = PATHEV__NIL;
	pathev__watches_init(&pv->tree);
	forget_roots(pv);
	if (pv->recovering) {
		drop_tree(pv, &tree);
	} else {
		pv->old = tree;
		pv->recovering = 1;
	}
	if (pathev__mounts_again(pv) || pathev__drain(pv))
		return -1;
	pathev__intake_drop(&pv->in);
	pv->want_ready = 1;
	for (uint32_t i = 0; i < pv->nroots; i++) {
		struct pathev__root *r = &pv->root[i];

		/* a listing begins with nothing: what is not in it is not told as gone, either */
		if (r->flags & PATHEV_LIST)
			r->told = 0;
		if (r->given &&
		    pathev__root_bind(pv, i, first_mode(r->flags, PATHEV__CHANGED),
				      PATHEV_DELETE))
			return -1;
	}
	return 0;
}

int pathev__recover(struct pathev *pv)
{
	pathev__note_loss(pv, pv->in.since_ns);
	if (pathev__tell_own(pv, PATHEV_OVERFLOW))
		return -1;
	/* told it has, that its own queue is full: the same is done when that is empty */
	return pv->lost ? 0 : start_over(pv);
}

static int finish_recovery(struct pathev *pv)
{
	struct pathev__watches old = pv->old;

	pathev__watches_init(&pv->old);
	pv->recovering = 0;
	drop_tree(pv, &old);
	return pv->written ? pathev__written_restore(pv) : 0;
}

/*
 * Work
 */

/* Nothing is left to look at: all that acting on the records so far has led to is told. */
static int is_settled(struct pathev *pv)
{
	return !pv->lost && !pv->recovering && !pv->want_ready && !pv->now.len && !pv->list.len &&
	       !pv->later.len && !pv->checks && !pathev__written_pending(pv) &&
	       !pathev__mounts_changed(pv);
}

/* Tell the barriers that are reached.  1: some were; 0; -1: error. */
static int tell_marks(struct pathev *pv)
{
	size_t n = 0;

	pv->mark_ns = -1;
	if (!pv->nmarks || pv->in.pos < pv->mark[0].until || !is_settled(pv))
		return 0;
	pv->mark_ns = pathev__half_open(pv);
	if (pv->mark_ns)
		return 0;
	for (; n < pv->nmarks && pv->in.pos >= pv->mark[n].until; n++) {
		if (pathev__tell_sync(pv, pv->mark[n].token))
			return -1;
		free(pv->mark[n].token);
		pv->mark[n].token = NULL;
	}
	pv->nmarks -= n;
	memmove(pv->mark, pv->mark + n, pv->nmarks * sizeof(*pv->mark));
	pv->mark_ns = -1;
	return 1;
}

/* Act on the records of the intake, on all or until pathev_next() has its event.  1: the next
 * record has to wait for its other half. */
static int follow_records(struct pathev *pv, int all)
{
	struct pathev__record rec;

	while (!pv->lost && (all || pv->queue.to) && pathev__intake_peek(&pv->in, &rec)) {
		uint64_t pos = pv->in.pos;
		int res;

		if (pv->nmarks && tell_marks(pv) < 0)
			return -1;
		res = pathev__follow(pv, &rec);
		if (res)
			return res;
		if (pv->now.len && pathev__look_now(pv))
			return -1;
		/* a recovery has thrown all of them away */
		if (pv->in.pos == pos)
			pathev__intake_skip(&pv->in);
	}
	if (pv->nwindows)
		pathev__windows_close(pv, 0);
	return 0;
}

/* Looks that were overtaken: 1 if some may be repeated now. */
static int retry_looks(struct pathev *pv)
{
	struct pathev__nodes l = pv->later;

	if (!l.len || pathev_now() < pv->later_ns)
		return 0;
	pv->later = (struct pathev__nodes){0};
	for (size_t i = 0; i < l.len; i++) {
		if (pathev__nodes_add(&pv->now, l.node[i])) {
			free(l.node);
			return -1;
		}
	}
	free(l.node);
	return 1;
}

/* One piece of work.  1: there may be more, 0: nothing to do but to wait, -1: error. */
static int work(struct pathev *pv)
{
	uint64_t end = pv->in.end;
	int res;

	pv->mark_ns = -1;
	if (pv->lost) {
		/* the reader has caught up with the loss */
		pv->lost = 0;
		return start_over(pv) ? -1 : 1;
	}
	if (pv->now.len && pathev__look_now(pv))
		return -1;
	res = follow_records(pv, 0);
	if (res < 0)
		return -1;
	/* what there is to tell is not kept until more has come */
	if (!pv->queue.to || (!res && pathev__intake_len(&pv->in)))
		return 1;
	/* before a listing goes on, so that it may say that it is complete */
	if (!res && !pv->lost && pathev__written_due(pv))
		return pathev__written_look(pv) ? -1 : 1;
	if (pathev__drain(pv))
		return -1;
	if (pv->in.end != end)
		return 1;
	if (res)
		return 0;
	if (pv->checks)
		return pathev__check_names(pv) ? -1 : 1;
	if (pathev__sweep(pv))
		return -1;
	res = retry_looks(pv);
	if (res)
		return res;
	if (pv->list.len)
		return pathev__look_listed(pv) ? -1 : 1;
	/* what is not where it should be may be hidden by a mount */
	if (pv->later.len && (pv->recovering || pv->want_ready || !pathev__mounts_changed(pv)))
		return 0;
	if (pv->recovering)
		return finish_recovery(pv) ? -1 : 1;
	if (pv->want_ready) {
		pv->want_ready = 0;
		pv->listings++;
		return pathev__tell_own(pv, PATHEV_READY) ? -1 : 1;
	}
	if (pathev__mounts_changed(pv))
		return pathev__mounts_look(pv) ? -1 : 1;
	return tell_marks(pv);
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int64_t next_deadline(const struct pathev *pv)
{
	int64_t at_ns = pv->held_ns;

	if (pv->later.len)
		at_ns = earlier(at_ns, pv->later_ns);
	if (pv->nmarks)
		at_ns = earlier(at_ns, pv->mark_ns);
	/* while a record is held, files are not looked at; nor by who does not take events now */
	if (pv->held_ns < 0 && !pv->filled)
		at_ns = earlier(at_ns, pathev__written_next(pv));
	return at_ns;
}

/* Let the descriptor become readable when there is work to do without a record. */
static int set_timer(struct pathev *pv)
{
	int64_t at_ns = next_deadline(pv);
	struct itimerspec its = {0};

	if (at_ns == pv->timer_ns)
		return 0;
	if (pv->timerfd < 0) {
		pv->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (pv->timerfd < 0)
			return -1;
		if (watch_fd(pv, pv->timerfd)) {
			close(pv->timerfd);
			pv->timerfd = -1;
			return -1;
		}
	}
	if (at_ns >= 0) {
		its.it_value.tv_sec = (time_t)(at_ns / PATHEV__NS_PER_S);
		its.it_value.tv_nsec = (long)(at_ns % PATHEV__NS_PER_S);
		if (!at_ns)
			its.it_value.tv_nsec = 1;
	}
	/* setting it also takes back that it has expired */
	if (timerfd_settime(pv->timerfd, TFD_TIMER_ABSTIME, &its, NULL))
		return -1;
	pv->timer_ns = at_ns;
	return 0;
}

/* The spelling of a removed path is kept until the last event that has it is gone. */
static void free_removed(struct pathev *pv)
{
	for (uint32_t i = 0; i < pv->nroots; i++) {
		if (!pv->root[i].removed)
			continue;
		free(pv->root[i].removed);
		pv->root[i].removed = NULL;
		pv->nremoved--;
	}
}

int pathev_next(struct pathev *pv, struct pathev_event *ev)
{
	int res;

	if (!pv->queue.count && pv->nremoved)
		free_removed(pv);
	pv->filled = 0;
	if (is_broken(pv))
		return -1;
	if (pv->queue.count)
		return pathev__queue_pop(&pv->queue, ev);
	pv->queue.to = ev;
	do
		res = work(pv);
	while (res > 0 && pv->queue.to);
	if (res < 0)
		pathev__break(pv);
	if (!pv->queue.to && !pv->broken)
		return 1;
	pv->queue.to = NULL;
	return is_broken(pv) ? -1 : set_timer(pv);
}

int pathev_fill(struct pathev *pv)
{
	int res;

	if (is_broken(pv) || pathev__drain(pv))
		return -1;
	pv->mark_ns = -1;
	if (pv->lost) {
		/* all of it is told when the reader is back */
		pathev__intake_drop(&pv->in);
		return 0;
	}
	do {
		res = pathev__look_now(pv) ? -1 : follow_records(pv, 1);
		if (res < 0)
			return pathev__break(pv);
	} while (!res && !pv->lost && pathev__intake_len(&pv->in));
	pv->filled = 1;
	return is_broken(pv) ? -1 : set_timer(pv);
}

int pathev_pending(const struct pathev *pv)
{
	if (pv->queue.count || (pathev__intake_len(&pv->in) && pv->held_ns < 0 && !pv->lost &&
				!pv->now.len && !pv->list.len))
		return 2;
	return pathev__intake_len(&pv->in) || pv->lost || pv->now.len || pv->list.len ||
	       pv->later.len || pv->checks || pv->want_ready || pv->nmarks ||
	       pathev__written_pending(pv);
}

int pathev_fd(const struct pathev *pv)
{
	return pv->epfd;
}

int pathev_wait(struct pathev *pv, int64_t deadline_ns)
{
	struct pollfd p = {.fd = pv->epfd, .events = POLLIN};

	if (pv->broken || pv->queue.count || pv->lost || pv->now.len || pv->list.len ||
	    pv->checks || pv->want_ready ||
	    (pv->held_ns < 0 && (pathev__intake_len(&pv->in) || pathev__written_due(pv))))
		return 1;
	for (;;) {
		int64_t now = pathev_now();
		int n = poll(&p, 1, pathev__clock_poll_ms(now, deadline_ns));

		if (n)
			return n < 0 ? -1 : 1;
		if (deadline_ns >= 0 && pathev_now() >= deadline_ns)
			return 0;
	}
}

/*
 * Paths
 */

/* A new slot in the list of roots.  Slots of removed ones are used again when no event needs them. */
static uint32_t new_root(struct pathev *pv, const char *path, uint32_t flags)
{
	struct pathev__root *r;
	uint32_t i = 0;

	while (i < pv->nroots && (pv->root[i].given || pv->root[i].removed))
		i++;
	if (i == pv->nroots) {
		r = pathev__grow(pv->root, &pv->caproots, (size_t)i + 1, sizeof(*r));
		if (!r)
			return PATHEV__NIL;
		pv->root = r;
		r[i] = (struct pathev__root){0};
		pv->nroots++;
	}
	r = &pv->root[i];
	*r = (struct pathev__root){
		.flags = flags, .node = PATHEV__NIL, .ghost = -1, .quiet_until = UINT64_MAX,
	};
	r->given = strdup(path);
	r->path = strdup(path);
	if (!r->given || !r->path) {
		free(r->given);
		free(r->path);
		r->given = r->path = NULL;
		return PATHEV__NIL;
	}
	r->len = strlen(path);
	while (r->len > 1 && r->path[r->len - 1] == '/')
		r->path[--r->len] = '\0';
	r->reloff = r->len + (r->path[r->len - 1] != '/');
	return i;
}

static void free_root(struct pathev *pv, uint32_t root)
{
	struct pathev__root *r = &pv->root[root];
	int err = errno;

	pathev__root_fini(pv, root);
	pathev__written_forget_root(pv, root);
	pv->dir_node = PATHEV__NIL;
	r->removed = r->given;
	free(r->path);
	r->given = r->path = NULL;
	pv->nremoved++;
	pathev__nesting(pv);
	errno = err;
}

/*
 * Arm a path now: go on until nothing below is left to look at and all records from before are
 * acted on.  What is under way all the time is cut off after the first round: it is told.
 */
static int arm(struct pathev *pv, uint32_t root)
{
	const struct pathev__root *r;

	for (int rounds = 0; rounds < 100; rounds++) {
		struct pathev__record rec;
		int held = 0;

		r = &pv->root[root];
		if (pathev__look_now(pv))
			return -1;
		while (!held && pathev__intake_peek(&pv->in, &rec)) {
			uint64_t pos = pv->in.pos;

			held = pathev__follow(pv, &rec);
			if (held < 0 || pathev__look_now(pv))
				return -1;
			if (!held && pv->in.pos == pos)
				pathev__intake_skip(&pv->in);
		}
		if (pathev__sweep(pv) || pathev__drain(pv))
			return -1;
		if (pv->checks && !pathev__intake_len(&pv->in) && pathev__check_names(pv))
			return -1;
		if (!r->unsure && !pv->later.len && !pv->now.len && !pv->checks)
			break;
		pv->later_ns = 0;
		if (retry_looks(pv) < 0)
			return -1;
	}
	return 0;
}

/*
 * A path could not be added for want of memory, and what was under way for the others is in pieces:
 * it is thrown away, and their state told again.
 */
static void mend(struct pathev *pv)
{
	uint32_t i = 0;
	int err = errno;

	if (pv->broken != ENOMEM)
		return;
	while (i < pv->nroots && !pv->root[i].given)
		i++;
	pv->broken = 0;
	if (i < pv->nroots && pathev__tell_loss(pv))
		pathev__break(pv);
	errno = err;
}

/* It is watched already: list it, or go down from it if that is new.  Nothing may be lost. */
static int add_again(struct pathev *pv, uint32_t root, uint32_t flags)
{
	struct pathev__root *r = &pv->root[root];
	int deeper = (flags & ~r->flags & PATHEV_RECURSIVE) != 0;

	r->flags |= flags & (PATHEV_RECURSIVE | PATHEV_LIST | PATHEV_EXISTING);
	if (flags & (PATHEV_LIST | PATHEV_EXISTING)) {
		pv->want_ready = 1;
		return pathev__root_list(pv, root);
	}
	if (!deeper || r->node == PATHEV__NIL || !r->is_dir)
		return 0;
	pv->want_ready = 1;
	if (!pathev__pend(pv, r->node, PATHEV__QUIET) && !arm(pv, root))
		return 0;
	pathev__break(pv);
	mend(pv);
	return -1;
}

int pathev_add(struct pathev *pv, const char *path, uint32_t flags)
{
	enum pathev__mode mode;
	uint32_t root;
	int res;

	flags |= pv->opt.flags;
	if (!*path ||
	    check_options(&(struct pathev_options){.want = pv->opt.want, .flags = flags})) {
		errno = *path ? EINVAL : ENOENT;
		return -1;
	}
	if (flags & PATHEV_RECURSIVE && pathev__mounts_begin(pv))
		return -1;
	mode = first_mode(flags, PATHEV__QUIET);
	root = pathev__root_find(pv, path);
	if (root != PATHEV__NIL)
		return add_again(pv, root, flags);
	root = new_root(pv, path, flags);
	if (root == PATHEV__NIL)
		return -1;
	pathev__nesting(pv);
	if (mode == PATHEV__LIST)
		pv->root[root].quiet_until = 0;
	pv->adding = 1;
	res = pathev__root_bind(pv, root, mode, PATHEV_CREATE);
	pv->adding = 0;
	if (res)
		goto fail;
	if (!pv->root[root].told && !pv->root[root].unsure && !(flags & PATHEV_MISSING_OK)) {
		if (!stat(path, &(struct stat){0}) || errno != ENOTDIR)
			errno = ENOENT;
		goto fail;
	}
	if (!pv->root[root].told && pathev__root_missing(pv, root))
		goto fail;
	if (mode == PATHEV__QUIET) {
		if (arm(pv, root)) {
			pathev__break(pv);
			goto fail;
		}
		pv->root[root].quiet_until = pv->in.end;
	}
	pv->want_ready = 1;
	if (!is_broken(pv))
		return 0;
fail:
	free_root(pv, root);
	mend(pv);
	return -1;
}

int pathev_remove(struct pathev *pv, const char *path)
{
	uint32_t root = pathev__root_find(pv, path);

	if (root == PATHEV__NIL) {
		errno = ENOENT;
		return -1;
	}
	free_root(pv, root);
	return pathev__sweep(pv) ? pathev__break(pv) : 0;
}

int pathev_sync(struct pathev *pv, const char *token)
{
	struct pathev__mark *m = pathev__grow(pv->mark, &pv->capmarks, pv->nmarks + 1, sizeof(*m));

	if (!m)
		return -1;
	pv->mark = m;
	m += pv->nmarks;
	*m = (struct pathev__mark){0};
	if (token && !(m->token = strdup(token)))
		return -1;
	/* what the kernel has queued happened before, and nothing else did */
	if (pathev__drain(pv)) {
		free(m->token);
		return -1;
	}
	m->until = pv->in.end;
	pv->nmarks++;
	pv->mark_ns = 0;
	if (!set_timer(pv))
		return 0;
	pv->nmarks--;
	free(m->token);
	return -1;
}
