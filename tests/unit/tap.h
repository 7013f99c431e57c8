/* SPDX-License-Identifier: MIT */
/*
 * tap.h - the Test Anything Protocol for the unit tests, one program per module
 *
 *	#include "tap.h"
 *
 *	int main(void)
 *	{
 *		is_int(1 + 1, 2, "adds");
 *		is_str(name(3), "three", "names %d", 3);
 *		return done_testing();
 *	}
 *
 * Each call is one test case and gives back whether it held; its name is a printf format.
 * What failed is explained on stdout as well, in
 * comments, so that it stays beside its case.
 */
#ifndef PATHEV_TEST_TAP_H
#define PATHEV_TEST_TAP_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_ran, tap_failed;

/* A case: cond is what must hold. */
#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
/* Integers of any signed kind, strings (NULL equals NULL), bytes. */
#define is_int(got, want, ...) tap_is_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_mem(got, gotlen, want, wantlen, ...) \
	tap_is_mem((got), (gotlen), (want), (wantlen), __FILE__, __LINE__, __VA_ARGS__)

static inline void tap_text(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c < 0x20 || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

/* No name may end its line or look like a directive. */
static inline void tap_result(int cond, const char *fmt, va_list ap)
{
	char name[512];

	if (!tap_ran++)
		setvbuf(stdout, NULL, _IOLBF, BUFSIZ);	/* what a crash or a fork leaves is whole */
	vsnprintf(name, sizeof(name), fmt, ap);
	for (char *p = name; *p; p++) {
		if (*p == '\n' || *p == '\r')
			*p = ' ';
		else if (*p == '#')
			*p = '%';
	}
	printf("%s %d - %s\n", cond ? "ok" : "not ok", tap_ran, name);
	tap_failed += !cond;
}

static inline void tap_where(const char *file, int line)
{
	printf("#   at %s:%d\n", file, line);
}

__attribute__((format(printf, 4, 5)))
static inline int tap_ok(int cond, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(cond, fmt, ap);
	va_end(ap);
	if (!cond)
		tap_where(file, line);
	return cond;
}

__attribute__((format(printf, 5, 6)))
static inline int tap_is_int(intmax_t got, intmax_t want, const char *file, int line,
			     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(got == want, fmt, ap);
	va_end(ap);
	if (got != want) {
		tap_where(file, line);
		printf("#   got  %jd (%#jx)\n#   want %jd (%#jx)\n", got, (uintmax_t)got, want,
		       (uintmax_t)want);
	}
	return got == want;
}

static inline void tap_show(const char *what, const char *data, size_t len)
{
	printf("#   %s ", what);
	if (data) {
		putchar('"');
		tap_text(data, len);
		printf("\" (%zu bytes)\n", len);
	} else {
		puts("NULL");
	}
}

static inline int tap_same(const char *got, size_t gotlen, const char *want, size_t wantlen)
{
	if (!got || !want)
		return got == want;
	return gotlen == wantlen && !memcmp(got, want, wantlen);
}

__attribute__((format(printf, 5, 6)))
static inline int tap_is_str(const char *got, const char *want, const char *file, int line,
			     const char *fmt, ...)
{
	size_t gotlen = got ? strlen(got) : 0, wantlen = want ? strlen(want) : 0;
	int same = tap_same(got, gotlen, want, wantlen);
	va_list ap;

	va_start(ap, fmt);
	tap_result(same, fmt, ap);
	va_end(ap);
	if (!same) {
		tap_where(file, line);
		tap_show("got ", got, gotlen);
		tap_show("want", want, wantlen);
	}
	return same;
}

__attribute__((format(printf, 7, 8)))
static inline int tap_is_mem(const void *got, size_t gotlen, const void *want, size_t wantlen,
			     const char *file, int line, const char *fmt, ...)
{
	int same = tap_same(got, gotlen, want, wantlen);
	va_list ap;

	va_start(ap, fmt);
	tap_result(same, fmt, ap);
	va_end(ap);
	if (!same) {
		tap_where(file, line);
		tap_show("got ", got, gotlen);
		tap_show("want", want, wantlen);
	}
	return same;
}

/* A case that cannot run here; reason says why. */
static inline void skip(const char *reason)
{
	if (!tap_ran++)
		setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	printf("ok %d # SKIP %s\n", tap_ran, reason);
}

/* Are we run by valgrind?  The memory is not ours then, and all takes some forty times as long. */
static inline int under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "/vgpreload_");
}

/* How often to try what is tried at random. */
static inline int rounds(int n)
{
	return under_valgrind() ? n / 10 : n;
}

/* The plan, last: a program that dies before it is told as failed.  The exit status for main. */
static inline int done_testing(void)
{
	printf("1..%d\n", tap_ran);
	if (tap_failed)
		printf("# %d of %d failed\n", tap_failed, tap_ran);
	return fflush(stdout) || tap_failed || !tap_ran ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
