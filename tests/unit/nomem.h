/* SPDX-License-Identifier: MIT */
/*
 * nomem.h - each script once more for each place where memory is asked for, and there is none
 *
 * Included in place of script.h.  What fails for want of memory says so, and is of no consequence:
 * a watcher that could not be opened or a path that could not be added is, when tried again, and
 * all is told, if need be behind an overflow.  After pathev_next() or pathev_fill() have failed
 * there is nothing to do but to close.  What did not fail has told all.
 */
#ifndef PATHEV_TEST_NOMEM_H
#define PATHEV_TEST_NOMEM_H

#include "fault.h"

#include "../../lib/engine.h"

static int nomem_ended;		/* the watcher said that it is unusable, or that it begins anew */

/* A call of the library: again once if memory was what it wanted. */
#define NOMEM_TRY(result, bad, call) \
	do { \
		int before = fault.hit; \
		fault_on = 1; \
		result = call; \
		fault_on = 0; \
		if (result == (bad) && fault.hit && !before && errno == ENOMEM) \
			result = call; \
	} while (0)

/* The same of one that is not to be tried again. */
#define NOMEM_END(result, call) \
	do { \
		if (nomem_ended) \
			return 0; \
		fault_on = 1; \
		result = call; \
		fault_on = 0; \
		if (result < 0 && fault.hit && errno == ENOMEM) { \
			nomem_ended = 1; \
			result = 0; \
		} \
	} while (0)

static struct pathev *nomem_open(const struct pathev_options *opt)
{
	struct pathev *pv;

	NOMEM_TRY(pv, NULL, pathev_open(opt));
	return pv;
}

static int nomem_add(struct pathev *pv, const char *path, uint32_t flags)
{
	int res = 0;

	if (!nomem_ended)
		NOMEM_TRY(res, -1, pathev_add(pv, path, flags));
	return res;
}

static int nomem_remove(struct pathev *pv, const char *path)
{
	int res;

	NOMEM_END(res, pathev_remove(pv, path));
	return res;
}

static int nomem_sync(struct pathev *pv, const char *token)
{
	int res = 0;

	if (!nomem_ended)
		NOMEM_TRY(res, -1, pathev_sync(pv, token));
	return res;
}

static int nomem_next(struct pathev *pv, struct pathev_event *ev)
{
	int res;

	NOMEM_END(res, pathev_next(pv, ev));
	/* all is told anew */
	if (res == 1 && fault.hit && ev->what == PATHEV_OVERFLOW)
		nomem_ended = 1;
	return res;
}

static int nomem_fill(struct pathev *pv)
{
	int res;

	NOMEM_END(res, pathev_fill(pv));
	return res;
}

static int nomem_wait(struct pathev *pv, int64_t deadline_ns)
{
	return nomem_ended ? 0 : pathev_wait(pv, deadline_ns);
}

#define pathev_open nomem_open
#define pathev_add nomem_add
#define pathev_remove nomem_remove
#define pathev_sync nomem_sync
#define pathev_next nomem_next
#define pathev_fill nomem_fill
#define pathev_wait nomem_wait

#include "script.h"

static int nomem_lowest_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

/* Behind a run of a script, in which the calls were numbered. */
static void nomem_run(const struct script *s, enum script_mode mode)
{
	size_t failed = 0;

	script_quiet = !getenv("NOMEM_LOUD");
	while (fault_next()) {
		int fd = nomem_lowest_fd(), told;

		nomem_ended = 0;
		told = script_play(s, mode);
		if ((told || nomem_ended) && nomem_lowest_fd() == fd)
			continue;
		failed++;
		printf("# without memory at call %lu:\n", fault.fails);
		fault_where();
	}
	if (fault.runs)
		ok(!failed, "%s, without memory in %zu ways", s->name, fault.runs);
	script_quiet = nomem_ended = 0;
	fault_learn();
}

static void (*script_then)(const struct script *s, enum script_mode mode) = nomem_run;

#endif
