/* client_file.h: the files of a protocol's client, from a folder the operator names: a fixed list of names, each opened
 * in that folder without following links; what is no regular file is not there. A file is read, and compressed for
 * those who take that, when it is first asked for, and again when it has changed. */
#ifndef RL_PROTO_CLIENT_FILE_H
#define RL_PROTO_CLIENT_FILE_H

#include <sys/stat.h>
#include "base/buf.h"
#include "http/exchange.h"
#include "wire/content_coding.h"

enum { RL_CLIENT_FILE_FORMS = RL_CODING_DEFLATE + 1 };

struct rl_client_file {
	struct stat as; /* as it was when it was read */
	struct rl_buf forms[RL_CLIENT_FILE_FORMS];
	bool made[RL_CLIENT_FILE_FORMS];
	char tag[80]; /* with its quotes */
	/* False at first. */
	bool packaged;    /* the folder lies in a package as npm lays it out, whose version is the file's */
	bool only_quoted; /* a tag without its quotes is none (RFC 9110, 8.8.3) */
};

void rl_client_file_init(struct rl_client_file *file, const struct rl_env *env);
void rl_client_file_fini(struct rl_client_file *file);

/* Brings it up to date. version: for its tag; NULL: what ../package.json says if it is packaged, or a hash. name: below
 * the folder; may have folders in it. 0; RILL_ENOENT: there is none; RILL_ENOMEM. */
int rl_client_file_refresh(struct rl_client_file *file, const struct rl_env *env, const char *folder,
	const char *name, const char *version);

/* Answers a GET or HEAD with it: 200 in a coding the client takes, or 304, for tags without quotes too unless
 * only_quoted, as clients of 2010 send them; with Cache-Control, ETag and Vary. Cuts the request without memory for
 * that. */
void rl_client_file_answer(
	struct rl_client_file *file, rill_request *request, const char *content_type);

#endif
