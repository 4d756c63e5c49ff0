/* http1_field.c: looking up the fields of a parsed head. */
#include "wire/http1_step.h"

/* May a second field of that name follow the first? */
static bool is_repeated(const struct rl_http1_index *index, unsigned number)
{
	return (index->repeated >> number & 1) || index->first[number] == RL_HTTP1_FAR;
}

static bool is_named(const struct rl_http1_head *head, size_t i, struct rl_slice name)
{
	struct rl_slice its = rl_http1_text(head, head->fields[i].name);

	return its.len == name.len && rl_slice_equal_nocase(its, name);
}

bool rl_http1_find(const struct rl_http1_head *head, struct rl_slice name, unsigned number,
	size_t *cursor, struct rl_slice *value)
{
	size_t i = head->index.first[number];
	size_t end = is_repeated(&head->index, number) ? head->field_count : i + 1;

	if (i < *cursor)
		i = *cursor;
	while (i < end && !is_named(head, i, name))
		i++;
	if (i >= end) {
		*cursor = head->field_count;
		return false;
	}
	*cursor = i + 1;
	*value = rl_http1_text(head, head->fields[i].value);
	return true;
}

size_t rl_http1_count(const struct rl_http1_head *head, struct rl_slice name)
{
	unsigned number = rl_http1_name_number(name);
	struct rl_slice value;
	size_t cursor = 0, count = 0;

	while (rl_http1_find(head, name, number, &cursor, &value))
		count++;
	return count;
}

bool rl_http1_find_token(
	const struct rl_http1_head *head, struct rl_slice name, struct rl_slice token)
{
	unsigned number = rl_http1_name_number(name);
	struct rl_slice value, element;
	size_t cursor = 0;

	while (rl_http1_find(head, name, number, &cursor, &value)) {
		if (rl_slice_equal_nocase(value, token)) /* alone, as nearly always */
			return true;
		if (value.len <= token.len)
			continue;
		while (rl_slice_next_element(&value, &element))
			if (rl_slice_equal_nocase(element, token))
				return true;
	}
	return false;
}
