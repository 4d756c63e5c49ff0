/* complaint.h: where the sentence about a failure goes: the text and its room that a public
 * function was given. */
#ifndef RL_NET_COMPLAINT_H
#define RL_NET_COMPLAINT_H

#include <stddef.h>

struct rl_complaint {
	char *text;
	size_t room; /* 0: nobody wants to know */
};

/* Writes the sentence; returns rc. */
int rl_complain(const struct rl_complaint *to, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
