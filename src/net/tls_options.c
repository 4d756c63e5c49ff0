/* tls_options.c: the defaults of rill_tls_options, and a copy of one in a single allocation: the
 * same walk is done twice, first to count the bytes, then to place them. */
#include <stdalign.h>
#include <string.h>
#include "net/tls_options.h"

void rill_tls_options_init(rill_tls_options *options, size_t size)
{
	rill_tls_options defaults = { .size = size, .min_version = 12 };
	memset(options, 0, size);
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

/* Where the copy goes; at is NULL while the bytes are counted. */
struct layout {
	uint8_t *at;
	size_t used;
};

static void *place(struct layout *l, const void *data, size_t size)
{
	size_t aligned = (l->used + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	l->used = aligned + size;
	if (!l->at)
		return NULL;
	return memcpy(l->at + aligned, data, size);
}

static const char *place_text(struct layout *l, const char *text)
{
	return text ? place(l, text, strlen(text) + 1) : NULL;
}

static const char *const *place_names(struct layout *l, const char *const *names)
{
	size_t n = 0;
	if (!names)
		return NULL;
	while (names[n])
		n++;
	const char **copy = place(l, names, (n + 1) * sizeof(*names));
	for (size_t i = 0; i < n; i++) {
		const char *name = place_text(l, names[i]);
		if (copy)
			copy[i] = name;
	}
	return copy;
}

static void place_options(struct layout *l, const rill_tls_options *from)
{
	struct rl_tls_options *to = place(l, &(struct rl_tls_options){ .set = *from }, sizeof(*to));
	rill_tls_certificate *list = place(
		l, from->certificates, from->certificate_count * sizeof(*from->certificates));

	for (size_t i = 0; i < from->certificate_count; i++) {
		rill_tls_certificate one = {
			.certificate_file = place_text(l, from->certificates[i].certificate_file),
			.key_file = place_text(l, from->certificates[i].key_file),
			.names = place_names(l, from->certificates[i].names),
		};
		if (list)
			list[i] = one;
	}
	const char *ciphers = place_text(l, from->ciphers);
	const char *client_ca_file = place_text(l, from->client_ca_file);
	if (to) {
		to->set.certificates = list;
		to->set.ciphers = ciphers;
		to->set.client_ca_file = client_ca_file;
	}
}

static bool complete(const rill_tls_options *options)
{
	if (!options->certificates || !options->certificate_count)
		return false;
	for (size_t i = 0; i < options->certificate_count; i++)
		if (!options->certificates[i].certificate_file ||
			!options->certificates[i].key_file)
			return false;
	return true;
}

int rl_tls_options_copy(
	struct rl_tls_options **copy, const struct rl_env *env, const rill_tls_options *options)
{
	rill_tls_options whole;
	struct layout l = { NULL, 0 };

	/* A caller built against older headers has fewer fields: the rest are the defaults. */
	rill_tls_options_default(&whole);
	size_t size = options->size < sizeof(whole) ? options->size : sizeof(whole);
	memcpy(&whole, options, size);
	whole.size = sizeof(whole);
	if (!complete(&whole))
		return RILL_EINVAL;
	place_options(&l, &whole);
	l.at = rl_alloc(env, l.used);
	if (!l.at)
		return RILL_ENOMEM;
	l.used = 0;
	*copy = (struct rl_tls_options *)(void *)l.at;
	place_options(&l, &whole);
	return 0;
}
