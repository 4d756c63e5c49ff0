/* session_table.c: a service's sessions by their ids, which clients choose: hashed with a key of the
 * service's own, so that nobody can make many that fall together. And how many there are, in all and
 * from each address. */
#include "base/siphash.h"
#include "proto/session_parts.h"

enum { FIRST_ROOM = 16 };

int rl_session_table_new(struct rl_sessions *sessions)
{
	const struct rl_env *env = &sessions->loop->env;
	struct rl_session_table *table = rl_zalloc(env, sizeof(*table));

	if (!table)
		return RILL_ENOMEM;
	table->buckets = rl_zalloc(env, FIRST_ROOM * sizeof(struct rl_session_place *));
	if (!table->buckets) {
		rl_free(env, table);
		return RILL_ENOMEM;
	}
	table->room = FIRST_ROOM;
	env->random(table->key, sizeof(table->key), env->user);
	rl_admission_init(&table->admission, env, 0, 0);
	sessions->table = table;
	return 0;
}

void rl_session_table_free(struct rl_sessions *sessions)
{
	const struct rl_env *env = &sessions->loop->env;
	struct rl_session_table *table = sessions->table;

	if (!table)
		return;
	assert(!table->count && !table->admission.count);
	rl_admission_fini(&table->admission);
	rl_free(env, table->buckets);
	rl_free(env, table);
	sessions->table = NULL;
}

/* The terms are set behind the table's making, and before the first session. */
static struct rl_admission *admission_of(const struct rl_sessions *sessions)
{
	struct rl_admission *admission = &sessions->table->admission;

	admission->max = sessions->terms.max_sessions;
	if (!admission->count)
		admission->max_each = sessions->terms.max_sessions_per_address;
	return admission;
}

bool rl_sessions_admit(const struct rl_sessions *sessions, const struct rl_addr *peer)
{
	return rl_admission_has_room(admission_of(sessions), peer);
}

int rl_session_table_enter(struct rl_sessions *sessions, const struct rl_addr *peer)
{
	return rl_admission_enter(admission_of(sessions), peer);
}

void rl_session_table_leave(struct rl_sessions *sessions, const struct rl_addr *peer)
{
	rl_admission_leave(&sessions->table->admission, peer);
}

static struct rl_session_place **bucket(const struct rl_session_table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->room - 1)];
}

/* Without memory for another size the chains are longer, or there are more of them than needed. */
static void resize(struct rl_sessions *sessions, size_t room)
{
	const struct rl_env *env = &sessions->loop->env;
	struct rl_session_table *table = sessions->table;
	struct rl_session_place **old = table->buckets, *place;
	size_t old_room = table->room;
	struct rl_session_place **buckets = rl_zalloc(
		env, room * sizeof(struct rl_session_place *));

	if (!buckets)
		return;
	table->buckets = buckets;
	table->room = room;
	for (size_t i = 0; i < old_room; i++) {
		while ((place = old[i])) {
			old[i] = place->next;
			place->next = *bucket(table, place->hash);
			*bucket(table, place->hash) = place;
		}
	}
	rl_free(env, old);
}

void rl_session_table_list(struct rl_sessions *sessions, struct rl_session_place *place)
{
	struct rl_session_table *table = sessions->table;

	assert(!place->listed);
	if (table->count >= table->room)
		resize(sessions, table->room * 2);
	place->hash = rl_siphash(table->key, rl_slice(place->text, place->id_len));
	place->next = *bucket(table, place->hash);
	*bucket(table, place->hash) = place;
	place->listed = true;
	table->count++;
}

void rl_session_table_unlist(struct rl_sessions *sessions, struct rl_session_place *place)
{
	struct rl_session_table *table = sessions->table;
	struct rl_session_place **at;

	if (!place || !place->listed)
		return;
	for (at = bucket(table, place->hash); *at != place; at = &(*at)->next)
		;
	*at = place->next;
	place->listed = false;
	table->count--;
	if (table->room > FIRST_ROOM && table->count < table->room / 8)
		resize(sessions, table->room / 2);
}

struct rl_session *rl_session_find(const struct rl_sessions *sessions, struct rl_slice id)
{
	const struct rl_session_table *table = sessions->table;
	uint64_t hash = rl_siphash(table->key, id);
	const struct rl_session_place *place = *bucket(table, hash);

	for (; place; place = place->next)
		if (place->hash == hash && rl_slice_equal(rl_slice(place->text, place->id_len), id))
			return (struct rl_session *)(uintptr_t)place - 1; /* it lies in front */
	return NULL;
}

bool rl_session_owned_by(const struct rl_session *session, struct rl_slice owner)
{
	const struct rl_session_place *place = session->place;
	struct rl_slice own = rl_slice(NULL, 0);

	if (place)
		own = rl_slice(place->text + place->id_len, place->owner_len);
	return rl_slice_equal(own, owner);
}

const char *rl_session_id(const struct rl_session *session)
{
	return (const char *)session->place->text;
}
