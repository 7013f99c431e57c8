/* SPDX-License-Identifier: MIT */
/*
 * limit-count.c - the least that counting events by path can cost
 *
 *	limit-count DIR	a newline on descriptor 4 when DIR and the directories in it are watched;
 *			at SIGTERM the counts on stdout
 *
 * One table with open addressing, of (watch descriptor, name), and the names one behind the
 * other.  The same nap as limit-lines.c.  A path without changes has no entry.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

struct entry {
	uint32_t name;		/* offset in names */
	int wd;
	uint32_t count;
	uint32_t hash;		/* 0: free */
};

static struct entry *table;
static size_t slots, used;
static char *names;
static size_t nameslen, namescap;
static volatile sig_atomic_t over;

static void end(int signo)
{
	over = signo;
}

static uint32_t hash_of(int wd, const char *s, size_t n)
{
	uint64_t h = (uint32_t)wd * 0x9e3779b97f4a7c15u, w;

	for (; n >= 8; s += 8, n -= 8) {
		memcpy(&w, s, 8);
		h = (h ^ w) * 0xbf58476d1ce4e5b9u;
		h ^= h >> 31;
	}
	w = 0;
	memcpy(&w, s, n);
	h = (h ^ w) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(h >> 32) | 1;
}

static void grow(void)
{
	struct entry *old = table;
	size_t n = slots;

	slots = slots ? 2 * slots : 1024;
	table = calloc(slots, sizeof(*table));
	if (!table)
		exit(1);
	for (size_t i = 0; i < n; i++) {
		size_t k = old[i].hash >> 1;

		if (!old[i].hash)
			continue;
		while (table[k & (slots - 1)].hash)
			k++;
		table[k & (slots - 1)] = old[i];
	}
	free(old);
}

static void count(int wd, const char *name)
{
	size_t len = strlen(name);
	uint32_t hash = hash_of(wd, name, len);
	struct entry *e;

	if (4 * used >= 3 * slots)
		grow();
	for (size_t k = hash >> 1;; k++) {
		e = &table[k & (slots - 1)];
		if (!e->hash)
			break;
		if (e->hash == hash && e->wd == wd && !strcmp(names + e->name, name)) {
			e->count++;
			return;
		}
	}
	if (namescap - nameslen <= len) {
		namescap = namescap ? 2 * namescap : 64 * 1024;
		names = realloc(names, namescap);
		if (!names)
			exit(1);
	}
	*e = (struct entry){(uint32_t)nameslen, wd, 1, hash};
	memcpy(names + nameslen, name, len + 1);
	nameslen += len + 1;
	used++;
}

static int watch(int in, const char *dir)
{
	struct dirent *d;
	DIR *dp = opendir(dir);
	char path[4096];

	if (!dp || inotify_add_watch(in, dir, IN_ATTRIB) < 0)
		return -1;
	while ((d = readdir(dp))) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
		if (inotify_add_watch(in, path, IN_ATTRIB) < 0)
			return -1;
	}
	closedir(dp);
	return 0;
}

int main(int argc, char **argv)
{
	static char buf[64 * 1024] __attribute__((aligned(8)));
	struct timespec nap = {.tv_nsec = 1000000};
	int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd pfd = {.fd = in, .events = POLLIN};

	signal(SIGTERM, end);
	if (argc != 2 || in < 0 || watch(in, argv[1]) || write(4, "\n", 1) != 1)
		return 1;
	while (!over) {
		ssize_t n = read(in, buf, sizeof(buf));

		for (const char *p = buf; n > 0 && p < buf + n;) {
			const struct inotify_event *ev = (const void *)p;

			p += sizeof(*ev) + ev->len;
			count(ev->wd, ev->len ? ev->name : "");
		}
		if (n > 1024)
			nanosleep(&nap, NULL);
		else
			poll(&pfd, 1, -1);
	}
	for (size_t i = 0; i < slots; i++)
		if (table[i].hash)
			printf("%u %d/%s\n", table[i].count, table[i].wd, names + table[i].name);
	return 0;
}
