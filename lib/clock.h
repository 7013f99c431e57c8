/* SPDX-License-Identifier: MIT */
/* clock.h - durations, and the monotonic clock that deadlines are told in */
#ifndef PATHEV_CLOCK_H
#define PATHEV_CLOCK_H

#include <stdint.h>

#define PATHEV__NS_PER_S 1000000000LL
#define PATHEV__NS_PER_MS 1000000LL

/* Now, in ns since 1970 UTC (the clock may be set).  pathev_now() is the monotonic one. */
int64_t pathev__clock_real_ns(void);

/* The deadline ns from now, saturating: never earlier than now, never past INT64_MAX. */
int64_t pathev__clock_after(int64_t now_ns, int64_t duration_ns);

/* Milliseconds for poll(2) until the deadline: rounded up, 0 when it has passed, -1 when
 * deadline_ns is -1. */
int pathev__clock_poll_ms(int64_t now_ns, int64_t deadline_ns);

/*
 * A duration: digits with an optional fraction, then nothing or s (seconds), ms, us, m
 * (minutes), h, d.  Strict: no sign, no space, a digit on both sides of the point, nothing
 * behind.  What is finer than a nanosecond is rounded up, so that a wait is never shorter than
 * written.  0 and *ns, or -1 with EINVAL (not a duration) or ERANGE (2^63 ns or more).
 */
int pathev__clock_parse(const char *text, int64_t *ns);

#endif
