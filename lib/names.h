/* SPDX-License-Identifier: MIT */
/* names.h - the one table of event names and bits; the rest of it is in pathev.h */
#ifndef PATHEV_NAMES_H
#define PATHEV_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Takes the lowest bit that has a name off *what and returns that name, *len bytes and a NUL; NULL
 * when no such bit is left.  For going through the names in their order. */
const char *pathev__names_take(uint32_t *what, size_t *len);

/*
 * The names as inotifywait prints them for %e: upper case and in its order, CLOSE after either
 * close, Q_OVERFLOW for our overflow, ISDIR last for a directory.  Result as
 * pathev_event_names().
 */
size_t pathev__names_upper(uint32_t what, int is_dir, char sep, char *buf, size_t size);

/* Enough for either list of all names and its NUL. */
enum { PATHEV__NAMES_SIZE = 256 };

#endif
