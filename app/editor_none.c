/* editor_none.c: lines are read as the terminal gives them. */
#include "editor.h"

int editor_new(struct editor **out, rill_loop *loop, const struct editor_events *events, void *user)
{
	(void)loop;
	(void)events;
	(void)user;
	*out = NULL;
	return RILL_EUNSUPPORTED;
}

void editor_free(struct editor *editor)
{
	(void)editor;
}

void editor_hide(struct editor *editor)
{
	(void)editor;
}

void editor_show(struct editor *editor)
{
	(void)editor;
}

void editor_hold(struct editor *editor, bool held)
{
	(void)editor;
	(void)held;
}

void editor_resized(struct editor *editor)
{
	(void)editor;
}

void editor_continued(struct editor *editor)
{
	(void)editor;
}
