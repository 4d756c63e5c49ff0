/* http1_field.c: looking up the fields of a parsed head. */
#include "wire/http1_step.h"

void rl_http1_index_add(struct rl_http1_index *index, struct rl_slice name, size_t i)
{
	unsigned number = rl_http1_name_number(name);
	uint64_t bit = UINT64_C(1) << number;

	if (index->present & bit) {
		index->repeated |= bit;
		return;
	}
	index->present |= bit;
	index->first[number] = i < RL_HTTP1_FAR ? (uint8_t)i : RL_HTTP1_FAR;
}

/* May a second field of that name follow the first? */
static bool is_repeated(const struct rl_http1_index *index, unsigned number)
{
	return (index->repeated >> number & 1) || index->first[number] == RL_HTTP1_FAR;
}

bool rl_http1_find(const struct rl_http1_head *head, struct rl_slice name, size_t *cursor,
	struct rl_slice *value)
{
	unsigned number = rl_http1_name_number(name);
	size_t first = head->index.first[number];
	size_t end = is_repeated(&head->index, number) ? head->field_count : first + 1;

	for (size_t i = *cursor > first ? *cursor : first; i < end; i++) {
		const struct rl_http1_field *field = &head->fields[i];
		if (field->name.len == name.len &&
			rl_slice_equal_nocase(rl_http1_text(head, field->name), name)) {
			*cursor = i + 1;
			*value = rl_http1_text(head, field->value);
			return true;
		}
	}
	*cursor = head->field_count;
	return false;
}

size_t rl_http1_count(const struct rl_http1_head *head, struct rl_slice name)
{
	struct rl_slice value;
	size_t cursor = 0, count = 0;

	if (!is_repeated(&head->index, rl_http1_name_number(name)))
		return rl_http1_find(head, name, &cursor, &value);
	while (rl_http1_find(head, name, &cursor, &value))
		count++;
	return count;
}

bool rl_http1_find_token(
	const struct rl_http1_head *head, struct rl_slice name, struct rl_slice token)
{
	struct rl_slice value, element;
	size_t cursor = 0;

	while (rl_http1_find(head, name, &cursor, &value)) {
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
