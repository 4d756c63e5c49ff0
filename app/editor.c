/* editor.c: libedit, fed by the loop.
 *
 * In its unbuffered mode libedit takes one key a call; but it reads on in the middle of a key's bytes and
 * of some commands, and would stop the loop there. So the bytes of a key are gathered first and libedit reads
 * them from us; the commands that ask for more by themselves are bound to others or to none. Keys are those
 * of Emacs. */
#include "editor.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include "history.h"
#include "utf8.h"

#define PROMPT       "> "
#define PROMPT_WIDTH 2
#define ESCAPE       0x1b
#define CTRL_D       0x04
/* Longer than any key's sequence. */
#define LONGEST_KEY 32

struct editor {
	EditLine *line;
	History *history;
	char path[PATH_MAX]; /* of the history; "" when there is no place for it */
	rill_watch *watch;
	const struct editor_events *events;
	void *user;
	unsigned char keys[4096]; /* typed and not yet handled */
	size_t len;
	size_t at, end; /* of the key that libedit is reading */
	bool shown;     /* the prompt is on the screen */
	bool held, ended, busy;
};

/* Bytes of the key at the front; 0: more have to come. */
static size_t key_length(const unsigned char *p, size_t len)
{
	if (*p != ESCAPE) {
		size_t n = utf8_character(p, len);
		/* A byte that cannot become a character is a key of its own, which is dropped. */
		return n ? n : *p < 0xc2 || *p > 0xf4 || len >= 4 ? 1 : 0;
	}
	if (len < 2)
		return 0;
	if (p[1] == 'O')
		return len < 3 ? 0 : 3;
	if (p[1] != '[')
		return p[1] == ESCAPE ? 1 : 2;
	for (size_t i = 2; i < len; i++) {
		if (p[i] >= 0x40 && p[i] <= 0x7e)
			return i + 1;
	}
	return len < LONGEST_KEY ? 0 : len;
}

/* The sequences that terminals send for the keys of an editor. Others are dropped whole: libedit would take a
 * part of them for text. */
static const struct {
	const char *sequence, *as_bound, *command;
} sequences[] = {
	{ "\x1b[A", "^[[A", "ed-prev-history" },
	{ "\x1b[B", "^[[B", "ed-next-history" },
	{ "\x1b[C", "^[[C", "ed-next-char" },
	{ "\x1b[D", "^[[D", "ed-prev-char" },
	{ "\x1b[H", "^[[H", "ed-move-to-beg" },
	{ "\x1b[F", "^[[F", "ed-move-to-end" },
	{ "\x1bOA", "^[OA", "ed-prev-history" },
	{ "\x1bOB", "^[OB", "ed-next-history" },
	{ "\x1bOC", "^[OC", "ed-next-char" },
	{ "\x1bOD", "^[OD", "ed-prev-char" },
	{ "\x1bOH", "^[OH", "ed-move-to-beg" },
	{ "\x1bOF", "^[OF", "ed-move-to-end" },
	{ "\x1b[1~", "^[[1~", "ed-move-to-beg" },
	{ "\x1b[4~", "^[[4~", "ed-move-to-end" },
	{ "\x1b[3~", "^[[3~", "ed-delete-next-char" },
	{ "\x1b[1;5C", "^[[1;5C", "em-next-word" },
	{ "\x1b[1;5D", "^[[1;5D", "ed-prev-word" },
};
#define SEQUENCES (sizeof(sequences) / sizeof(*sequences))

static bool is_known(const unsigned char *p, size_t n)
{
	if (n < 3 || *p != ESCAPE)
		return true;
	for (size_t i = 0; i < SEQUENCES; i++) {
		if (strlen(sequences[i].sequence) == n && !memcmp(sequences[i].sequence, p, n))
			return true;
	}
	return false;
}

/* libedit reads here. */
static int read_key(EditLine *line, wchar_t *out)
{
	struct editor *editor;
	el_get(line, EL_CLIENTDATA, &editor);
	const unsigned char *p = editor->keys + editor->at;
	const size_t n = editor->at < editor->end ? utf8_character(p, editor->end - editor->at) : 0;
	if (!n)
		return 0;
	*out = (wchar_t)utf8_code_point(p, n);
	editor->at += n;
	return 1;
}

