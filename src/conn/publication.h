/* publication.h: a message on its way to many connections: encoded at most once for each form it
 * takes on the wire, shared by all of them. The hub makes it; each service knows its own forms.
 *
 * Belongs to one loop (but may be made elsewhere and handed over); counted, because queues of slow
 * subscribers and histories hold it. */
#ifndef RL_CONN_PUBLICATION_H
#define RL_CONN_PUBLICATION_H

#include <rill/conn.h>
#include "base/blob.h"
#include "base/list.h"
#include "base/slice.h"

/* One form: whose it is (address of a static of the service), which variant (window bits, ...). */
struct rl_form {
	const void *key;
	uint32_t variant;
	struct rl_blob *bytes;
	size_t head; /* bytes in front of the payload, where the form is one header and the payload */
};

#define RL_FORMS_MAX      8  /* more variants than that are encoded for each */
#define RL_PUBLICATION_ID 48 /* the longest id */

struct rl_publication {
	uint32_t refs;
	uint8_t form_count;
	bool plain; /* not to be compressed */
	rill_kind kind;
	uint32_t outboxes; /* of sessions it waits in: they count it together, about once */
	struct rl_blob *payload;
	struct rl_list waiting;   /* where it stands in queues of slow subscribers: the hub's */
	struct rl_slice type, id; /* event streams; empty: none. In the publication's own memory */
	struct rl_form first;     /* most have one form */
	struct rl_form *others;   /* room for RL_FORMS_MAX - 1; NULL until the second */
	/* What it is as a whole frame of a protocol on top of messages: publications of their own, by key. */
	struct rl_publication *framed;
	const void *frame_key; /* of one that is such */
	uint64_t *encoded;        /* its topic's, counted up for each form made; NULL but while it is handed
	                           * out: sessions keep it longer than there is the topic */
	struct rl_publication *const *parts; /* a bundle's; NULL: this is one message */
	uint32_t part_count;
	const struct rl_env *env;
	char text[]; /* RL_PUBLICATION_ID for the id, then the type */
};

/* One with a copy of payload and type, no id and one reference; NULL when out of memory. */
struct rl_publication *rl_publication_new(
	const struct rl_env *env, rill_kind kind, struct rl_slice payload, struct rl_slice type);

/* A bundle: several that go to one receiver one behind the other, so that what they are on the wire can
 * be joined once for all receivers. It has forms, but no payload of its own. parts are borrowed as long
 * as it lives. NULL when out of memory. */
struct rl_publication *rl_publication_bundle(
	const struct rl_env *env, struct rl_publication *const *parts, uint32_t count);

static inline struct rl_publication *rl_publication_ref(struct rl_publication *publication)
{
	publication->refs++;
	return publication;
}

void rl_publication_unref(struct rl_publication *publication);

/* Gives it an id, of at most RL_PUBLICATION_ID bytes; copied. Before any form is made. */
void rl_publication_set_id(struct rl_publication *publication, struct rl_slice id);

/* The form, when it was made already; else NULL. */
static inline const struct rl_form *rl_publication_form(
	const struct rl_publication *publication, const void *key, uint32_t variant)
{
	const struct rl_form *form = &publication->first;
	for (uint8_t i = 0; i < publication->form_count; i++) {
		if (form->key == key && form->variant == variant)
			return form;
		form = publication->others + i;
	}
	return NULL;
}

/* Adds one that the service has just made; the blob's reference is taken over. NULL when there is no
 * room for more: the blob is still the caller's. */
const struct rl_form *rl_publication_add_form(struct rl_publication *publication, const void *key,
	uint32_t variant, struct rl_blob *bytes, size_t head);

/* What it is inside of a protocol's frames: a publication that is prefix and payload, and has forms like any
 * other; made when it is first asked for, shared by all that have the same key (the address of a static),
 * freed with it. One of JSON is a text. NULL when out of memory. */
struct rl_publication *rl_publication_framed(
	struct rl_publication *publication, const void *key, struct rl_slice prefix);
/* ... when it was made already; else NULL. And one that its protocol has made; payload is taken over. NULL when out of
 * memory. */
struct rl_publication *rl_publication_frame(
	const struct rl_publication *publication, const void *key);
struct rl_publication *rl_publication_add_frame(
	struct rl_publication *publication, const void *key, struct rl_blob *payload);

#endif
