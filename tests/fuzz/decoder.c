/* SPDX-License-Identifier: MIT */
/*
 * decoder.c - fuzz target: records of the kernel, and the intake that keeps them.  Input: how many
 * bytes are read at a time, records.
 */
#include "fuzz.h"

#include "inotify.h"
#include "intake.h"

#include <errno.h>

/* Each record lies within the bytes.  How many of them are whole records. */
static size_t decode_all(const char *bytes, size_t len)
{
	struct pathev__record rec;
	size_t at = 0, n;

	while ((n = pathev__inotify_decode(bytes + at, len - at, &rec))) {
		must(n <= len - at);
		must(rec.namelen == strlen(rec.name));
		must(!rec.namelen || (rec.name >= bytes + at && rec.name < bytes + at + n));
		at += n;
	}
	return at;
}

/* What the intake hands out is what was decoded, and its answers do not depend on the place. */
static void hand_out(struct pathev__intake *in, const char *bytes, size_t len)
{
	struct pathev__record want, got, future;
	size_t at = 0, n;

	while ((n = pathev__inotify_decode(bytes + at, len - at, &want))) {
		must(pathev__intake_peek(in, &got) == 1);
		must(got.wd == want.wd && got.what == want.what && got.cookie == want.cookie &&
		     got.is_dir == want.is_dir && got.ignored == want.ignored &&
		     got.namelen == want.namelen && !strcmp(got.name, want.name));
		pathev__intake_moved_to(in, got.cookie, &future);
		pathev__intake_move_self(in, got.wd);
		pathev__intake_gone(in, got.wd);
		pathev__intake_touches_dir(in, got.wd, got.name, got.namelen);
		pathev__intake_skip(in);
		at += n;
	}
}

static void intake(const char *bytes, size_t len, size_t piece)
{
	struct pathev__intake in;
	size_t at = 0, room;

	pathev__intake_init(&in);
	while (at < len) {
		/* the longest run of whole records that a read of this size brings */
		size_t want = len - at < piece ? len - at : piece, n;
		char *to = pathev__intake_room(&in, &room);
		int res;

		must(to);
		must(room >= PATHEV__RECORD_MAX);
		if (want > room)
			want = room;
		memcpy(to, bytes + at, want);
		n = decode_all(to, want);
		res = pathev__intake_commit(&in, want, 2, 1);
		must(n == want ? res == 0 : res == -1 && errno == EBADMSG);
		must(pathev__intake_len(&in) == n);
		hand_out(&in, bytes + at, n);
		must(pathev__intake_len(&in) == 0);
		if (!n)
			break;
		at += n;
	}
	pathev__intake_fini(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	size_t piece = (size_t)fuzz_number(&in, 2);
	char *bytes = fuzz_copy(in.data, in.len);

	decode_all(bytes, in.len);
	intake(bytes, in.len, piece ? piece : 1);
	free(bytes);
	return 0;
}
