/* options.h: a command line read by a table, whose rows say what each option takes and which field of the
 * command's struct that becomes. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option takes, and of which type its field is. */
enum option_form {
	OPTION_FLAG, /* nothing; a bool becomes true */
	OPTION_TEXT, /* const char * */
	OPTION_LIST, /* const char **: appended; it ends with NULL, and has room for as many as there are words */
	OPTION_NUMBER,  /* uint64_t: digits alone */
	OPTION_SECONDS, /* uint32_t, in ms: "2", "0.5" */
	OPTION_OTHER,   /* take() knows */
};

/* An option may have traits, bits that the command knows the meaning of. */
enum { OPTION_TRAITS = 3 };

struct option {
	const char *name;
	enum option_form form;
	unsigned traits;
	size_t field;                               /* its offsetof() */
	uint64_t from, to;                          /* of a number, and of milliseconds */
	bool (*fits)(const char *value);            /* a text; NULL: any does */
	const char *is;                             /* what a value is, said of one that is not */
	int (*take)(void *into, const char *value); /* returns a status */
};

#define OPTION_DAY_MS ((uint64_t)24 * 60 * 60 * 1000)

struct option_table {
	const char *command;
	const struct option *rows;
	size_t count;
	/* A word that does not begin with '-'; returns a status. NULL: there is no such. */
	int (*operand)(void *into, const char *word);
};

/* Reads all words behind the command's name: "--name value", "--name=value", operands. given[i] becomes the name of
 * the last option that has trait 1 << i; NULL where none has. Returns STATUS_OK, STATUS_HELP, or what is wrong, which
 * has been said: STATUS_USAGE, or the status of take() or operand(). */
int options_read(const struct option_table *table, void *into, int argc, char **argv,
	const char *given[OPTION_TRAITS]);

#endif
