/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the three programs share towards their user: options and messages
 *
 * Nothing else in the programs writes to standard error, but progress.c.  A message is one line,
 * `program: what: why', with control characters made visible, so that a file name can neither
 * forge a line nor reach the terminal.
 */
#ifndef PATHEV_CLI_H
#define PATHEV_CLI_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

struct pathev__filter;
struct progress;

/* Exit statuses that all share; 126, 127 and 128 + N are those of a shell for --run. */
enum {
	CLI_OK = 0,
	CLI_ERROR = 1,
	CLI_TIMEOUT = 2,
	CLI_COMMAND_FAILED = 3	/* pathwait: --run ended before the condition held */
};

/* strings, each of them owned */
struct cli_list {
	char **item;
	size_t len;
	size_t cap;
};

/* A pattern of --ignore, or what a file of --ignore-file says. */
struct cli_ignore {
	const char *file;	/* as it was given; NULL: a pattern */
	char *text;		/* owned */
	size_t len;
};

enum cli_style { CLI_TEXT, CLI_JSON, CLI_CSV };

/* How records look: --json, --csv, --format and its companions. */
struct cli_output {
	enum cli_style style;
	const char *format;	/* NULL: the program's own */
	const char *timefmt;	/* NULL: none */
	int raw;
	int no_newline;
};

/* What makes a program different, for cli_parse(). */
struct cli_program {
	const char *name;
	const char *usage;		/* --help begins with it: its own options */
	const struct option *options;	/* its own, ended by a name of NULL */
	unsigned sets;			/* CLI_SET_*: which of the shared ones it takes */
	uint32_t events;		/* what -NAME as the first word of -e takes from */
	uint32_t own;			/* those of our own events that -e takes, */
	const char *own_help;		/* and how --help goes on with them, up to -NAME */
	/* An option of its own: 0, or -1 after cli_error(). */
	int (*set)(void *self, int opt, const char *arg);
};

enum {
	CLI_SET_STYLE = 1,	/* --json, --csv */
	CLI_SET_OUTPUT = 2,	/* --format and its companions */
	CLI_SET_MISSING = 4	/* --allow-missing */
};

/* The command line, but for what only one program knows. */
struct cli {
	const struct cli_program *program;
	int quiet;
	int verbose;
	int strict;
	int nul;			/* -0 */

	uint32_t events;		/* of -e; 0: none was given */
	uint32_t flags;			/* PATHEV_RECURSIVE ... */
	uint32_t max_depth;		/* 0: no limit */
	size_t queue_limit;		/* 0: the library's */
	int64_t timeout_ns;		/* -1: none */
	int ready_fd;			/* -1: none */
	int control;			/* commands come on standard input */
	char **command;			/* of --run, ended by NULL; NULL: none */

	struct cli_list paths;		/* PATH arguments, as given */
	struct cli_list left_out;	/* @PATH, without the @ */
	struct cli_list from_files;	/* of --from-file, not read yet */
	struct pathev__filter *filter;	/* NULL: no --include, --exclude */
	struct cli_ignore *ignores;	/* of --ignore and --ignore-file, in their order */
	size_t nignores;
	struct cli_output output;

	struct progress *progress;	/* makes way for messages; NULL: there is none */

	/* Takes each message, one line without its newline; NULL: standard error does. */
	void (*message)(const char *line);
};

/*
 * Read the command line into c, refusing what is wrong by name.  1: go on; 0: --help or
 * --version was answered; -1: refused, and said why.  self is handed to program->set().
 * cli_free() is due in every case.
 */
int cli_parse(struct cli *c, const struct cli_program *program, void *self, int argc,
	      char **argv);
void cli_free(struct cli *c);

/* Errors are always told, warnings unless -q, notes with -v. */
void cli_error(const struct cli *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cli_warn(const struct cli *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cli_note(const struct cli *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A message as it stands, without the program's name in front; always told. */
void cli_line(const struct cli *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* cli_error() for ENOMEM; returns -1. */
int cli_no_memory(const struct cli *c);

/* Values of options, read strictly: 0, or -1 after a message that names option and text. */
int cli_number(const struct cli *c, const char *option, const char *text, uint64_t min,
	       uint64_t max, uint64_t *n);
int cli_duration(const struct cli *c, const char *option, const char *text, int64_t *ns);

/* Refuse two options that contradict each other: -1 and a message if both are set, else 0. */
int cli_exclusive(const struct cli *c, int a, const char *name_a, int b, const char *name_b);

/* Refuse events of -e that never come: -1 and a message with their names and why if there are any,
 * else 0. */
int cli_refuse_events(const struct cli *c, uint32_t vain, const char *why);

/* The index of text in the NULL-ended list of words, or -1 after a message that lists them. */
int cli_word(const struct cli *c, const char *option, const char *text,
	     const char *const *words);

/*
 * All bytes of a file, by its name in a directory, *len of them and a NUL behind them, for the
 * caller to free; NULL as file is standard input.  NULL: errno.
 */
char *cli_read(int dir, const char *file, size_t *len);

/* Append a copy of len bytes.  0, or -1 after a message.  All zero is an empty list. */
int cli_list_add(const struct cli *c, struct cli_list *list, const char *text, size_t len);

/* It is empty then. */
void cli_list_free(struct cli_list *list);

#endif
