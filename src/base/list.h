/* list.h: a doubly linked list whose nodes live in the things they link, so that linking cannot
 * fail. A node that is in no list points to itself. */
#ifndef RL_BASE_LIST_H
#define RL_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct rl_list {
	struct rl_list *next, *prev;
};

/* The struct that holds a node. */
#define rl_container(node, type, member)                                                           \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

/* Walks the list; the safe form survives the removal of the node it stands on (only of that). */
#define rl_list_each(node, list)                                                                   \
	for (struct rl_list *node = (list)->next; node != (list); node = node->next)
#define rl_list_each_safe(node, list)                                                              \
	for (struct rl_list *node = (list)->next, *node##_next = node->next; node != (list);       \
			node = node##_next, node##_next = node->next)

static inline void rl_list_init(struct rl_list *list)
{
	list->next = list->prev = list;
}

static inline bool rl_list_empty(const struct rl_list *list)
{
	return list->next == list;
}

static inline void rl_list_append(struct rl_list *list, struct rl_list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

/* Takes the node out of whatever list it is in; harmless for a node that is in none. */
static inline void rl_list_remove(struct rl_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	rl_list_init(node);
}

/* Moves all nodes of from to the end of to; from is empty afterwards. */
static inline void rl_list_splice(struct rl_list *to, struct rl_list *from)
{
	if (rl_list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	rl_list_init(from);
}

#endif
