/* http1_field.c: looking up the fields of a parsed head. A head has a dozen of them; a walk that
 * compares lengths first is quicker than any index would be to build. */
#include "wire/http1.h"

bool rl_http1_next_field(const struct rl_http1_head *head, struct rl_slice name, size_t *cursor,
	struct rl_slice *value)
{
	while (*cursor < head->field_count) {
		const struct rl_http1_field *field = &head->fields[(*cursor)++];
		if (field->name.len == name.len &&
			rl_slice_equal_nocase(rl_http1_text(head, field->name), name)) {
			*value = rl_http1_text(head, field->value);
			return true;
		}
	}
	return false;
}

bool rl_http1_field(const struct rl_http1_head *head, struct rl_slice name, struct rl_slice *value)
{
	size_t cursor = 0;

	return rl_http1_next_field(head, name, &cursor, value);
}

size_t rl_http1_field_count(const struct rl_http1_head *head, struct rl_slice name)
{
	struct rl_slice value;
	size_t cursor = 0, count = 0;

	while (rl_http1_next_field(head, name, &cursor, &value))
		count++;
	return count;
}

bool rl_http1_has_token(
	const struct rl_http1_head *head, struct rl_slice name, struct rl_slice token)
{
	struct rl_slice value, element;
	size_t cursor = 0;

	while (rl_http1_next_field(head, name, &cursor, &value))
		while (rl_slice_next_element(&value, &element))
			if (rl_slice_equal_nocase(element, token))
				return true;
	return false;
}
