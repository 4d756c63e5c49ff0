/* main.c: the program rill: finds the command and runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <rill/version.h>
#include "command.h"

static const struct command *const commands[] = { &connect_command, &bench_command, &demo_command,
	NULL };

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int unknown(const char *name)
{
	fprintf(stderr, "rill: there is no command %s; rill --help lists those there are\n", name);
	return STATUS_USAGE;
}

static int print_overview(void)
{
	printf("usage: rill COMMAND [OPTION...]\n\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
	       "  rill help COMMAND   explains a command\n"
	       "  rill --version      says which rill this is, and what it stands on\n");
	return STATUS_OK;
}

static int print_help(const char *name)
{
	const struct command *command = find_command(name);
	if (!command)
		return unknown(name);
	fputs(command->help, stdout);
	return STATUS_OK;
}

static int print_version(void)
{
	printf("rill %s (%s)\n", rill_version(), rill_version_libraries());
	return STATUS_OK;
}

static int run(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	if (!command)
		return unknown(argv[0]);
	int status = command->run(argc, argv);
	return status == STATUS_HELP ? print_help(argv[0]) : status;
}

/* A descriptor that was closed would be the next socket's, and what is printed would go to a peer. */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", O_RDWR);
	}
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	if (argc < 2) {
		fprintf(stderr, "rill: which command? rill --help lists them\n");
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version"))
		return print_version();
	if (!strcmp(argv[1], "--help"))
		return print_overview();
	if (!strcmp(argv[1], "help"))
		return argc > 2 ? print_help(argv[2]) : print_overview();
	return run(argc - 1, argv + 1);
}
