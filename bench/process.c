#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

bool process_cpu(pid_t pid, uint64_t *ns)
{
	clockid_t clock;
	struct timespec ts;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
		return false;
	*ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return true;
}

bool process_faults(pid_t pid, uint64_t *count)
{
	char path[64], line[512];
	unsigned long long faults;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	char *got = fgets(line, sizeof line, file);
	fclose(file);
	/* The name in parentheses may hold anything; minflt is the eighth field behind it. */
	char *rest = got ? strrchr(line, ')') : NULL;
	if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %llu", &faults) != 1)
		return false;
	*count = faults;
	return true;
}

bool process_memory(pid_t pid, struct process_memory *memory)
{
	const struct {
		const char *name;
		uint64_t *value;
	} fields[] = {
		{ "Rss:", &memory->rss },
		{ "Pss:", &memory->pss },
		{ "Anonymous:", &memory->anonymous },
		{ "Private_Dirty:", &memory->private_dirty },
	};
	char path[64], line[256], name[64];
	unsigned long long kib;

	*memory = (struct process_memory){ 0 };
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "%63s %llu kB", name, &kib) != 2)
			continue;
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
			if (strcmp(name, fields[i].name) == 0)
				*fields[i].value = kib * 1024;
	}
	fclose(file);
	return memory->rss > 0;
}

int process_descriptors(pid_t pid)
{
	char path[64];
	int count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	/* The hard limit itself moves only for the privileged. */
	struct rlimit more = { 1048576, 1048576 };
	if (limit.rlim_max < more.rlim_max && setrlimit(RLIMIT_NOFILE, &more) == 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
