/* SPDX-License-Identifier: MIT */
/* events.c - fuzz target: lists of events.  Input: a mask, a list. */
#include "fuzz.h"

#include "names.h"
#include "pathev.h"

#include <errno.h>

static void refused(const char *list, const char *bad, size_t badlen, uint32_t before, uint32_t now)
{
	size_t len = strlen(list);

	must(errno == EINVAL);
	must(now == before);
	must(bad >= list && badlen <= len && (size_t)(bad - list) <= len - badlen);
}

/* The names of all events in a mask are a list that makes this mask. */
static void back(uint32_t mask)
{
	char names[PATHEV__NAMES_SIZE], cut[8];
	size_t len = pathev_event_names(mask, ',', names, sizeof(names));
	uint32_t again = 0;

	must(len < sizeof(names) && strlen(names) == len);
	if (len)
		must(pathev_parse_events(names, &again, NULL, NULL) == 0);
	must(!(again & ~mask));
	must(pathev_event_names(mask & ~again, ',', names, sizeof(names)) == 0);
	must(pathev_event_names(mask, ',', cut, sizeof(cut)) == len);
	must(!strncmp(cut, names, strlen(cut)) || !mask || len);
	must(pathev__names_upper(mask, 1, ',', names, sizeof(names)) < sizeof(names));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	uint32_t before = (uint32_t)fuzz_number(&in, 4), mask = before;
	char *list = fuzz_word(&in);
	const char *bad = NULL;
	size_t badlen = 0;

	if (pathev_parse_events(list, &mask, &bad, &badlen))
		refused(list, bad, badlen, before, mask);
	back(mask);
	free(list);
	return 0;
}
