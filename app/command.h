/* command.h: the commands of rill, and what they have in common. */
#ifndef COMMAND_H
#define COMMAND_H

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct command {
	const char *name;
	const char *summary;               /* one line for `rill --help` */
	const char *help;                  /* all of `rill help NAME` */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the status */
};

extern const struct command demo_command;

#endif
