/* SPDX-License-Identifier: MIT */
/* clock.c - tests of durations, deadlines and the clocks */
#include "clock.h"

#include "pathev.h"
#include "tap.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <time.h>

#define S PATHEV__NS_PER_S
#define MS PATHEV__NS_PER_MS

static const struct {
	const char *text;
	int64_t ns;
} good[] = {
	{ "0", 0 },
	{ "5", 5 * S },
	{ "0.5", S / 2 },
	{ "007", 7 * S },
	{ "1.000000001", S + 1 },
	{ "300ms", 300 * MS },
	{ "0.3ms", 300000 },
	{ "10us", 10000 },
	{ "10s", 10 * S },
	{ "2m", 120 * S },
	{ "1.5m", 90 * S },
	{ "1h", 3600 * S },
	{ "1d", 86400 * S },
	{ "0.1d", 8640 * S },
	{ "0.999999999999999999999999d", 86400 * S },
	/* finer than a nanosecond: up, but only if there is something */
	{ "0.0000000001", 1 },
	{ "0.00000000000000000000000000000000000001", 1 },
	{ "0.0000000010", 1 },
	{ "0.0000000011", 2 },
	{ "1.00000000000000000000", S },
	{ "0.0001us", 1 },
	/* the largest of all: INT64_MAX is 9223372036854775807 */
	{ "9223372036.854775807", INT64_MAX },
	{ "9223372036854775.807us", INT64_MAX },
	{ "106751d", 106751 * (86400 * S) },
	{ "00000000000000000000000000000000000000001", S },
};

static const struct {
	const char *text;
	int cause;
} bad[] = {
	{ "", EINVAL }, { " ", EINVAL }, { ".", EINVAL }, { ".5", EINVAL }, { "5.", EINVAL },
	{ "5.s", EINVAL }, { "5..1", EINVAL }, { "5.1.1", EINVAL }, { "5,5", EINVAL },
	{ " 5", EINVAL }, { "5 ", EINVAL }, { "5 s", EINVAL }, { "5s ", EINVAL }, { "5\n", EINVAL },
	{ "+5", EINVAL }, { "-5", EINVAL }, { "-0", EINVAL }, { "5.-1", EINVAL }, { "5.+1", EINVAL },
	{ "1e3", EINVAL }, { "0x10", EINVAL }, { "nan", EINVAL }, { "inf", EINVAL },
	{ "infinity", EINVAL }, { "s", EINVAL }, { "ms", EINVAL }, { ".s", EINVAL },
	{ "5S", EINVAL }, { "5M", EINVAL }, { "5ns", EINVAL }, { "5sec", EINVAL }, { "5ss", EINVAL },
	{ "5min", EINVAL }, { "5w", EINVAL }, { "5m30s", EINVAL }, { "1:30", EINVAL },
	{ "\xd9\xa5", EINVAL }, { "5\xc2\xa0s", EINVAL },
	/* junk is junk, however large the number before it */
	{ "99999999999999999999x", EINVAL },
	{ "9223372036.854775808", ERANGE },
	{ "9223372036.8547758070000001", ERANGE },
	{ "9223372037", ERANGE },
	{ "106752d", ERANGE },
	{ "9223372036854775808us", ERANGE },
	{ "18446744073709551616us", ERANGE },
	{ "99999999999999999999999999999999999999999999999999d", ERANGE },
};

static void parses_durations(const char *where)
{
	int64_t ns;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (pathev__clock_parse(good[i].text, &ns))
			ns = -1;
		is_int(ns, good[i].ns, "%s: takes '%s'", where, good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ns = -7;
		errno = 0;
		ok(pathev__clock_parse(bad[i].text, &ns) == -1 && errno == bad[i].cause && ns == -7,
		   "%s: refuses '%s'", where, bad[i].text);
	}
}

/* Some locale whose decimal point is a comma, where there is one. */
static void parses_the_same_in_any_locale(void)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!setlocale(LC_ALL, names[i]))
			continue;
		parses_durations(names[i]);
		setlocale(LC_ALL, "C");
		return;
	}
	skip("no locale with a decimal comma is installed");
}

