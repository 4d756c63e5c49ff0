/* connect_values.c: close codes, deflate parameters. */
#include "connect_values.h"

#include <stdlib.h>
#include <string.h>
#include "utf8.h"

bool value_close(const char *text, int *code, char reason[124])
{
	size_t digits = strspn(text, "0123456789");
	if (digits != 4 || (text[digits] && text[digits] != ':'))
		return false;
	*code = atoi(text);
	if (*code != 1000 && (*code < 3000 || *code > 4999))
		return false;
	const char *words = text[digits] ? text + digits + 1 : "";
	/* RFC 6455, 5.5: 125 bytes, two of them the code. */
	const size_t len = strlen(words);
	if (len > 123 || !utf8_valid(words, len))
		return false;
	memcpy(reason, words, len + 1);
	return true;
}

/* One parameter, name and value trimmed; value NULL: it has none. */
struct parameter {
	const char *name, *value;
	size_t name_len, value_len;
};

static bool set_bits(const struct parameter *p, int from, int *bits)
{
	if (p->value_len < 1 || p->value_len > 2 || *p->value == '0')
		return false;
	int n = 0;
	for (size_t i = 0; i < p->value_len; i++) {
		if (p->value[i] < '0' || p->value[i] > '9')
			return false;
		n = n * 10 + (p->value[i] - '0');
	}
	*bits = n;
	return n >= from && n <= 15;
}

static bool set_server_forgets(const struct parameter *p, rill_deflate_options *deflate)
{
	deflate->request_no_context_takeover = true;
	return !p->value;
}

static bool set_client_forgets(const struct parameter *p, rill_deflate_options *deflate)
{
	deflate->no_context_takeover = true;
	return !p->value;
}

static bool set_server_bits(const struct parameter *p, rill_deflate_options *deflate)
{
	return p->value && set_bits(p, 8, &deflate->request_window_bits);
}

/* zlib cannot make what a window of 8 bits could take apart. */
static bool set_client_bits(const struct parameter *p, rill_deflate_options *deflate)
{
	deflate->fixed_window = false;
	return !p->value || set_bits(p, 9, &deflate->max_window_bits);
}

static const struct {
	const char *name;
	bool (*set)(const struct parameter *p, rill_deflate_options *deflate);
	const char *why;
} known[] = {
	{ "server_no_context_takeover", set_server_forgets,
		"server_no_context_takeover takes no value" },
	{ "client_no_context_takeover", set_client_forgets,
		"client_no_context_takeover takes no value" },
	{ "server_max_window_bits", set_server_bits, "server_max_window_bits is 8 to 15" },
	{ "client_max_window_bits", set_client_bits,
		"client_max_window_bits is 9 to 15, or has no value" },
};
#define KNOWN (sizeof(known) / sizeof(*known))

static void trim(const char **text, size_t *len)
{
	while (*len && strchr(" \t", **text)) {
		++*text;
		--*len;
	}
	while (*len && strchr(" \t", (*text)[*len - 1]))
		--*len;
}

static struct parameter split(const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct parameter p = { .name = text, .name_len = equals ? (size_t)(equals - text) : len };
	if (equals) {
		p.value = equals + 1;
		p.value_len = len - p.name_len - 1;
		trim(&p.value, &p.value_len);
		/* RFC 6455, 9.1: a quoted value means the same. */
		if (p.value_len >= 2 && *p.value == '"' && p.value[p.value_len - 1] == '"') {
			p.value++;
			p.value_len -= 2;
		}
	}
	trim(&p.name, &p.name_len);
	return p;
}

static bool take(
	const struct parameter *p, rill_deflate_options *deflate, unsigned *seen, const char **why)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (p->name_len != strlen(known[i].name) ||
			memcmp(p->name, known[i].name, p->name_len) != 0)
			continue;
		if (*seen & 1U << i) {
			*why = "a parameter comes twice";
			return false;
		}
		*seen |= 1U << i;
		*why = known[i].why;
		return known[i].set(p, deflate);
	}
	*why = "there is a parameter that permessage-deflate does not have";
	return false;
}

bool value_deflate(const char *text, rill_deflate_options *deflate, const char **why)
{
	unsigned seen = 0;
	for (;;) {
		size_t len = strcspn(text, ";");
		struct parameter p = split(text, len);
		if (!take(&p, deflate, &seen, why))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}
