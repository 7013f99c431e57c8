/* SPDX-License-Identifier: MIT */
/*
 * nomem.h - each script once more for each place where memory is asked for, and there is none, and
 * for each call that may fail for other reasons
 *
 * Included in place of script.h.  What fails says so, and is of no consequence: a watcher that
 * could not be opened or a path that could not be added is, when tried again, and all is told, if
 * need be behind an overflow.  After pathev_next() or pathev_fill() have failed there is nothing
 * to do but to close.  What could not be looked at may be told as a blind spot.  What did not fail
 * has told all.  Of a failure to look at a file, not more is asked than that no harm is done.
 */
#ifndef PATHEV_TEST_NOMEM_H
#define PATHEV_TEST_NOMEM_H

#include "fault.h"

#include "../../lib/engine.h"

static int nomem_ended;		/* the watcher said that it is unusable, or that it begins anew */

/* Is this why it failed? */
static int nomem_is_told(int error)
{
	return error == ENOMEM || fault.kind != FAULT_MEMORY;
}

/* A call of the library: again once if it failed for what it wanted. */
#define NOMEM_TRY(result, bad, call) \
	do { \
		int before = fault.hit; \
		fault_on = 1; \
		result = call; \
		fault_on = 0; \
		if (result == (bad) && fault.hit && !before && nomem_is_told(errno)) { \
			result = call; \
			nomem_ended = result == (bad) && fault.kind != FAULT_MEMORY; \
		} \
	} while (0)

/* The same of one that is not to be tried again. */
#define NOMEM_END(result, call) \
	do { \
		if (nomem_ended) \
			return 0; \
		fault_on = 1; \
		result = call; \
		fault_on = 0; \
		if (result < 0 && fault.hit && nomem_is_told(errno)) { \
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
	/* it cannot be looked at, or all is told anew */
	if (res == 1 && fault.hit &&
	    (ev->what == PATHEV_OVERFLOW || (ev->what == PATHEV_ERROR && fault.kind != FAULT_MEMORY)))
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

/* Was the failure told, or does nothing follow from it? */
static int nomem_is_right(const struct script *s, int told)
{
	if (told || nomem_ended || fault.kind == FAULT_LOOK)
		return 1;
	/* whether a file is written is asked again later, and nobody waits for that here */
	return fault.kind == FAULT_MEANS && s->want & PATHEV_WRITTEN;
}

/* A script that takes so long that it is run for itself alone. */
static int nomem_is_slow(const struct script *s)
{
	for (int i = 0; s->line[i]; i++)
		if (strstr(s->line[i], "flood"))
			return 1;
	return 0;
}

/* Behind a run of a script, in which the calls were numbered. */
static void nomem_run(const struct script *s, enum script_mode mode)
{
	size_t failed = 0;

	script_quiet = !getenv("NOMEM_LOUD");
	while (!nomem_is_slow(s) && fault_next()) {
		int fd = nomem_lowest_fd(), told;

		nomem_ended = 0;
		told = script_play(s, mode);
		if (nomem_is_right(s, told) && nomem_lowest_fd() == fd)
			continue;
		failed++;
		printf("# %s at call %lu:\n", fault.kind == FAULT_MEMORY ? "without memory" : "a failure",
		       fault.fails);
		fault_where();
	}
	if (fault.runs)
		ok(!failed, "%s, failing in %zu ways", s->name, fault.runs);
	script_quiet = nomem_ended = 0;
	fault_learn();
}

static void (*script_then)(const struct script *s, enum script_mode mode) = nomem_run;

#endif
