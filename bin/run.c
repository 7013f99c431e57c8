/* SPDX-License-Identifier: MIT */
/* run.c - the command of --run */
#include "run.h"

#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_RUNNABLE = 126, NOT_FOUND = 127 };

/* In the child: become the command, or tell the parent why not. */
static void become(char **command, int no_stdin, int stdout_fd, const sigset_t *mask, int tell)
{
	int null;
	int error;

	/* ours alone: we do not let these two be ignored, and so neither shall it */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (no_stdin && (null = open("/dev/null", O_RDONLY)) > STDIN_FILENO)
		dup2(null, STDIN_FILENO);
	if (stdout_fd == STDOUT_FILENO || dup2(stdout_fd, STDOUT_FILENO) >= 0)
		execvp(command[0], command);
	error = errno;
	while (write(tell, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(NOT_FOUND);
}

/* What the child says went wrong; 0: nothing, its end of the pipe was closed by exec. */
static int read_error(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? error : 0;
}

int run_command(const struct cli *c, int stdout_fd, const sigset_t *mask, pid_t *child)
{
	int tell[2];
	int error;
	pid_t pid;

	if (pipe2(tell, O_CLOEXEC)) {
		cli_error(c, "cannot run '%s': %s", c->command[0], strerror(errno));
		return NOT_RUNNABLE;
	}
	pid = fork();
	if (pid == 0)
		become(c->command, c->control, stdout_fd, mask, tell[1]);
	error = pid < 0 ? errno : 0;
	close(tell[1]);
	if (pid > 0)
		error = read_error(tell[0]);
	close(tell[0]);
	if (!error) {
		*child = pid;
		return 0;
	}
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	cli_error(c, "cannot run '%s': %s", c->command[0], strerror(error));
	return error == ENOENT ? NOT_FOUND : NOT_RUNNABLE;
}

int run_ended(pid_t child, int *status)
{
	int wstatus;

	if (waitpid(child, &wstatus, WNOHANG) != child)
		return 0;
	*status = WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
	return 1;
}
