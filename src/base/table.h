/* table.h: a hash table whose nodes live in the things it holds, so that putting one in cannot fail.
 *
 * Keys may be a stranger's: they are hashed with a key of the table's own (siphash.h). The owner compares:
 *
 *     for (node = rl_table_first(&t, hash); node; node = rl_table_next(node))
 *             if (it is the one) ...
 */
#ifndef RL_BASE_TABLE_H
#define RL_BASE_TABLE_H

#include "base/env.h"
#include "base/list.h"
#include "base/siphash.h"

struct rl_table_node {
	struct rl_table_node *next; /* in its bucket */
	uint64_t hash;
};

struct rl_table {
	struct rl_table_node **buckets;
	size_t room, count;        /* room is a power of two */
	struct rl_table_node *one; /* the only bucket there is until there is memory for others */
	const struct rl_env *env;
	uint8_t key[RL_SIPHASH_KEY];
};

/* Takes no memory. */
void rl_table_init(struct rl_table *table, const struct rl_env *env);
/* It is empty, or its nodes are done with. */
void rl_table_fini(struct rl_table *table);

static inline uint64_t rl_table_hash(const struct rl_table *table, struct rl_slice key)
{
	return rl_siphash(table->key, key);
}

/* Nodes of that hash. */
struct rl_table_node *rl_table_first(const struct rl_table *table, uint64_t hash);
struct rl_table_node *rl_table_next(const struct rl_table_node *node);

void rl_table_put(struct rl_table *table, struct rl_table_node *node, uint64_t hash);
/* It is in the table. */
void rl_table_remove(struct rl_table *table, struct rl_table_node *node);
/* Any one; NULL: it is empty. For taking all out. */
struct rl_table_node *rl_table_any(const struct rl_table *table);

#endif