static uint32_t draw(void)
{
	static uint64_t state = 20240229;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

/* What is written down in nanoseconds comes back, whatever the unit. */
static void parses_what_was_written(void)
{
	static const struct {
		const char *name;
		int64_t ns;
		int digits;
	} units[] = { { "", S, 9 }, { "s", S, 9 }, { "ms", MS, 6 }, { "us", 1000, 3 } };
	int wrong = 0;

	for (int i = 0; i < 200000; i++) {
		size_t u = draw() % 4;
		int64_t ns = (int64_t)((uint64_t)draw() << 32 | draw()) >> draw() % 63, got = -1;
		char text[64];

		ns &= INT64_MAX;
		snprintf(text, sizeof(text), "%jd.%0*jd%s", (intmax_t)(ns / units[u].ns),
			 units[u].digits, (intmax_t)(ns % units[u].ns), units[u].name);
		wrong += pathev__clock_parse(text, &got) || got != ns;
	}
	is_int(wrong, 0, "parses 200000 durations back to what they were");
}

/* Random text: no crash, and what is taken begins and ends as a duration does. */
static void survives_random_text(void)
{
	static const char bytes[] = "0123456789..smhdu e+-x";
	int wrong = 0;

	for (int i = 0; i < 500000; i++) {
		char text[16];
		size_t len = draw() % sizeof(text);
		int64_t ns = -7;

		for (size_t k = 0; k < len; k++)
			text[k] = bytes[draw() % (sizeof(bytes) - 1)];
		text[len] = '\0';
		if (pathev__clock_parse(text, &ns))
			wrong += ns != -7;
		else
			wrong += ns < 0 || text[0] < '0' || text[0] > '9' ||
				 text[strspn(text, "0123456789.smhdu")] != '\0';
	}
	is_int(wrong, 0, "takes no nonsense out of 500000 random texts");
}

static void rounds_poll_times_up(void)
{
	is_int(pathev__clock_poll_ms(5, -1), -1, "poll_ms: no deadline is -1");
	is_int(pathev__clock_poll_ms(5, 5), 0, "poll_ms: now is 0");
	is_int(pathev__clock_poll_ms(6, 5), 0, "poll_ms: the past is 0");
	is_int(pathev__clock_poll_ms(0, INT64_MIN), 0, "poll_ms: the farthest past is 0");
	is_int(pathev__clock_poll_ms(5, 6), 1, "poll_ms: a nanosecond is 1");
	is_int(pathev__clock_poll_ms(5, 5 + MS), 1, "poll_ms: a millisecond is 1");
	is_int(pathev__clock_poll_ms(5, 6 + MS), 2, "poll_ms: a nanosecond more is 2");
	is_int(pathev__clock_poll_ms(0, INT_MAX * MS), INT_MAX, "poll_ms: the longest that fits");
	is_int(pathev__clock_poll_ms(0, INT_MAX * MS + 1), INT_MAX, "poll_ms: longer is cut");
	is_int(pathev__clock_poll_ms(0, INT64_MAX), INT_MAX, "poll_ms: the farthest future is cut");
	is_int(pathev__clock_poll_ms(-9, INT64_MAX), INT_MAX, "poll_ms: a difference past INT64_MAX");
}

static void saturates_deadlines(void)
{
	is_int(pathev__clock_after(100, 5), 105, "after: adds");
	is_int(pathev__clock_after(100, 0), 100, "after: nothing is now");
	is_int(pathev__clock_after(100, -5), 100, "after: is never earlier than now");
	is_int(pathev__clock_after(100, INT64_MIN), 100, "after: nor for the most negative");
	is_int(pathev__clock_after(100, INT64_MAX - 100), INT64_MAX, "after: reaches INT64_MAX");
	is_int(pathev__clock_after(100, INT64_MAX - 99), INT64_MAX, "after: and stays there");
}

static void tells_the_time(void)
{
	struct timespec ts;
	int64_t before, got;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	before = ts.tv_sec * S + ts.tv_nsec;
	got = pathev_now();
	ok(got >= before && got - before < 60 * S, "pathev_now is the monotonic clock");
	clock_gettime(CLOCK_REALTIME, &ts);
	before = ts.tv_sec * S + ts.tv_nsec;
	got = pathev__clock_real_ns();
	ok(got - before > -60 * S && got - before < 60 * S, "real_ns is the time of day");
}

int main(void)
{
	parses_durations("C");
	parses_the_same_in_any_locale();
	parses_what_was_written();
	survives_random_text();
	rounds_poll_times_up();
	saturates_deadlines();
	tells_the_time();
	return done_testing();
}
