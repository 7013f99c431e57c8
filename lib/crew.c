/* SPDX-License-Identifier: MIT */
/* crew.c - sees many directories at once: threads, each with a cwd of its own */
#include "crew.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GROUPS = 64, MEMBERS = 2, STACK_BYTES = 256 * 1024, ENTRIES_BYTES = 500 };

/*
 * Groups lie in a ring, and counters that only grow tell of each part where it begins: oldest,
 * of those under way or done; next, of those that no member has taken yet; told, of those filled
 * in that the members do not know of yet; free, of those that nobody has.  Oldest and free belong
 * to the thread that asks, all else but the groups themselves is under the lock.
 */
struct pathev__crew {
	unsigned oldest, free;
	pthread_mutex_t lock;
	pthread_cond_t work;		/* next != told, or ending */
	pthread_cond_t done;		/* ready_at is reached, or a member is up or has failed */
	unsigned next, told;
	unsigned ready, ready_at;	/* groups done since the start; who waits waits for so many */
	int idle;			/* members that wait for work */
	int ending;
	int up, failed;			/* members */
	int home;			/* the cwd of the process, where relative paths begin */
	pthread_t member[MEMBERS];
	int members;
	struct pathev__group group[GROUPS];
};

static int enter(const struct pathev__crew *c, const struct pathev__buf *dir)
{
	if (dir->data[0] != '/' && fchdir(c->home))
		return -1;
	return chdir(dir->data);
}

static void see_group(const struct pathev__crew *c, struct pathev__group *g)
{
	const char *name = g->names.data;

	g->error = enter(c, &g->dir) ? errno : 0;
	for (unsigned i = 0; i < g->n && !g->error; i++) {
		pathev__see(&g->how, name, &g->entries, &g->sight[i]);
		name += strlen(name) + 1;
	}
}

/* Take some of the groups that wait, but leave some for the others: how many.  0: end. */
static unsigned take_groups(struct pathev__crew *c, unsigned *first)
{
	unsigned n;

	while (c->next == c->told && !c->ending) {
		c->idle++;
		pthread_cond_wait(&c->work, &c->lock);
		c->idle--;
	}
	n = (c->told - c->next + 2 * MEMBERS - 1) / (2 * MEMBERS);
	*first = c->next;
	c->next += n;
	return n;
}

static void give_groups(struct pathev__crew *c, unsigned first, unsigned n)
{
	int waits = (int)(c->ready - c->ready_at) < 0;

	for (unsigned i = 0; i < n; i++)
		c->group[(first + i) % GROUPS].done = 1;
	c->ready += n;
	if (waits && (int)(c->ready - c->ready_at) >= 0)
		pthread_cond_signal(&c->done);
}

static void *run_member(void *arg)
{
	struct pathev__crew *c = arg;
	int fails = unshare(CLONE_FS);
	unsigned n, first;

	pthread_mutex_lock(&c->lock);
	c->failed += fails != 0;
	c->up += !fails;
	pthread_cond_signal(&c->done);
	while (!fails && (n = take_groups(c, &first))) {
		pthread_mutex_unlock(&c->lock);
		for (unsigned i = 0; i < n; i++)
			see_group(c, &c->group[(first + i) % GROUPS]);
		pthread_mutex_lock(&c->lock);
		give_groups(c, first, n);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Start the members.  They must not take a signal that is meant for the others. */
static void start_members(struct pathev__crew *c, int n)
{
	sigset_t all, old;
	pthread_attr_t attr;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	while (c->members < n &&
	       !pthread_create(&c->member[c->members], &attr, run_member, c))
		c->members++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
}

/* One member for each processor that we may use: the asking thread has little to do. */
static int count_members(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	n = CPU_COUNT(&set);
	return n < MEMBERS ? n : MEMBERS;
}

static void free_crew(struct pathev__crew *c)
{
	int err = errno;

	for (unsigned i = 0; i < GROUPS; i++) {
		pathev__buf_fini(&c->group[i].dir);
		pathev__buf_fini(&c->group[i].names);
		pathev__buf_fini(&c->group[i].entries);
	}
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->done);
	if (c->home >= 0)
		close(c->home);
	free(c);
	errno = err;
}

static void join_members(struct pathev__crew *c)
{
	pthread_mutex_lock(&c->lock);
	c->ending = 1;
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	while (c->members)
		pthread_join(c->member[--c->members], NULL);
}

struct pathev__crew *pathev__crew_start(void)
{
	struct pathev__crew *c = calloc(1, sizeof(*c));
	int up;

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->done, NULL);
	c->home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->home >= 0)
		start_members(c, count_members());
	pthread_mutex_lock(&c->lock);
	while (c->up + c->failed < c->members)
		pthread_cond_wait(&c->done, &c->lock);
	up = c->up;
	pthread_mutex_unlock(&c->lock);
	if (up)
		return c;
	join_members(c);
	free_crew(c);
	errno = EAGAIN;
	return NULL;
}

struct pathev__group *pathev__crew_group(struct pathev__crew *c)
{
	struct pathev__group *g = &c->group[c->free % GROUPS];

	if (c->free - c->oldest == GROUPS)
		return NULL;
	/* what begins here also grows in the heap of this thread, and not in one of the member's
	 * that would stay; without memory it is the member who finds out */
	pathev__buf_room(&g->entries, ENTRIES_BYTES);
	pathev__buf_cut(&g->dir, 0);
	pathev__buf_cut(&g->names, 0);
	pathev__buf_cut(&g->entries, 0);
	g->n = 0;
	g->done = 0;
	return g;
}

void pathev__crew_submit(struct pathev__crew *c)
{
	c->free++;
}

unsigned pathev__crew_busy(const struct pathev__crew *c)
{
	return c->free - c->oldest;
}

struct pathev__group *pathev__crew_oldest(struct pathev__crew *c)
{
	return c->free == c->oldest ? NULL : &c->group[c->oldest % GROUPS];
}

unsigned pathev__crew_wait(struct pathev__crew *c)
{
	unsigned n = 0, enough = (pathev__crew_busy(c) + 1) / 2;

	pthread_mutex_lock(&c->lock);
	c->told = c->free;
	if (c->idle)
		pthread_cond_broadcast(&c->work);
	/* each group done may not be the oldest: wait once more then */
	while (!n && enough) {
		c->ready_at = c->oldest + enough;
		while ((int)(c->ready - c->ready_at) < 0)
			pthread_cond_wait(&c->done, &c->lock);
		while (n < pathev__crew_busy(c) && c->group[(c->oldest + n) % GROUPS].done)
			n++;
		enough++;
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

void pathev__crew_release(struct pathev__crew *c)
{
	c->oldest++;
}

void pathev__crew_end(struct pathev__crew *c,
		      void (*drop)(void *arg, const struct pathev__group *g), void *arg)
{
	if (!c)
		return;
	/* the members leave only when there is nothing left to take */
	join_members(c);
	for (; c->oldest != c->told; c->oldest++)
		drop(arg, &c->group[c->oldest % GROUPS]);
	free_crew(c);
#ifdef __GLIBC__
	/* what was only needed here is much, compared with what is kept, and lies around it */
	malloc_trim(0);
#endif
}
