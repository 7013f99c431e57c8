/* SPDX-License-Identifier: MIT */
/*
 * instructions.c - how many instructions the library needs for an event
 *
 *	instructions		counts each PART by callgrind, and prints a table
 *	instructions PART N	does PART N times: this is what callgrind runs
 *
 * Instructions do not depend on what else the machine does.  A part is counted with few and with
 * many events; the difference has no start and no end in it.
 */
#include "intake.h"
#include "pathev.h"
#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { FEW = 1000, MANY = 11000, IN_A_READ = 64 };

static const char dir[] = "/srv/incoming/files";
static const char name[] = "file-00.data";

static void fail(const char *why)
{
	fprintf(stderr, "instructions: %s\n", why);
	exit(1);
}

/* Records as the kernel writes them, n of them. */
static size_t make_records(char *to, unsigned n)
{
	struct inotify_event ev = {.wd = 1, .mask = IN_MODIFY, .len = 16};
	char *p = to;

	while (n--) {
		memcpy(p, &ev, sizeof(ev));
		memset(p + sizeof(ev), 0, ev.len);
		memcpy(p + sizeof(ev), name, strlen(name));
		p += sizeof(ev) + ev.len;
		ev.mask ^= IN_MODIFY | IN_CLOSE_WRITE;
	}
	return (size_t)(p - to);
}

static void decode(unsigned n)
{
	static char records[IN_A_READ * 32];
	size_t len = make_records(records, IN_A_READ);
	struct pathev__intake in;
	struct pathev__record rec;

	pathev__intake_init(&in);
	for (; n; n -= n < IN_A_READ ? n : IN_A_READ) {
		size_t room;
		char *to = pathev__intake_room(&in, &room);

		if (!to || room < len)
			fail("no memory");
		memcpy(to, records, len);
		if (pathev__intake_commit(&in, len, 1, 1))
			fail("no memory");
		while (pathev__intake_peek(&in, &rec))
			pathev__intake_skip(&in);
	}
	pathev__intake_fini(&in);
}

static void queue(unsigned n)
{
	struct pathev__queue_in in = {
		.what = PATHEV_MODIFY, .time_ns = 1, .root = dir, .dir = dir,
		.dirlen = strlen(dir), .reloff = strlen(dir) + 1, .name = name,
		.namelen = strlen(name),
	};
	struct pathev__queue q = {0};
	struct pathev_event ev;

	for (; n; n -= n < IN_A_READ ? n : IN_A_READ) {
		for (int i = 0; i < IN_A_READ; i++)
			if (pathev__queue_push(&q, &in))
				fail("no memory");
		while (pathev__queue_pop(&q, &ev) == 1)
			;
	}
	pathev__queue_fini(&q);
}

static void render(struct pathev_format *f, unsigned n)
{
	static const char path[] = "/srv/incoming/files/file-00.data";
	struct pathev_event ev = {
		.what = PATHEV_CLOSE_WRITE, .path = path, .pathlen = strlen(path),
		.nameoff = strlen(dir) + 1, .root = dir, .reloff = strlen(dir) + 1,
		.time_ns = 1500000000000000000,
	};
	char buf[512];

	if (!f)
		fail("no memory");
	while (n--) {
		ev.seq++;
		ev.time_ns += 1000;
		if (pathev_format_render(f, &ev, buf, sizeof(buf)) > sizeof(buf))
			fail("a long record");
	}
	pathev_format_free(f);
}

static void text(unsigned n)
{
	render(pathev_format_new("%{events} %{path}", NULL, 0, NULL, NULL, NULL), n);
}

static void json(unsigned n)
{
	render(pathev_format_new_json(0), n);
}

static const struct part {
	const char *name;
	void (*run)(unsigned n);
	const char *what;
} parts[] = {
	{"decode", decode, "from a read to records, one by one"},
	{"queue", queue, "an event into the queue and out"},
	{"text", text, "a line of text"},
	{"json", json, "a line of JSON"},
};

/* Instructions of this program when it does part n times. */
static double count(const char *self, const struct part *p, unsigned n)
{
	char command[8192], line[256];
	double instructions = 0;
	FILE *f;

	snprintf(command, sizeof(command),
		 "valgrind --tool=callgrind --callgrind-out-file=/dev/null '%s' %s %u 2>&1", self,
		 p->name, n);
	f = popen(command, "r");
	while (f && fgets(line, sizeof(line), f)) {
		const char *s = strstr(line, "Collected :");

		if (s)
			instructions = atof(s + strlen("Collected :"));
	}
	if (!f || pclose(f) || instructions == 0)
		fail("valgrind does not run");
	return instructions;
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (!strcmp(parts[i].name, argv[1]))
				parts[i].run((unsigned)atoi(argv[2]));
		return 0;
	}
	printf("instructions an event, by callgrind\n");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double few = count(argv[0], &parts[i], FEW);
		double many = count(argv[0], &parts[i], MANY);

		printf("  %-8s %-36s %9.0f\n", parts[i].name, parts[i].what,
		       (many - few) / (MANY - FEW));
		fflush(stdout);
	}
	return 0;
}
