/* SPDX-License-Identifier: MIT */
/* clock.c - durations, and the monotonic clock that deadlines are told in */
#include "clock.h"

#include "base.h"
#include "pathev.h"

#include <limits.h>
#include <string.h>
#include <time.h>

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;

	/* fails for unknown clocks only, and Linux has both of ours */
	clock_gettime(id, &ts);
	return ts.tv_sec * PATHEV__NS_PER_S + ts.tv_nsec;
}

int64_t pathev_now(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t pathev__clock_real_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

int64_t pathev__clock_after(int64_t now_ns, int64_t duration_ns)
{
	int64_t sum;

	if (duration_ns <= 0)
		return now_ns;
	return __builtin_add_overflow(now_ns, duration_ns, &sum) ? INT64_MAX : sum;
}

int pathev__clock_poll_ms(int64_t now_ns, int64_t deadline_ns)
{
	int64_t left, ms;

	if (deadline_ns == -1)
		return -1;
	if (deadline_ns <= now_ns)
		return 0;
	if (__builtin_sub_overflow(deadline_ns, now_ns, &left))
		return INT_MAX;
	ms = left / PATHEV__NS_PER_MS + (left % PATHEV__NS_PER_MS != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* ns in one of the unit that text names; 0: no such unit */
static int64_t unit_ns(const char *text)
{
	static const struct {
		char name[3];
		int64_t ns;
	} units[] = {
		{ "", PATHEV__NS_PER_S },
		{ "us", 1000 },
		{ "ms", PATHEV__NS_PER_MS },
		{ "s", PATHEV__NS_PER_S },
		{ "m", 60 * PATHEV__NS_PER_S },
		{ "h", 3600 * PATHEV__NS_PER_S },
		{ "d", 86400 * PATHEV__NS_PER_S },
	};

	for (size_t i = 0; i < PATHEV__COUNT(units); i++)
		if (strcmp(text, units[i].name) == 0)
			return units[i].ns;
	return 0;
}

/* the same ten bytes in every locale */
static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

int pathev__clock_parse(const char *text, int64_t *ns)
{
	size_t whole = count_digits(text);
	const char *frac = text + whole + (text[whole] == '.');
	size_t frac_len = text[whole] == '.' ? count_digits(frac) : 0;
	int64_t unit = unit_ns(frac + frac_len);
	int64_t total = 0, part = 0;

	if (whole == 0 || (text[whole] == '.' && frac_len == 0) || unit == 0) {
		errno = EINVAL;
		return -1;
	}
	/* From the last digit to the first, each step rounded up: exactly the whole rounded up. */
	for (size_t i = frac_len; i-- > 0;)
		part = ((frac[i] - '0') * unit + part + 9) / 10;
	for (size_t i = 0; i < whole; i++)
		if (__builtin_mul_overflow(total, 10, &total) ||
		    __builtin_add_overflow(total, text[i] - '0', &total))
			goto range;
	if (__builtin_mul_overflow(total, unit, &total) ||
	    __builtin_add_overflow(total, part, &total))
		goto range;
	*ns = total;
	return 0;
range:
	errno = ERANGE;
	return -1;
}
