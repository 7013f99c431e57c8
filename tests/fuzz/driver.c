/* SPDX-License-Identifier: MIT */
/*
 * driver.c - runs a fuzz target without libFuzzer, for make check
 *
 *	NAME			the inputs of NAME.seeds, and changed ones; tells as TAP
 *	NAME -n NUMBER		... so many changed ones of each
 *	NAME -x DIRECTORY	writes each of them into a file there, for libFuzzer
 *	NAME FILE...		runs the target on these files, such as libFuzzer leaves
 *
 * A file of seeds has one input a line, with \n \t \\ and \xHH for what cannot stand there; a
 * line that begins with # is a comment.  When a target dies, the input at fault is printed in
 * that form, to be added to the seeds.
 */
#include "fuzz.h"

#include "../unit/random.h"
#include "../unit/tap.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* The longest input that is made by changing one, and the longest line of seeds. */
enum { INPUT_MAX = 4096, SEEDS_MAX = 1000 };

static struct seed {
	uint8_t *data;
	size_t len;
} seed[SEEDS_MAX];
static size_t seeds;

static const uint8_t *running;
static size_t running_len;

/* Of the sanitizers, where the program is built with one. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void put(const char *s, size_t len)
{
	if (write(STDERR_FILENO, s, len) < 0)
		_exit(1);
}

static void tell_input(void)
{
	static const char hex[] = "0123456789abcdef";

	put("# the input at fault: ", 22);
	for (size_t i = 0; i < running_len; i++) {
		char c = (char)running[i];
		char escape[] = { '\\', 'x', hex[running[i] >> 4], hex[running[i] & 15] };
		int plain = c >= ' ' && c <= '~' && c != '\\' && (i || c != '#');

		put(plain ? &c : escape, plain ? 1 : sizeof(escape));
	}
	put("\n", 1);
}

static void die(int signal_number)
{
	tell_input();
	raise(signal_number);	/* which has its default back */
}

static void run(const uint8_t *data, size_t len)
{
	uint8_t *copy = (uint8_t *)fuzz_copy(data, len);

	running = copy;
	running_len = len;
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *d = c ? strchr(digits, c) : NULL;

	return d ? (int)(d - digits) : -1;
}

/* One line of seeds; 0 when an escape is wrong. */
static int read_seed(const char *line)
{
	static const char from[] = "nt\\0", to[] = "\n\t\\";
	struct seed *s = &seed[seeds];

	s->data = malloc(strlen(line) + 1);
	must(s->data && seeds < SEEDS_MAX - 1);
	for (const char *p = line; *p; p++) {
		const char *f;

		if (*p != '\\') {
			s->data[s->len++] = (uint8_t)*p;
		} else if (p[1] == 'x' && hex_value(p[2]) >= 0 && hex_value(p[3]) >= 0) {
			s->data[s->len++] = (uint8_t)(16 * hex_value(p[2]) + hex_value(p[3]));
			p += 3;
		} else if (p[1] && (f = strchr(from, p[1]))) {
			s->data[s->len++] = (uint8_t)to[f - from];
			p++;
		} else {
			return 0;
		}
	}
	seeds++;
	return 1;
}

static int read_seeds(const char *file)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int good = f != NULL;

	while (good && (len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (line[0] != '#')
			good = read_seed(line);
	}
	if (!good)
		printf("# %s: %s\n", file, f ? line : strerror(errno));
	free(line);
	if (f)
		fclose(f);
	return good;
}

/* One to four small changes, such as exchange a byte or double a piece.  The new length. */
static size_t change(uint8_t *data, size_t len)
{
	for (uint32_t n = 1 + draw(4); n; n--) {
		size_t at = draw((uint32_t)len + 1), piece = draw((uint32_t)(len - at) + 1);
		const struct seed *other = &seed[draw((uint32_t)seeds)];

		switch (draw(5)) {
		case 0:
			if (at < len)
				data[at] = (uint8_t)draw(256);
			break;
		case 1:
			if (at < len)
				data[at] ^= (uint8_t)(1u << draw(8));
			break;
		case 2:
			memmove(data + at, data + at + piece, len - at - piece);
			len -= piece;
			break;
		case 3:
			if (len + piece > INPUT_MAX)
				break;
			memmove(data + at + piece, data + at, len - at);
			len += piece;
			break;
		case 4:
			piece = draw((uint32_t)other->len + 1);
			if (at + piece > INPUT_MAX)
				break;
			memcpy(data + at, other->data, piece);
			len = at + piece > len ? at + piece : len;
			break;
		}
	}
	return len;
}

static int run_seeds(const char *name, uint32_t times)
{
	static uint8_t data[INPUT_MAX];

	for (size_t i = 0; i < seeds; i++)
		run(seed[i].data, seed[i].len);
	ok(seeds > 0, "%s: %zu inputs", name, seeds);
	for (size_t i = 0; i < seeds; i++) {
		for (uint32_t n = 0; n < times && seed[i].len <= sizeof(data); n++) {
			memcpy(data, seed[i].data, seed[i].len);
			run(data, change(data, seed[i].len));
		}
	}
	ok(1, "%s: each of them changed in %u ways", name, times);
	return done_testing();
}

static int write_seeds(const char *dir)
{
	for (size_t i = 0; i < seeds; i++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/seed-%03zu", dir, i);
		f = fopen(path, "we");
		if (!f || fwrite(seed[i].data, 1, seed[i].len, f) != seed[i].len || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

static int run_file(const char *path)
{
	FILE *f = fopen(path, "re");
	uint8_t *data = malloc(1 << 20);
	size_t len;

	must(data);
	if (!f) {
		perror(path);
		free(data);
		return 1;
	}
	len = fread(data, 1, 1 << 20, f);
	fclose(f);
	run(data, len);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	const char *top = getenv("top_srcdir");
	struct sigaction act = { .sa_handler = die, .sa_flags = (int)SA_RESETHAND };
	char path[4096];
	int status = 0;

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(tell_input);
	else
		sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGABRT, &act, NULL);
	if (argc > 1 && argv[1][0] != '-') {
		for (int i = 1; i < argc; i++)
			status |= run_file(argv[i]);
		return status;
	}
	snprintf(path, sizeof(path), "%s/tests/fuzz/%s.seeds", top ? top : ".", name);
	if (!read_seeds(path))
		return 1;
	if (argc == 3 && !strcmp(argv[1], "-x"))
		status = write_seeds(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "-n"))
		status = run_seeds(name, (uint32_t)strtoul(argv[2], NULL, 10));
	else
		status = run_seeds(name, &fuzz_times ? fuzz_times : 300);
	while (seeds)
		free(seed[--seeds].data);
	return status;
}
