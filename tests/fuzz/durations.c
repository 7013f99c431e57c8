/* SPDX-License-Identifier: MIT */
/* durations.c - fuzz target: times as --timeout takes them.  Input: a text. */
#include "fuzz.h"

#include "clock.h"

#include <errno.h>

/* The seconds a text stands for, found in another way; -1: it is no duration. */
static long double seconds(const char *text)
{
	static const struct {
		const char *name;
		long double s;
	} unit[] = {
		{ "", 1 }, { "us", 1e-6L }, { "ms", 1e-3L }, { "s", 1 }, { "m", 60 },
		{ "h", 3600 }, { "d", 86400 },
	};
	size_t len = strspn(text, "0123456789."), dots = 0;
	char *number = fuzz_copy(text, strlen(text) + 1);
	long double value = -1;

	number[len] = '\0';
	for (size_t i = 0; i < len; i++)
		dots += text[i] == '.';
	if (len && dots <= 1 && text[0] != '.' && text[len - 1] != '.')
		for (size_t i = 0; i < sizeof(unit) / sizeof(*unit); i++)
			if (!strcmp(text + len, unit[i].name))
				value = strtold(number, NULL) * unit[i].s;
	free(number);
	return value;
}

static void back(int64_t ns)
{
	char text[64];
	int64_t again;

	snprintf(text, sizeof(text), "%lld.%09lld", ns / PATHEV__NS_PER_S, ns % PATHEV__NS_PER_S);
	must(pathev__clock_parse(text, &again) == 0);
	must(again == ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const long double limit = 9223372036.854775808L;
	struct fuzz in = { data, size };
	char *text = fuzz_word(&in);
	int64_t ns = -7;
	int res = pathev__clock_parse(text, &ns), err = errno;
	long double want = seconds(text);

	if (want < 0) {
		must(res == -1 && err == EINVAL);
	} else if (res == 0) {
		long double got = (long double)ns / 1e9L;

		must(ns >= 0);
		must(got >= want * (1 - 1e-15L) && got <= want * (1 + 1e-15L) + 1e-9L);
		back(ns);
	} else {
		must(err == ERANGE && want >= limit * (1 - 1e-15L));
	}
	must(res == 0 || ns == -7);
	free(text);
	return 0;
}
