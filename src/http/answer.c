/* answer.c: rill_answer: a head that outlives the bytes it came in, in one allocation. Fields that
 * came several times are joined when it is made, so that looking them up cannot fail. */
#include <rill/error.h>
#include <stdio.h>
#include "http/client_call.h"

struct rill_answer {
	const struct rl_env *env;
	struct rl_http1_head head;
	struct rl_slice
		*joined; /* beside each field: all of its name; data NULL but at the first */
};

static struct rl_slice name_of(const struct rl_http1_head *head, size_t i)
{
	return rl_http1_text(head, head->fields[i].name);
}

static bool is_first(const struct rl_http1_head *head, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (rl_slice_equal_nocase(name_of(head, k), name_of(head, i)))
			return false;
	return true;
}

/* Writes all values of the name at i behind each other; returns where that ends. */
static uint8_t *join(struct rill_answer *answer, size_t i, uint8_t *to)
{
	const struct rl_http1_head *head = &answer->head;
	struct rl_slice name = name_of(head, i), value;
	size_t cursor = 0;
	uint8_t *start = to;

	while (rl_http1_next_field(head, name, &cursor, &value)) {
		if (to > start) {
			memcpy(to, ", ", 2);
			to += 2;
		}
		if (value.len)
			memcpy(to, value.data, value.len);
		to += value.len;
	}
	answer->joined[i] = rl_slice(start, (size_t)(to - start));
	return to;
}

static void join_all(struct rill_answer *answer, uint8_t *to)
{
	const struct rl_http1_head *head = &answer->head;
	for (size_t i = 0; i < head->field_count; i++) {
		answer->joined[i] = rl_slice(NULL, 0);
		if (!is_first(head, i))
			continue;
		if (rl_http1_field_count(head, name_of(head, i)) == 1)
			answer->joined[i] = rl_http1_text(head, head->fields[i].value);
		else
			to = join(answer, i, to);
	}
}

struct rill_answer *rl_answer_new(const struct rl_env *env, const struct rl_http1_head *head)
{
	size_t count = head->field_count, joined = 0;
	size_t fields = count * sizeof(*head->fields), slices = count * sizeof(struct rl_slice);

	for (size_t i = 0; i < count; i++)
		joined += head->fields[i].value.len + 2;
	struct rill_answer *answer = rl_alloc(
		env, sizeof(*answer) + slices + fields + head->len + joined);
	if (!answer)
		return NULL;
	*answer = (struct rill_answer){ .env = env, .head = *head };
	answer->joined = (struct rl_slice *)(answer + 1);
	answer->head.fields = (struct rl_http1_field *)(void *)((char *)(answer + 1) + slices);
	uint8_t *bytes = (uint8_t *)answer->head.fields + fields;
	if (count)
		memcpy(answer->head.fields, head->fields, fields);
	memcpy(bytes, head->base, head->len);
	answer->head.base = bytes;
	join_all(answer, bytes + head->len);
	return answer;
}

void rl_answer_free(struct rill_answer *answer)
{
	if (answer)
		rl_free(answer->env, answer);
}

const struct rl_http1_head *rl_answer_head(const struct rill_answer *answer)
{
	return &answer->head;
}

int rill_answer_status(const rill_answer *answer)
{
	return answer->head.status;
}

rill_bytes rill_answer_header(const rill_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->head.field_count; i++)
		if (rl_slice_equal_nocase(name_of(&answer->head, i), rl_slice_str(name)))
			return rl_bytes(answer->joined[i]);
	return (rill_bytes){ NULL, 0 };
}

bool rill_answer_header_at(const rill_answer *answer, size_t i, rill_bytes *name, rill_bytes *value)
{
	if (i >= answer->head.field_count)
		return false;
	*name = rl_bytes(name_of(&answer->head, i));
	*value = rl_bytes(rl_http1_text(&answer->head, answer->head.fields[i].value));
	return true;
}

void rl_status_text(int status, char text[RL_STATUS_TEXT])
{
	const char *phrase = rl_http1_reason(status);
	bool known = strcmp(phrase, "Unknown") != 0;
	snprintf(text, RL_STATUS_TEXT, "%d%s%s", status, known ? " " : "", known ? phrase : "");
}
