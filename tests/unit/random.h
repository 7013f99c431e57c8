/* SPDX-License-Identifier: MIT */
/* random.h - random numbers that are the same in each run, for tests against a model */
#ifndef PATHEV_TEST_RANDOM_H
#define PATHEV_TEST_RANDOM_H

#include <stdint.h>

static uint64_t draw_state = 1;		/* set it, and the same numbers come again */

/* A number below limit. */
static inline uint32_t draw(uint32_t limit)
{
	draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(draw_state >> 33) % limit;
}

#endif
