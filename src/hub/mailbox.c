/* mailbox.c: what other threads publish. A list behind a lock, and one posted node that is on its way
 * while there is something in it. The mailbox outlives its hub when the node is still on its way. */
#include "hub/hub.h"

/* What a letter costs besides its bytes, as its sender is told. */
enum { LETTER_COST = 256 };

struct letter {
	struct rl_list node;
	struct rl_publication *publication;
	uint64_t *except;
	size_t except_count;
	bool transient;
	size_t topic_len;
	char topic[];
};

struct rl_mailbox {
	struct rl_post post;
	struct rill_loop *loop;
	struct rill_hub *hub; /* NULL: gone */
	size_t max;
	struct {
		pthread_mutex_t lock;
		struct rl_list letters;
		size_t bytes;
		bool posted;     /* post is on its way */
		atomic_bool any; /* are there letters? Looked at without the lock */
	} shared;
};

static size_t cost_of(const struct letter *letter)
{
	const struct rl_publication *publication = letter->publication;
	return publication->payload->len + publication->type.len + letter->topic_len +
	       letter->except_count * sizeof(*letter->except) + LETTER_COST;
}

static void free_letters(struct rl_mailbox *mailbox)
{
	const struct rl_env *env = &mailbox->loop->env;
	rl_list_each_safe (node, &mailbox->shared.letters) {
		struct letter *letter = rl_container(node, struct letter, node);
		rl_list_remove(node);
		rl_publication_unref(letter->publication);
		rl_free(env, letter->except);
		rl_free(env, letter);
	}
}

static void free_mailbox(struct rl_mailbox *mailbox)
{
	free_letters(mailbox);
	pthread_mutex_destroy(&mailbox->shared.lock);
	rl_free(&mailbox->loop->env, mailbox);
}

static void arrived(struct rl_post *post)
{
	struct rl_mailbox *mailbox = rl_container(post, struct rl_mailbox, post);
	if (!mailbox->hub) {
		free_mailbox(mailbox);
		return;
	}
	pthread_mutex_lock(&mailbox->shared.lock);
	mailbox->shared.posted = false;
	pthread_mutex_unlock(&mailbox->shared.lock);
	rl_mailbox_empty(mailbox);
}

static void never_arrived(struct rl_post *post)
{
	struct rl_mailbox *mailbox = rl_container(post, struct rl_mailbox, post);
	assert(!mailbox->hub && "a hub is freed before its loop");
	free_mailbox(mailbox);
}

int rl_mailbox_new(struct rill_hub *hub)
{
	struct rl_mailbox *mailbox = rl_zalloc(rl_hub_env(hub), sizeof(*mailbox));
	if (!mailbox)
		return RILL_ENOMEM;
	if (pthread_mutex_init(&mailbox->shared.lock, NULL) != 0) {
		rl_free(rl_hub_env(hub), mailbox);
		return RILL_ENOMEM;
	}
	mailbox->post.fn = arrived;
	mailbox->post.drop = never_arrived;
	mailbox->loop = hub->loop;
	mailbox->hub = hub;
	mailbox->max = hub->options.max_mailbox;
	rl_list_init(&mailbox->shared.letters);
	atomic_init(&mailbox->shared.any, false);
	hub->mailbox = mailbox;
	return 0;
}

void rl_mailbox_close(struct rill_hub *hub)
{
	struct rl_mailbox *mailbox = hub->mailbox;
	rl_mailbox_empty(mailbox);
	mailbox->hub = NULL;
	if (!mailbox->shared.posted) /* no other thread publishes any more */
		free_mailbox(mailbox);
}

/* Puts it in when there is room; 0 or RILL_ELIMIT. */
static int post_letter(struct rl_mailbox *mailbox, struct letter *letter)
{
	int rc = RILL_ELIMIT;
	size_t cost = cost_of(letter);
	bool first = false;

	pthread_mutex_lock(&mailbox->shared.lock);
	if (cost <= mailbox->max && mailbox->shared.bytes <= mailbox->max - cost) {
		rc = 0;
		first = !mailbox->shared.posted;
		mailbox->shared.posted = true;
		mailbox->shared.bytes += cost;
		rl_list_append(&mailbox->shared.letters, &letter->node);
		atomic_store_explicit(&mailbox->shared.any, true, memory_order_release);
	}
	pthread_mutex_unlock(&mailbox->shared.lock);
	if (first)
		rl_loop_post_node(mailbox->loop, &mailbox->post);
	return rc;
}

int rl_mailbox_put(struct rl_mailbox *mailbox, struct rl_slice topic,
	struct rl_publication *publication, uint64_t *except, size_t except_count, bool transient)
{
	const struct rl_env *env = &mailbox->loop->env;
	int rc = RILL_ENOMEM;
	struct letter *letter = rl_alloc(env, sizeof(*letter) + topic.len);
	if (letter) {
		*letter = (struct letter){ .publication = publication,
			.except = except,
			.except_count = except_count,
			.transient = transient,
			.topic_len = topic.len };
		memcpy(letter->topic, topic.data, topic.len);
		rc = post_letter(mailbox, letter);
	}
	if (rc < 0) {
		rl_publication_unref(publication);
		rl_free(env, except);
		rl_free(env, letter);
	}
	return rc;
}

void rl_mailbox_empty(struct rl_mailbox *mailbox)
{
	struct rill_loop *loop = mailbox->loop;
	struct rl_list letters;
	if (!atomic_load_explicit(&mailbox->shared.any, memory_order_acquire))
		return;
	rl_list_init(&letters);
	pthread_mutex_lock(&mailbox->shared.lock);
	rl_list_splice(&letters, &mailbox->shared.letters);
	mailbox->shared.bytes = 0;
	atomic_store_explicit(&mailbox->shared.any, false, memory_order_release);
	pthread_mutex_unlock(&mailbox->shared.lock);
	rl_list_each_safe (node, &letters) {
		struct letter *letter = rl_container(node, struct letter, node);
		int rc = rl_hub_take(mailbox->hub, rl_slice(letter->topic, letter->topic_len),
			letter->publication, letter->except, letter->except_count,
			letter->transient);
		if (rc < 0)
			rl_log(&loop->env, RILL_LOG_WARN,
				"hub: what another thread published is lost: %s",
				rill_strerror(rc));
		rl_free(&loop->env, letter);
	}
}