static char *prompt(EditLine *line)
{
	static char text[] = PROMPT;
	(void)line;
	return text;
}

/* Where the screen stands. */

static size_t columns(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* Rows from the prompt's to the one in which the cursor stands behind this text. */
static size_t rows_below_prompt(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t column = PROMPT_WIDTH;
	for (size_t i = 0; i < len;) {
		size_t n = utf8_character(p + i, len - i);
		int width = n ? wcwidth((wchar_t)utf8_code_point(p + i, n)) : 4;
		if (n && p[i] == '\t')
			column += 8 - column % 8;
		else
			column += width >= 0 ? (size_t)width : 2; /* "^A" */
		i += n ? n : 1;
	}
	return column / columns();
}

static void clear_from(size_t rows_up)
{
	if (rows_up)
		printf("\x1b[%zuA", rows_up);
	printf("\r\x1b[J");
	fflush(stdout);
}

void editor_hide(struct editor *editor)
{
	if (!editor || !editor->shown)
		return;
	const LineInfo *info = el_line(editor->line);
	clear_from(rows_below_prompt(info->buffer, (size_t)(info->cursor - info->buffer)));
	editor->shown = false;
}

void editor_show(struct editor *editor)
{
	if (!editor || editor->shown || editor->ended || editor->busy)
		return;
	el_set(editor->line, EL_REFRESH);
	editor->shown = true;
}

/* Begins with an empty line. */
static void begin(struct editor *editor)
{
	el_set(editor->line, EL_UNBUFFERED, 1);
	editor->shown = true;
}

static void stop(struct editor *editor)
{
	editor_hide(editor);
	el_set(editor->line, EL_UNBUFFERED, 0);
	rill_watch_free(editor->watch);
	editor->watch = NULL;
	editor->ended = true;
}

static void end(struct editor *editor)
{
	stop(editor);
	editor->events->on_end(editor->user);
}

/* The line that was typed goes from the screen: whoever takes it shows it in its own way. */
static void take_line(struct editor *editor, const char *text, size_t len)
{
	HistEvent event;
	char *copy = strndup(text, len);
	editor->busy = true;
	editor->shown = false;
	el_set(editor->line, EL_UNBUFFERED, 0);
	clear_from(rows_below_prompt(text, len) + 1);
	if (copy) {
		if (len)
			history(editor->history, &event, H_ENTER, copy);
		editor->events->on_line(copy, len, editor->user);
	}
	free(copy);
	editor->busy = false;
	if (!editor->ended)
		begin(editor);
}

static void handle_key(struct editor *editor, size_t n)
{
	int len = 0;
	editor->at = 0;
	editor->end = is_known(editor->keys, n) ? n : 0;
	const char *text = editor->end ? el_gets(editor->line, &len) : NULL;
	const bool ctrl_d = n == 1 && editor->keys[0] == CTRL_D;
	editor->len -= n;
	memmove(editor->keys, editor->keys + n, editor->len);
	if (!text || len <= 0)
		return;
	if (text[len - 1] == '\n')
		take_line(editor, text, (size_t)len - 1);
	else if (ctrl_d && len == 1 && text[0] == CTRL_D)
		end(editor);
}

static void handle_keys(struct editor *editor)
{
	while (editor->len && !editor->held && !editor->ended) {
		size_t n = key_length(editor->keys, editor->len);
		if (!n)
			return;
		handle_key(editor, n);
	}
}

static void on_readable(rill_watch *watch, int events, void *user)
{
	(void)watch;
	(void)events;
	struct editor *editor = user;
	ssize_t n = read(
		STDIN_FILENO, editor->keys + editor->len, sizeof(editor->keys) - editor->len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end(editor);
		return;
	}
	editor->len += (size_t)n;
	handle_keys(editor);
}

/* Making and freeing. */

/* Without a locale for it libedit knows no characters but ASCII's. */
static void choose_characters(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static void load_history(struct editor *editor)
{
	HistEvent event;
	history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
	history(editor->history, &event, H_SETUNIQUE, 1);
	if (history_path("connect_history", editor->path, sizeof(editor->path)) < 0)
		editor->path[0] = '\0';
	else
		history(editor->history, &event, H_LOAD, editor->path);
}

/* Beside, then in its place: a history that was cut short is worse than an old one. */
static void save_history(struct editor *editor)
{
	HistEvent event;
	char beside[PATH_MAX + 16];
	if (!editor->path[0])
		return;
	snprintf(beside, sizeof(beside), "%s.%ld", editor->path, (long)getpid());
	if (history(editor->history, &event, H_SAVE, beside) < 0 ||
		rename(beside, editor->path) < 0)
		unlink(beside);
}

static int set_up(struct editor *editor)
{
	EditLine *line = editor->line;
	el_set(line, EL_CLIENTDATA, editor);
	el_set(line, EL_PROMPT, prompt);
	el_set(line, EL_EDITOR, "emacs");
	el_set(line, EL_HIST, history, editor->history);
	el_set(line, EL_GETCFN, read_key);
	/* Between two lines, too, nothing shows what is typed but libedit. */
	el_set(line, EL_SETTY, "-x", "-echo", NULL);
	el_set(line, EL_SETTY, "-x", "-icanon", NULL);
	/* In place of those that read on by themselves: searching goes by what has been typed. */
	el_set(line, EL_BIND, "^R", "ed-search-prev-history", NULL);
	el_set(line, EL_BIND, "^S", "ed-search-next-history", NULL);
	el_set(line, EL_BIND, "^V", "ed-unassigned", NULL);
	el_set(line, EL_BIND, "^Q", "ed-unassigned", NULL);
	el_set(line, EL_BIND, "^[x", "ed-unassigned", NULL);
	el_set(line, EL_BIND, "^[X", "ed-unassigned", NULL);
	for (size_t i = 0; i < SEQUENCES; i++)
		el_set(line, EL_BIND, sequences[i].as_bound, sequences[i].command, NULL);
	int edits = 0;
	el_get(line, EL_EDITMODE, &edits);
	return edits ? 0 : RILL_EUNSUPPORTED;
}

int editor_new(struct editor **out, rill_loop *loop, const struct editor_events *events, void *user)
{
	const char *terminal = getenv("TERM");
	*out = NULL;
	if (!terminal || !*terminal || !strcmp(terminal, "dumb"))
		return RILL_EUNSUPPORTED;
	struct editor *editor = calloc(1, sizeof(*editor));
	if (!editor)
		return RILL_ENOMEM;
	editor->events = events;
	editor->user = user;
	choose_characters();
	editor->history = history_init();
	editor->line = el_init("rill", stdin, stdout, stderr);
	int rc = editor->history && editor->line ? set_up(editor) : RILL_ENOMEM;
	if (rc == 0)
		rc = rill_watch_new(
			&editor->watch, loop, STDIN_FILENO, RILL_READABLE, on_readable, editor);
	if (rc < 0) {
		editor->ended = true;
		editor_free(editor);
		return rc;
	}
	load_history(editor);
	begin(editor);
	*out = editor;
	return 0;
}

void editor_free(struct editor *editor)
{
	if (!editor)
		return;
	if (!editor->ended)
		stop(editor);
	if (editor->history) {
		save_history(editor);
		history_end(editor->history);
	}
	if (editor->line)
		el_end(editor->line);
	free(editor);
}

void editor_hold(struct editor *editor, bool held)
{
	if (editor->held == held || editor->ended)
		return;
	editor->held = held;
	rill_watch_set(editor->watch, held ? 0 : RILL_READABLE);
	if (!held && !editor->busy)
		handle_keys(editor);
}

void editor_resized(struct editor *editor)
{
	if (editor)
		el_resize(editor->line);
}

void editor_continued(struct editor *editor)
{
	if (!editor || editor->ended)
		return;
	el_set(editor->line, EL_PREP_TERM, 1);
	el_set(editor->line, EL_REFRESH);
	editor->shown = true;
}
