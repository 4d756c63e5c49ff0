/* hub.c: the hub itself, and publishing: from inside a turn of its loop at once into what is pending
 * (fanout.c), from elsewhere by way of the mailbox. What one thread publishes keeps its order, so
 * whoever publishes inside a turn empties the mailbox first. */
#include <stdlib.h>
#include "hub/hub.h"
#include "base/json.h"
#include "base/utf8.h"

/* Of an event's type, as in rill_eventsource_send(). */
enum { TYPE_MAX = 1024 };

void rill_hub_options_init(rill_hub_options *options, size_t size)
{
	rill_hub_options defaults = {
		.size = size,
		.max_topics = 1000 * 1000,
		.max_topic_name = 1024,
		.max_subscriptions = 10 * 1000,
		.history_bytes = 1024 * 1024,
		.history_ms = 5 * 60 * 1000,
		.max_mailbox = (size_t)64 * 1024 * 1024,
	};
	memcpy(options, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

static bool is_origin(const char *origin)
{
	size_t n = 0;
	for (; origin[n]; n++) {
		char c = origin[n];
		bool digit = c >= '0' && c <= '9', letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		if (n == 16 || (!digit && !letter))
			return false;
	}
	return n > 0;
}

static int read_options(rill_hub_options *all, const rill_hub_options *given)
{
	rill_hub_options_init(all, sizeof(*all));
	if (given) {
		if (given->size < sizeof(given->size))
			return RILL_EINVAL;
		memcpy(all, given, given->size < sizeof(*all) ? given->size : sizeof(*all));
	}
	if (!all->max_topic_name || (all->origin && !is_origin(all->origin)))
		return RILL_EINVAL;
	return 0;
}

static void name_it(struct rill_hub *hub)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
	const struct rl_env *env = rl_hub_env(hub);
	uint8_t bytes[8];
	env->random(&hub->key, sizeof(hub->key), env->user);
	env->random(&hub->next_epoch, sizeof(hub->next_epoch), env->user);
	if (hub->options.origin) {
		strcpy(hub->origin, hub->options.origin); /* at most 16: read_options() */
	} else {
		env->random(bytes, sizeof(bytes), env->user);
		for (size_t i = 0; i < sizeof(bytes); i++)
			hub->origin[i] = letters[bytes[i] % 32];
	}
	hub->options.origin = hub->origin;
}

int rill_hub_new(rill_hub **result, rill_loop *loop, const rill_hub_options *given)
{
	rill_hub_options options;
	int rc = read_options(&options, given);
	if (rc < 0)
		return rc;
	struct rill_hub *hub = rl_zalloc(&loop->env, sizeof(*hub));
	if (!hub)
		return RILL_ENOMEM;
	hub->loop = loop;
	hub->options = options;
	rl_list_init(&hub->topics_pending);
	rl_task_init(&hub->task, rl_fanout_task);
	name_it(hub);
	rc = rl_mailbox_new(hub);
	if (rc < 0) {
		rl_free(&loop->env, hub);
		return rc;
	}
	*result = hub;
	return 0;
}

static void end_topic(struct rl_topic *topic)
{
	rl_history_free(topic);
	while (topic->count > 1)
		rl_member_remove(topic->members[topic->count - 1]);
	if (topic->count)
		rl_member_remove(topic->members[0]); /* and with it goes the topic */
	else
		rl_topic_free(topic);
}

void rill_hub_free(rill_hub *hub)
{
	if (!hub)
		return;
	rl_mailbox_close(hub);
	rl_fanout_deliver(hub);
	for (size_t i = 0; i < hub->bucket_count; i++)
		while (hub->buckets[i])
			end_topic(hub->buckets[i]);
	for (struct rl_walk *walk = hub->walks; walk; walk = walk->outer)
		walk->hub = NULL;
	rl_list_remove(&hub->task.node);
	rl_free(rl_hub_env(hub), hub->buckets);
	rl_free(rl_hub_env(hub), hub);
}

void rill_publication_init(rill_publication *publication, size_t size)
{
	rill_publication defaults = { .size = size, .kind = RILL_TEXT };
	memcpy(publication, &defaults, size < sizeof(defaults) ? size : sizeof(defaults));
}

static int refused(
	struct rill_hub *hub, struct rl_publication *publication, uint64_t *except, int rc)
{
	rl_publication_unref(publication);
	rl_free(rl_hub_env(hub), except);
	return rc;
}

int rl_hub_take(struct rill_hub *hub, struct rl_slice name, struct rl_publication *publication,
	uint64_t *except, size_t except_count, bool transient)
{
	rl_fanout_begin(hub);
	struct rl_topic *topic = rl_topic_find(hub, name);
	int rc = 0;
	if (!topic && hub->options.history_messages && !transient)
		rc = rl_topic_get(&topic, hub, name);
	if (rc < 0)
		return refused(hub, publication, except, rc);
	if (!topic) {
		hub->past.published++;
		return refused(hub, publication, except, 0);
	}
	if (topic->history && !transient)
		rc = rl_history_add(topic->history, publication);
	if (rc == 0)
		topic->stats.published++;
	if (rc < 0 || !topic->count) {
		rl_topic_release(topic); /* it may be new, and what was to be kept too large */
		return refused(hub, publication, except, rc);
	}
	publication->encoded = &topic->stats.encoded;
	rl_fanout_add(hub, topic,
		&(struct rl_pending){ .publication = publication,
			.except = except,
			.except_count = except_count });
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static int check(const rill_hub *hub, struct rl_slice topic, const rill_publication *what)
{
	struct rl_slice type = rl_slice_str(what->type);
	if (!topic.len || topic.len > hub->options.max_topic_name || type.len > TYPE_MAX)
		return RILL_EINVAL;
	if (what->kind < RILL_TEXT || what->kind > RILL_JSON || (what->len && !what->data) ||
		(what->except_count && !what->except))
		return RILL_EINVAL;
	if (type.len && (memchr(type.data, '\r', type.len) || memchr(type.data, '\n', type.len)))
		return RILL_EINVAL;
	if (what->kind == RILL_TEXT && !rl_utf8_valid(what->data, what->len))
		return RILL_EUTF8;
	if (what->kind == RILL_JSON && !rl_json_valid(what->data, what->len))
		return RILL_EPROTO;
	return rl_utf8_valid(type.data, type.len) ? 0 : RILL_EUTF8;
}

/* Any thread. */
static int publish(rill_hub *hub, struct rl_slice topic, const rill_publication *what)
{
	const struct rl_env *env = rl_hub_env(hub);
	uint64_t *except = NULL;
	int rc = check(hub, topic, what);
	if (rc < 0)
		return rc;
	struct rl_publication *publication = rl_publication_new(
		env, what->kind, rl_slice(what->data, what->len), rl_slice_str(what->type));
	if (!publication)
		return RILL_ENOMEM;
	if (what->except_count) {
		if (what->except_count <= SIZE_MAX / sizeof(*except))
			except = rl_alloc(env, what->except_count * sizeof(*except));
		if (!except)
			return refused(hub, publication, NULL, RILL_ENOMEM);
		memcpy(except, what->except, what->except_count * sizeof(*except));
		qsort(except, what->except_count, sizeof(*except), by_number);
	}
	if (!rl_loop_turns_here(hub->loop) || rl_fanout_under_way(hub->loop))
		return rl_mailbox_put(hub->mailbox, topic, publication, except, what->except_count,
			what->transient);
	rl_mailbox_empty(hub->mailbox);
	return rl_hub_take(hub, topic, publication, except, what->except_count, what->transient);
}

int rill_publish(rill_hub *hub, const char *topic, rill_kind kind, const void *data, size_t len)
{
	rill_publication what = { .size = sizeof(what), .kind = kind, .data = data, .len = len };
	return publish(hub, rl_slice_str(topic), &what);
}

int rill_publish_event(rill_hub *hub, const char *topic, const rill_publication *publication)
{
	rill_publication what;
	if (publication->size < sizeof(publication->size))
		return RILL_EINVAL;
	rill_publication_init(&what, sizeof(what));
	memcpy(&what, publication,
		publication->size < sizeof(what) ? publication->size : sizeof(what));
	return publish(hub, rl_slice_str(topic), &what);
}
