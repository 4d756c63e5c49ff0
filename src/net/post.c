/* post.c: how other threads reach a loop. The list is behind a lock; whether there is anything in
 * it is known without, so that a turn nobody posted to takes no lock. */
#include "net/loop.h"

void rl_loop_post_node(struct rill_loop *loop, struct rl_post *post)
{
	pthread_mutex_lock(&loop->shared.lock);
	rl_list_append(&loop->shared.posted, &post->node);
	bool first = !atomic_exchange_explicit(&loop->shared.any, true, memory_order_release);
	/* Under the lock, without which nothing posted is run: it may be what frees the loop. */
	if (first)
		loop->engine->ops->wake(loop->engine);
	pthread_mutex_unlock(&loop->shared.lock);
}

static void take_posted(struct rill_loop *loop, struct rl_list *list)
{
	rl_list_init(list);
	pthread_mutex_lock(&loop->shared.lock);
	rl_list_splice(list, &loop->shared.posted);
	atomic_store_explicit(&loop->shared.any, false, memory_order_release);
	pthread_mutex_unlock(&loop->shared.lock);
}

static struct rl_post *pop(struct rl_list *list)
{
	if (rl_list_empty(list))
		return NULL;
	struct rl_post *post = rl_container(list->next, struct rl_post, node);
	rl_list_remove(&post->node);
	return post;
}

void rl_loop_run_posted(struct rill_loop *loop)
{
	struct rl_list list;
	struct rl_post *post;
	take_posted(loop, &list);
	while ((post = pop(&list)))
		post->fn(post);
}

void rl_loop_drop_posted(struct rill_loop *loop)
{
	struct rl_list list;
	struct rl_post *post;
	take_posted(loop, &list);
	while ((post = pop(&list)))
		if (post->drop)
			post->drop(post);
}

struct call {
	struct rl_post post;
	struct rill_loop *loop;
	void (*fn)(void *user);
	void *user;
};

static void drop_call(struct rl_post *post)
{
	struct call *call = rl_container(post, struct call, post);
	rl_free(&call->loop->env, call);
}

static void run_call(struct rl_post *post)
{
	struct call call = *rl_container(post, struct call, post);
	drop_call(post);
	call.fn(call.user);
}

int rill_loop_post(rill_loop *loop, void (*fn)(void *user), void *user)
{
	struct call *call = rl_alloc(&loop->env, sizeof(*call));
	if (!call)
		return RILL_ENOMEM;
	*call = (struct call){ { .fn = run_call, .drop = drop_call }, loop, fn, user };
	rl_loop_post_node(loop, &call->post);
	return 0;
}
