/* json_walk.c: the items of arrays and the members of objects, one after the other. All of it was checked
 * before (json.c), so that only ends are looked for here. */
#include "base/json_impl.h"

void rl_json_skip_space(struct rl_slice *s)
{
	size_t n = 0;

	while (n < s->len && rl_json_is_space(s->data[n]))
		n++;
	rl_slice_skip(s, n);
}

static size_t string_length(struct rl_slice s, bool *plain)
{
	bool high = false;
	size_t i = 1;

	*plain = true;
	for (;;) {
		i += rl_json_run(s.data + i, s.len - i, &high);
		assert(i < s.len);
		if (s.data[i] == '"')
			return i + 1;
		*plain = false;
		i += 2;
	}
}

/* Of an array or object: up to where as many have ended as have begun. */
static size_t nest_length(struct rl_slice s)
{
	size_t i = 0, depth = 0;
	bool plain;

	do {
		assert(i < s.len);
		uint8_t c = s.data[i];
		if (c == '"') {
			i += string_length(rl_slice(s.data + i, s.len - i), &plain);
			continue;
		}
		if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
		i++;
	} while (depth);
	return i;
}

/* Of a number, true, false or null. */
static size_t word_length(struct rl_slice s)
{
	size_t i = 0;

	while (i < s.len && !rl_json_is_space(s.data[i]) && s.data[i] != ',' && s.data[i] != ']' &&
		s.data[i] != '}')
		i++;
	return i;
}

static void take_value(struct rl_slice *rest, struct rl_json *value)
{
	size_t n;

	value->type = rl_json_type_of(rest->data[0]);
	value->plain = false;
	if (value->type == RL_JSON_STRING)
		n = string_length(*rest, &value->plain);
	else if (value->type == RL_JSON_ARRAY || value->type == RL_JSON_OBJECT)
		n = nest_length(*rest);
	else
		n = word_length(*rest);
	value->text = rl_slice(rest->data, n);
	rl_slice_skip(rest, n);
}

/* Goes on to where the next begins. rest is at the opening bracket, at a comma or at the closing one. */
static bool find_next(struct rl_slice *rest, uint8_t closing)
{
	rl_json_skip_space(rest);
	if (!rest->len || rest->data[0] == closing)
		return false;
	rl_slice_skip(rest, 1);
	rl_json_skip_space(rest);
	return rest->data[0] != closing;
}

int rl_json_item(struct rl_slice *rest, struct rl_json *item)
{
	if (!find_next(rest, ']'))
		return 0;
	take_value(rest, item);
	return 1;
}

int rl_json_member(struct rl_slice *rest, struct rl_json *name, struct rl_json *value)
{
	if (!find_next(rest, '}'))
		return 0;
	take_value(rest, name);
	rl_json_skip_space(rest);
	rl_slice_skip(rest, 1); /* the colon */
	rl_json_skip_space(rest);
	take_value(rest, value);
	return 1;
}

static bool is_between(uint8_t c)
{
	return rl_json_is_space(c) || c == ',' || c == ':';
}

enum rl_json_step rl_json_step(struct rl_slice *rest, struct rl_json *piece)
{
	size_t n = 0;

	while (n < rest->len && is_between(rest->data[n]))
		n++;
	rl_slice_skip(rest, n);
	if (!rest->len)
		return RL_JSON_END;
	uint8_t c = rest->data[0];
	if (c != '[' && c != '{' && c != ']' && c != '}') {
		take_value(rest, piece);
		return RL_JSON_SCALAR;
	}
	piece->type = c == '[' || c == ']' ? RL_JSON_ARRAY : RL_JSON_OBJECT;
	piece->plain = false;
	piece->text = rl_slice(rest->data, 1);
	rl_slice_skip(rest, 1);
	return c == '[' || c == '{' ? RL_JSON_OPEN : RL_JSON_CLOSE;
}

bool rl_json_find(const struct rl_json *object, struct rl_slice name, struct rl_json *value)
{
	struct rl_slice rest = object->text;
	struct rl_json key, candidate;
	bool found = false;

	if (object->type != RL_JSON_OBJECT)
		return false;
	while (rl_json_member(&rest, &key, &candidate)) {
		if (!rl_json_is(&key, name))
			continue;
		*value = candidate;
		found = true;
	}
	return found;
}
