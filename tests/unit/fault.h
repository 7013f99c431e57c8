/* SPDX-License-Identifier: MIT */
/*
 * fault.h - calls that fail, each that can be told from the others once
 *
 * The linker has the calls of a program and of the library come here (Makefile.am: fault_calls).
 * While fault.on they are numbered.  A first run learns: it notes the numbers of those calls that
 * were come to by a way that is new, through whichever functions; then there is a run for each of
 * these, in which that one call fails.
 *
 *	run();
 *	while (fault_next())
 *		run();
 *	fault_learn();		for the next such
 *
 * Where a libc cannot tell by which way it is called, the caller alone counts.
 */
#ifndef PATHEV_TEST_FAULT_H
#define PATHEV_TEST_FAULT_H

#include <errno.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULT_FRAMES = 9, FAULT_WAYS = 8192, FAULT_RUNS = 1024 };

static struct {
	int on;				/* calls are numbered, and one may fail */
	int learning;
	unsigned long call;		/* number of the next one */
	unsigned long fails;		/* number of the one that fails */
	int hit;			/* it did */
	uint64_t way[FAULT_WAYS];	/* that were seen; 0: none */
	unsigned long run[FAULT_RUNS];	/* numbers of calls that are to fail */
	size_t runs, next;
	void *frame[FAULT_FRAMES];	/* of the call that failed */
	int frames;
} fault = {.learning = 1};

static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;

static inline int fault_stack(void **frame, void *caller)
{
#ifdef __GLIBC__
	(void)caller;
	return backtrace(frame, FAULT_FRAMES);
#else
	frame[0] = caller;
	return 1;
#endif
}

/* Was it come to by this way before?  From now on it was. */
static inline int fault_is_known(void **frame, int n)
{
	uint64_t h = 1469598103934665603u;
	size_t i;

	for (int k = 0; k < n; k++)
		h = (h ^ (uintptr_t)frame[k]) * 1099511628211u;
	h |= 1;
	for (i = (h >> 20) % FAULT_WAYS; fault.way[i]; i = (i + 1) % FAULT_WAYS)
		if (fault.way[i] == h)
			return 1;
	fault.way[i] = h;
	return 0;
}

/* One call: does it fail? */
static inline int fault_call(void *caller)
{
	int fails = 0;

	if (!fault.on)
		return 0;
	pthread_mutex_lock(&fault_lock);
	if (fault.learning) {
		void *frame[FAULT_FRAMES];

		fault.on = 0;		/* the first backtrace of a process allocates */
		if (!fault_is_known(frame, fault_stack(frame, caller)) && fault.runs < FAULT_RUNS)
			fault.run[fault.runs++] = fault.call;
		fault.on = 1;
	} else if (fault.call == fault.fails && !fault.hit) {
		fails = fault.hit = 1;
		fault.frames = fault_stack(fault.frame, caller);
	}
	fault.call++;
	pthread_mutex_unlock(&fault_lock);
	return fails;
}

static inline void fault_learn(void)
{
	fault.learning = 1;
	fault.call = 0;
	fault.runs = fault.next = 0;
	fault.hit = 0;
}

/* Is there one more call that is to fail? */
static inline int fault_next(void)
{
	fault.learning = 0;
	fault.call = 0;
	fault.hit = 0;
	if (fault.next == fault.runs)
		return 0;
	fault.fails = fault.run[fault.next++];
	return 1;
}

/* Say where the call was that failed. */
static inline void fault_where(void)
{
#ifdef __GLIBC__
	char **name = backtrace_symbols(fault.frame, fault.frames);

	for (int i = 0; name && i < fault.frames; i++)
		printf("#   %s\n", name[i]);
	free(name);
#endif
}

/*
 * The calls
 */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *mem, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *mem, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

#define FAULT(call, error, result) \
	do { \
		if (!fault_call(__builtin_return_address(0))) \
			return call; \
		errno = (error); \
		return (result); \
	} while (0)

void *__wrap_malloc(size_t size)
{
	FAULT(__real_malloc(size), ENOMEM, NULL);
}

void *__wrap_calloc(size_t n, size_t size)
{
	FAULT(__real_calloc(n, size), ENOMEM, NULL);
}

void *__wrap_realloc(void *mem, size_t size)
{
	FAULT(__real_realloc(mem, size), ENOMEM, NULL);
}

char *__wrap_strdup(const char *s)
{
	FAULT(__real_strdup(s), ENOMEM, NULL);
}

char *__wrap_strndup(const char *s, size_t n)
{
	FAULT(__real_strndup(s, n), ENOMEM, NULL);
}

#endif
