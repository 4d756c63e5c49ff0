/* command.h: the commands of rill, and what they have in common. */
#ifndef COMMAND_H
#define COMMAND_H

enum {
	STATUS_HELP = -1, /* the command line asks for the command's help */
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
};

struct command {
	const char *name;
	const char *summary;               /* one line for `rill --help` */
	const char *help;                  /* all of `rill help NAME` */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the status */
};

extern const struct command connect_command;
extern const struct command bench_command;
extern const struct command demo_command;

/* Says in one sentence what is wrong with the command line, "rill: WHAT WHY". Returns STATUS_USAGE. */
int command_misused(const char *what, const char *why);

/* Likewise what came to nothing, "rill: WHAT: WHY". Returns STATUS_FAILED. */
int command_failed(const char *what, const char *why);

#endif
