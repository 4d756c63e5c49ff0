/* table.c: see table.h. It grows when there is a node a bucket and shrinks at an eighth; without memory for
 * another size the chains are longer than they should be, or there are more of them. */
#include "base/table.h"

enum { FIRST_ROOM = 16 };

void rl_table_init(struct rl_table *table, const struct rl_env *env)
{
	*table = (struct rl_table){ .room = 1, .env = env };
	env->random(table->key, sizeof(table->key), env->user);
}

void rl_table_fini(struct rl_table *table)
{
	rl_free(table->env, table->buckets);
	table->buckets = NULL;
	table->one = NULL;
	table->room = 1;
	table->count = 0;
}

static struct rl_table_node **bucket(const struct rl_table *table, uint64_t hash)
{
	if (!table->buckets)
		return (struct rl_table_node **)&table->one;
	return &table->buckets[hash & (table->room - 1)];
}

static void resize(struct rl_table *table, size_t room)
{
	struct rl_table old = *table;
	struct rl_table_node **buckets = rl_zalloc(
		table->env, room * sizeof(struct rl_table_node *));

	if (!buckets)
		return;
	table->buckets = buckets;
	table->room = room;
	table->one = NULL;
	for (size_t i = 0; i < old.room; i++) {
		struct rl_table_node *node = old.buckets ? old.buckets[i] : old.one;
		while (node) {
			struct rl_table_node *next = node->next, **at = bucket(table, node->hash);
			node->next = *at;
			*at = node;
			node = next;
		}
	}
	rl_free(table->env, old.buckets);
}

static struct rl_table_node *match(struct rl_table_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct rl_table_node *rl_table_first(const struct rl_table *table, uint64_t hash)
{
	return match(*bucket(table, hash), hash);
}

struct rl_table_node *rl_table_next(const struct rl_table_node *node)
{
	return match(node->next, node->hash);
}

void rl_table_put(struct rl_table *table, struct rl_table_node *node, uint64_t hash)
{
	if (table->count >= table->room)
		resize(table, table->room < FIRST_ROOM ? FIRST_ROOM : table->room * 2);
	struct rl_table_node **at = bucket(table, hash);
	node->hash = hash;
	node->next = *at;
	*at = node;
	table->count++;
}

void rl_table_remove(struct rl_table *table, struct rl_table_node *node)
{
	struct rl_table_node **at = bucket(table, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	table->count--;
	if (!table->count)
		rl_table_fini(table);
	else if (table->room > FIRST_ROOM && table->count < table->room / 8)
		resize(table, table->room / 2);
}

struct rl_table_node *rl_table_any(const struct rl_table *table)
{
	for (size_t i = 0; table->count && i < table->room; i++) {
		struct rl_table_node *node = table->buckets ? table->buckets[i] : table->one;
		if (node)
			return node;
	}
	return NULL;
}
