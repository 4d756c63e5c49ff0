/* log.c: one line from a format, made safe for a terminal, and the sink for standard error.
 *
 * Log lines hold what peers sent, so the finished line is escaped as a whole: control characters
 * (C0, DEL and C1) and bytes that are not UTF-8 leave as \xNN. */
#include <stdio.h>
#include <string.h>
#include "base/env.h"
#include "base/utf8.h"

#define LINE_MAX_BYTES 512

/* The length of the character at the start of data, or 0 when it may not stand in a line. */
static size_t printable(const uint8_t *data, size_t n)
{
	if (data[0] < 0x20 || data[0] == 0x7f)
		return 0;
	uint32_t state = RL_UTF8_START;
	for (size_t i = 0; i < n && rl_utf8_check(&state, data + i, 1); i++) {
		if (!rl_utf8_whole(state))
			continue;
		bool c1 = i == 1 && data[0] == 0xc2 && data[1] < 0xa0;
		return c1 ? 0 : i + 1;
	}
	return 0;
}

/* Escapes n bytes into a line, as far as it goes. */
static void escape(char line[LINE_MAX_BYTES + 1], const uint8_t *data, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 0; i < n;) {
		size_t whole = printable(data + i, n - i);
		size_t size = whole ? whole : 4;
		if (size > LINE_MAX_BYTES - used)
			break;
		if (whole) {
			memcpy(line + used, data + i, whole);
			i += whole;
		} else {
			line[used] = '\\';
			line[used + 1] = 'x';
			line[used + 2] = digits[data[i] >> 4];
			line[used + 3] = digits[data[i] & 15];
			i++;
		}
		used += size;
	}
	line[used] = 0;
}

void rl_log(const struct rl_env *env, rill_log_level level, const char *format, ...)
{
	char raw[LINE_MAX_BYTES + 1], line[LINE_MAX_BYTES + 1];
	va_list args;

	if (!env->log || level < env->log_level)
		return;
	va_start(args, format);
	int n = vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	if (n < 0)
		return;
	size_t len = (size_t)n;
	if (len > LINE_MAX_BYTES) /* cut: not within a character */
		len = rl_utf8_whole_prefix((const uint8_t *)raw, LINE_MAX_BYTES);
	escape(line, (const uint8_t *)raw, len);
	env->log(level, line, env->log_user);
}

void rill_log_stderr(rill_log_level level, const char *line, void *user)
{
	static const char *const names[] = {
		[RILL_LOG_DEBUG] = "debug",
		[RILL_LOG_INFO] = "info",
		[RILL_LOG_WARN] = "warn",
		[RILL_LOG_ERROR] = "error",
	};
	(void)user;
	fprintf(stderr, "%s %s\n", names[level], line);
}
