/* json_fuzz.c: JSON, any bytes. What is taken has to be taken again in the same way, to consist of items
 * and members that are values themselves, and to say what can be said again. */
#include <rill/error.h>
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just its size. */
static struct rl_slice copy_of(struct rl_slice s)
{
	return fuzz_piece(&s, s.len);
}

static void expect_same_again(const struct rl_json *value)
{
	struct rl_slice copy = copy_of(value->text);
	struct rl_json again;

	MUST(rl_json_read(copy, &again) == 0);
	MUST(again.type == value->type && again.plain == value->plain);
	MUST(again.text.data == copy.data && again.text.len == copy.len);
	fuzz_free(copy);
}

static void check_quoting(struct rl_slice text, unsigned escapes, struct rl_env *env)
{
	struct rl_buf quoted, back;
	struct rl_json value;

	rl_buf_init(&quoted, env);
	rl_buf_init(&back, env);
	MUST(rl_json_quote(&quoted, text, escapes) == 0);
	MUST(rl_json_read(rl_buf_slice(&quoted), &value) == 0);
	MUST(rl_json_is(&value, text));
	MUST(rl_json_unquote(&value, &back) == 0);
	MUST(rl_slice_equal(rl_buf_slice(&back), text));
	rl_buf_release(&quoted);
	rl_buf_release(&back);
}

static void check_string(const struct rl_json *string, struct rl_env *env)
{
	struct rl_buf text;

	rl_buf_init(&text, env);
	MUST(rl_json_unquote(string, &text) == 0);
	MUST(text.len <= string->text.len - 2);
	MUST(rl_wtf8_valid(text.data, text.len));
	MUST(rl_json_is(string, rl_buf_slice(&text)));
	for (unsigned escapes = 0; escapes < 8; escapes++)
		check_quoting(rl_buf_slice(&text), escapes, env);
	rl_buf_release(&text);
}

static void check_number(const struct rl_json *number)
{
	char text[64];
	int64_t n;
	double d;

	bool integer = rl_json_i64(number, &n);
	bool finite = rl_json_double(number, &d);
	MUST(finite || !integer);
	if (number->text.len >= sizeof(text))
		return;
	memcpy(text, number->text.data, number->text.len);
	text[number->text.len] = 0;
	double want = strtod(text, NULL);
	MUST(!finite || memcmp(&d, &want, sizeof(d)) == 0);
	MUST(!integer || n == strtoll(text, NULL, 10));
}

/* The end of the value that s begins with, found without looking for more than quotes and brackets. */
static size_t naive_end(struct rl_slice s)
{
	size_t i = 0, depth = 0;
	bool quoted = false;

	for (; i < s.len; i++) {
		uint8_t c = s.data[i];
		if (quoted) {
			i += c == '\\';
			quoted = c != '"';
		} else if (c == '"') {
			quoted = true;
		} else if (c == '[' || c == '{') {
			depth++;
		} else if (!depth && (c == ']' || c == '}' || c == ',' || c == ':' || c <= ' ')) {
			break;
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return i;
}

static void check_value(const struct rl_json *value, struct rl_env *env, unsigned level);

/* A value that was walked to, which stands at the front of what is left. */
static void check_walked(
	const struct rl_json *value, struct rl_slice left, struct rl_env *env, unsigned level)
{
	rl_slice_skip(&left, (size_t)(value->text.data - left.data));
	MUST(naive_end(left) == value->text.len);
	expect_same_again(value);
	check_value(value, env, level);
}

static void check_array(const struct rl_json *array, struct rl_env *env, unsigned level)
{
	struct rl_slice rest = array->text, before = rest;
	struct rl_json item;

	while (rl_json_item(&rest, &item)) {
		MUST(rest.len < before.len);
		check_walked(&item, before, env, level);
		before = rest;
	}
	MUST(rest.len && rest.data[rest.len - 1] == ']' && !rl_json_item(&rest, &item));
}

static void check_object(const struct rl_json *object, struct rl_env *env, unsigned level)
{
	struct rl_slice rest = object->text, before = rest;
	struct rl_json name, value, found;
	struct rl_buf key;

	rl_buf_init(&key, env);
	while (rl_json_member(&rest, &name, &value)) {
		MUST(name.type == RL_JSON_STRING && rest.len < before.len);
		expect_same_again(&name);
		check_walked(&value, before, env, level);
		before = rest;
		rl_buf_consume(&key, key.len);
		MUST(rl_json_unquote(&name, &key) == 0);
		MUST(rl_json_find(object, rl_buf_slice(&key), &found));
		MUST(found.text.data >= value.text.data);
	}
	MUST(rest.len && rest.data[rest.len - 1] == '}' && !rl_json_member(&rest, &name, &value));
	rl_buf_release(&key);
}

static void check_value(const struct rl_json *value, struct rl_env *env, unsigned level)
{
	if (value->type == RL_JSON_STRING)
		check_string(value, env);
	else if (value->type == RL_JSON_NUMBER)
		check_number(value);
	else if (level && value->type == RL_JSON_ARRAY)
		check_array(value, env, level - 1);
	else if (level && value->type == RL_JSON_OBJECT)
		check_object(value, env, level - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rl_slice all = rl_slice(data, size), piece = copy_of(all), in = piece, before = in;
	struct rl_json value;
	struct rl_env env;
	int rc;

	fuzz_env_init(&env, 0);
	while ((rc = rl_json_next(&in, &value)) == 0) {
		MUST(in.len < before.len && rl_utf8_valid(value.text.data, value.text.len));
		expect_same_again(&value);
		check_value(&value, &env, 4);
		before = in;
	}
	MUST(rc == RILL_EPROTO || rc == RILL_ETOOBIG);
	MUST(in.data == before.data && in.len == before.len);
	if (rl_wtf8_valid(piece.data, piece.len))
		for (unsigned escapes = 0; escapes < 8; escapes++)
			check_quoting(piece, escapes, &env);
	fuzz_free(piece);
	return 0;
}
