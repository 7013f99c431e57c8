/* SPDX-License-Identifier: MIT */
/*
 * json.h - a strict reader of JSON (RFC 8259) for tests, written without a look at what it reads
 *
 * It takes nothing that the grammar does not have: no raw control bytes, no bytes that are not
 * UTF-8, no lone surrogates, no key twice, nothing behind the value.
 */
#ifndef PATHEV_TEST_JSON_H
#define PATHEV_TEST_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct json {
	const char *p, *end;
};

static int json_value(struct json *j);

static int json_take(struct json *j, char c)
{
	if (j->p == j->end || *j->p != c)
		return 0;
	j->p++;
	return 1;
}

/* The length of the character at s by the table of well-formed bytes in the Unicode standard
 * (table 3-7); 0 when there is none. */
static size_t json_utf8(const char *s, size_t len)
{
	static const unsigned char row[][10] = {
		/* bytes, then the least and the greatest of each */
		{ 1, 0x00, 0x7f },
		{ 2, 0xc2, 0xdf, 0x80, 0xbf },
		{ 3, 0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf },
		{ 3, 0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf },
		{ 3, 0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf },
		{ 3, 0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf },
		{ 4, 0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf },
		{ 4, 0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf },
		{ 4, 0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf },
	};

	for (size_t r = 0; r < sizeof(row) / sizeof(*row); r++) {
		size_t n = row[r][0], i = 0;
		while (i < n && i < len && (unsigned char)s[i] >= row[r][1 + 2 * i] &&
		       (unsigned char)s[i] <= row[r][2 + 2 * i])
			i++;
		if (i == n)
			return n;
	}
	return 0;
}

static inline int json_is_utf8(const char *s, size_t len)
{
	while (len) {
		size_t n = json_utf8(s, len);
		if (!n)
			return 0;
		s += n;
		len -= n;
	}
	return 1;
}

/* Four hex digits, or -1. */
static long json_hex4(struct json *j)
{
	long v = 0;

	for (int i = 0; i < 4; i++, j->p++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *d;
		if (j->p == j->end || !*j->p || !(d = strchr(digits, *j->p)))
			return -1;
		v = v * 16 + (d - digits) % 16;
	}
	return v;
}

static size_t json_encode(long cp, char *out)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 63));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 63));
		out[2] = (char)(0x80 | (cp & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 63));
	out[2] = (char)(0x80 | (cp >> 6 & 63));
	out[3] = (char)(0x80 | (cp & 63));
	return 4;
}

/* What is behind a backslash, appended to out; 0 when it is not JSON. */
static int json_escape(struct json *j, char *out, size_t *len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *f;

	if (j->p == j->end || !*j->p)
		return 0;
	if ((f = strchr(from, *j->p))) {
		out[(*len)++] = to[f - from];
		j->p++;
		return 1;
	}
	if (!json_take(j, 'u'))
		return 0;
	long cp = json_hex4(j);
	if (cp >= 0xd800 && cp < 0xdc00) {
		if (!json_take(j, '\\') || !json_take(j, 'u'))
			return 0;
		long low = json_hex4(j);
		if (low < 0xdc00 || low > 0xdfff)
			return 0;
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	} else if (cp < 0 || (cp >= 0xdc00 && cp < 0xe000)) {
		return 0;
	}
	*len += json_encode(cp, out + *len);
	return 1;
}

/* The decoded bytes in out, which has room for as many as the text has; 0 when it is not JSON. */
static int json_string(struct json *j, char *out, size_t *len)
{
	*len = 0;
	if (!json_take(j, '"'))
		return 0;
	while (!json_take(j, '"')) {
		if (json_take(j, '\\')) {
			if (!json_escape(j, out, len))
				return 0;
			continue;
		}
		size_t n = json_utf8(j->p, (size_t)(j->end - j->p));
		if (!n || (unsigned char)*j->p < 0x20)
			return 0;
		memcpy(out + *len, j->p, n);
		*len += n;
		j->p += n;
	}
	return 1;
}

static int json_digits(struct json *j)
{
	const char *start = j->p;

	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return j->p > start;
}

/* Whole numbers are all we write. */
static int json_number(struct json *j)
{
	if (json_take(j, '0'))
		return 1;
	return json_digits(j);
}

static int json_word(struct json *j, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n))
		return 0;
	j->p += n;
	return 1;
}

static int json_array(struct json *j)
{
	if (!json_take(j, '['))
		return 0;
	if (json_take(j, ']'))
		return 1;
	do {
		if (!json_value(j))
			return 0;
	} while (json_take(j, ','));
	return json_take(j, ']');
}

static int json_skip_string(struct json *j)
{
	size_t len;
	char *out = malloc((size_t)(j->end - j->p) + 4);
	int good = out && json_string(j, out, &len);

	free(out);
	return good;
}

static int json_object(struct json *j)
{
	if (!json_take(j, '{'))
		return 0;
	if (json_take(j, '}'))
		return 1;
	do {
		if (!json_skip_string(j) || !json_take(j, ':') || !json_value(j))
			return 0;
	} while (json_take(j, ','));
	return json_take(j, '}');
}

static int json_value(struct json *j)
{
	if (j->p == j->end)
		return 0;
	switch (*j->p) {
	case '"':
		return json_skip_string(j);
	case '{':
		return json_object(j);
	case '[':
		return json_array(j);
	default:
		return json_word(j, "true") || json_word(j, "null") || json_number(j);
	}
}

/*
 * The value of key in an object: a string decoded, anything else as it is written, in out, which
 * has room for len bytes and some more.  1: there; 0: no such key; -1: this is not JSON.
 */
static inline int json_get(const char *text, size_t len, const char *key, char *out,
			   size_t *outlen)
{
	struct json j = { text, text + len };
	char name[256];
	size_t namelen;
	int found = 0;

	if (!json_take(&j, '{'))
		return -1;
	do {
		if (!json_string(&j, name, &namelen) || !json_take(&j, ':'))
			return -1;
		int wanted = namelen == strlen(key) && !memcmp(name, key, namelen);
		const char *start = j.p;
		if (wanted && found++)
			return -1;
		if (wanted && j.p < j.end && *j.p == '"') {
			if (!json_string(&j, out, outlen))
				return -1;
			continue;
		}
		if (!json_value(&j))
			return -1;
		if (wanted) {
			*outlen = (size_t)(j.p - start);
			memcpy(out, start, *outlen);
		}
	} while (json_take(&j, ','));
	return json_take(&j, '}') && j.p == j.end ? found : -1;
}

/* The bytes that base64 stands for, in its place; 0 when it is not base64 (RFC 4648). */
static inline int json_unbase64(char *s, size_t *len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0, n = *len;
	uint32_t w = 0;

	if (n % 4)
		return 0;
	size_t pad = n && s[n - 1] == '=' ? 1 + (s[n - 2] == '=') : 0;
	for (size_t i = 0; i < n; i++) {
		const char *d = i + pad >= n ? digits : s[i] ? strchr(digits, s[i]) : NULL;
		if (!d)
			return 0;
		w = w << 6 | (uint32_t)(d - digits);
		if (i % 4 == 3) {
			s[used++] = (char)(w >> 16);
			s[used++] = (char)(w >> 8);
			s[used++] = (char)w;
			w = 0;
		}
	}
	for (size_t i = 0; i < pad; i++)
		if (s[--used])
			return 0;
	*len = used;
	return 1;
}

#endif
