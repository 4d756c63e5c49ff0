/* publication.c: see publication.h. */
#include "conn/publication.h"

struct rl_publication *rl_publication_new(
	const struct rl_env *env, rill_kind kind, struct rl_slice payload, struct rl_slice type)
{
	struct rl_publication *p = rl_alloc(env, sizeof(*p) + RL_PUBLICATION_ID + type.len);
	if (!p)
		return NULL;
	*p = (struct rl_publication){ .refs = 1, .kind = kind, .env = env };
	rl_list_init(&p->waiting);
	p->payload = rl_blob_copy(env, payload);
	if (!p->payload) {
		rl_free(env, p);
		return NULL;
	}
	if (type.len) {
		memcpy(p->text + RL_PUBLICATION_ID, type.data, type.len);
		p->type = rl_slice(p->text + RL_PUBLICATION_ID, type.len);
	}
	return p;
}

struct rl_publication *rl_publication_bundle(
	const struct rl_env *env, struct rl_publication *const *parts, uint32_t count)
{
	struct rl_publication *p = rl_alloc(env, sizeof(*p));
	if (p)
		*p = (struct rl_publication){
			.refs = 1, .env = env, .parts = parts, .part_count = count
		};
	return p;
}

void rl_publication_unref(struct rl_publication *p)
{
	if (!p || --p->refs > 0)
		return;
	if (p->form_count)
		rl_blob_unref(p->first.bytes);
	for (uint8_t i = 1; i < p->form_count; i++)
		rl_blob_unref(p->others[i - 1].bytes);
	rl_free(p->env, p->others);
	rl_publication_unref(p->framed);
	rl_blob_unref(p->payload);
	rl_free(p->env, p);
}

void rl_publication_set_id(struct rl_publication *p, struct rl_slice id)
{
	assert(id.len <= RL_PUBLICATION_ID && !p->form_count);
	memcpy(p->text, id.data, id.len);
	p->id = rl_slice(p->text, id.len);
}

const struct rl_form *rl_publication_add_form(struct rl_publication *p, const void *key,
	uint32_t variant, struct rl_blob *bytes, size_t head)
{
	struct rl_form *form = &p->first;
	if (p->encoded)
		(*p->encoded)++;
	if (p->form_count == RL_FORMS_MAX)
		return NULL;
	if (p->form_count) {
		if (!p->others)
			p->others = rl_alloc(p->env, (RL_FORMS_MAX - 1) * sizeof(*form));
		if (!p->others)
			return NULL;
		form = p->others + p->form_count - 1;
	}
	*form = (struct rl_form){ key, variant, bytes, head };
	p->form_count++;
	return form;
}

struct rl_publication *rl_publication_frame(const struct rl_publication *p, const void *key)
{
	struct rl_publication *framed = p->framed;

	while (framed && framed->frame_key != key)
		framed = framed->framed;
	return framed;
}

/* One without room for id and type. Frames count as one form, whatever forms they have: those are found when
 * nobody counts any more. */
struct rl_publication *rl_publication_add_frame(
	struct rl_publication *p, const void *key, struct rl_blob *payload)
{
	struct rl_publication *framed = rl_alloc(p->env, sizeof(*framed));

	if (!framed) {
		rl_blob_unref(payload);
		return NULL;
	}
	*framed = (struct rl_publication){ .refs = 1,
		.plain = p->plain,
		.kind = p->kind == RILL_JSON ? RILL_TEXT : p->kind,
		.payload = payload,
		.frame_key = key,
		.framed = p->framed,
		.env = p->env };
	rl_list_init(&framed->waiting);
	p->framed = framed;
	if (p->encoded)
		(*p->encoded)++;
	return framed;
}

struct rl_publication *rl_publication_framed(
	struct rl_publication *p, const void *key, struct rl_slice prefix)
{
	struct rl_publication *framed = rl_publication_frame(p, key);

	if (framed)
		return framed;
	struct rl_blob *payload = rl_blob_new(p->env, prefix.len + p->payload->len);
	if (!payload)
		return NULL;
	if (prefix.len)
		memcpy(payload->data, prefix.data, prefix.len);
	if (p->payload->len)
		memcpy(payload->data + prefix.len, p->payload->data, p->payload->len);
	payload->len = prefix.len + p->payload->len;
	return rl_publication_add_frame(p, key, payload);
}
