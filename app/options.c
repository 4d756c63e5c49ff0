/* options.c: words to options, values to fields. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"

#define DAY_S 86400.0

static bool read_number(const char *text, uint64_t *number)
{
	size_t digits = strspn(text, "0123456789");
	if (!digits || text[digits])
		return false;
	errno = 0;
	*number = strtoull(text, NULL, 10);
	return errno == 0;
}

/* At most a day. Not strtod(), which knows "inf", "1e9", and another decimal point in each country. */
static bool read_seconds(const char *text, uint64_t *ms)
{
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	double seconds = 0, place = 1;
	for (size_t i = 0; i < whole; i++)
		seconds = seconds * 10 + (text[i] - '0');
	if (*rest == '.' && rest[1]) {
		for (rest++; *rest >= '0' && *rest <= '9'; rest++) {
			place /= 10;
			seconds += (*rest - '0') * place;
		}
	} else if (!whole) {
		return false;
	}
	if (*rest || !(seconds <= DAY_S))
		return false;
	/* A wish for very little is not a wish for none, which 0 is. */
	*ms = seconds > 0 && seconds < 0.001 ? 1 : (uint64_t)(seconds * 1000 + 0.5);
	return true;
}

static void append(const char **list, const char *value)
{
	while (*list)
		list++;
	*list = value;
}

/* Makes the value the option's field; false: it does not fit. */
static bool store(const struct option *option, void *into, const char *value)
{
	char *field = (char *)into + option->field;
	uint64_t n;
	switch (option->form) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return true;
	case OPTION_TEXT:
		*(const char **)(void *)field = value;
		return !option->fits || option->fits(value);
	case OPTION_LIST:
		append(*(const char ***)(void *)field, value);
		return true;
	case OPTION_NUMBER:
		if (!read_number(value, &n) || n < option->from || n > option->to)
			return false;
		*(uint64_t *)(void *)field = n;
		return true;
	case OPTION_SECONDS:
		if (!read_seconds(value, &n) || n < option->from || n > option->to)
			return false;
		*(uint32_t *)(void *)field = (uint32_t)n;
		return true;
	case OPTION_OTHER:
		break;
	}
	return false;
}

/* len: of the name in "--name=value". */
static const struct option *find_option(
	const struct option_table *table, const char *word, size_t *len)
{
	*len = strcspn(word, "=");
	for (size_t i = 0; i < table->count; i++) {
		const char *name = table->rows[i].name;
		if (strlen(name) == *len && !memcmp(name, word, *len))
			return &table->rows[i];
	}
	return NULL;
}

static int no_option(const struct option_table *table, const char *word)
{
	char why[80];
	snprintf(why, sizeof(why), "is no option of %s; rill help %s lists them", table->command,
		table->command);
	return command_misused(word, why);
}

static int take_option(const struct option_table *table, void *into, char **argv, int *i,
	const char *given[OPTION_TRAITS])
{
	size_t len;
	const char *word = argv[*i], *value = NULL;
	const struct option *option = find_option(table, word, &len);
	if (!option)
		return no_option(table, word);
	if (option->form == OPTION_FLAG) {
		if (word[len])
			return command_misused(option->name, "takes no value");
	} else if (word[len]) {
		value = word + len + 1;
	} else if (!argv[*i + 1]) {
		return command_misused(option->name, "needs a value");
	} else {
		value = argv[++*i];
	}
	for (size_t trait = 0; trait < OPTION_TRAITS; trait++) {
		if (option->traits & 1U << trait)
			given[trait] = option->name;
	}
	if (option->form == OPTION_OTHER)
		return option->take(into, value);
	return store(option, into, value) ? STATUS_OK : command_misused(option->name, option->is);
}

int options_read(const struct option_table *table, void *into, int argc, char **argv,
	const char *given[OPTION_TRAITS])
{
	memset(given, 0, OPTION_TRAITS * sizeof(*given));
	for (int i = 1; i < argc; i++) {
		int status;
		if (!strcmp(argv[i], "--help"))
			return STATUS_HELP;
		if (argv[i][0] != '-' && table->operand)
			status = table->operand(into, argv[i]);
		else
			status = take_option(table, into, argv, &i, given);
		if (status)
			return status;
	}
	return STATUS_OK;
}
