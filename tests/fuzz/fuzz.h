/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzz targets share
 *
 * A target has LLVMFuzzerTestOneInput() and is linked twice: with libFuzzer by `make fuzz', and
 * with driver.c, which any compiler can, for `make check'.  An input is a list of fields, taken
 * one by one: numbers of a fixed size, and words that end with a NUL.  What is missing is 0 or
 * empty, so that every input is a whole one.
 *
 * A target does not only wait for a crash: must() states what holds for all inputs.
 */
#ifndef PATHEV_FUZZ_H
#define PATHEV_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A slow target has this: how many changed ones of each input make check runs. */
extern const uint32_t fuzz_times __attribute__((weak));

#define must(cond) fuzz_must(!!(cond), #cond, __FILE__, __LINE__)

static inline void fuzz_must(int cond, const char *text, const char *file, int line)
{
	if (cond)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	abort();
}

/* What is left of the input. */
struct fuzz {
	const uint8_t *data;
	size_t len;
};

static inline uint64_t fuzz_number(struct fuzz *in, size_t bytes)
{
	uint64_t n = 0;

	for (size_t i = 0; i < bytes && in->len; i++, in->len--)
		n |= (uint64_t)*in->data++ << (8 * i);
	return n;
}

/* A copy of its own, so that one byte too far is noticed; the target frees it. */
static inline char *fuzz_copy(const void *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	must(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

static inline char *fuzz_word(struct fuzz *in)
{
	size_t len = in->len ? strnlen((const char *)in->data, in->len) : 0;
	char *word = malloc(len + 1);

	must(word);
	if (len)
		memcpy(word, in->data, len);
	word[len] = '\0';
	in->data += len;
	in->len -= len;
	fuzz_number(in, 1);
	return word;
}

#endif
