/* client_files.h: clients of other projects, which pages load: files of folders, each under the path
 * that its users expect.
 *
 *   /sockjs/sockjs.min.js, sockjs.js and their maps              npm's sockjs-client, its folder dist/
 *   /socket.io/socket.io.min.js, socket.io.js and their maps     npm's socket.io-client, likewise
 *   /socket.io/socket.io-0.6.js         npm's socket.io 0.6.18, support/socket.io-client/socket.io.js
 *   /clients.json    {"files":["/sockjs/sockjs.min.js",...]}: which of them are there
 *
 * Only the names in a table are looked for, in the folders themselves: nothing of a request reaches the file
 * system, and no link leads out. A file is read when it is first asked for and when it has changed, and
 * compressed then. */
#ifndef CLIENT_FILES_H
#define CLIENT_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <rill/http.h>

#define CLIENT_FILE_SOCKJS    "/sockjs/sockjs.min.js"
#define CLIENT_FILE_SOCKETIO  "/socket.io/socket.io.min.js"
#define CLIENT_FILE_SOCKETIO0 "/socket.io/socket.io-0.6.js"

struct client_file;

struct client_files {
	const char *const *dirs; /* in this order; borrowed */
	struct client_file *files;
};

/* dirs, up to a NULL, need not be there yet. 0 or RILL_ENOMEM; fini is fine either way. */
int client_files_init(struct client_files *files, const char *const *dirs);
void client_files_fini(struct client_files *files);

/* Is that file, by the path it is served under, there now? */
bool client_files_have(struct client_files *files, const char *path);

/* Request handlers; user is a struct client_files. */
int client_files_answer(rill_request *request, void *user);
int client_files_answer_list(rill_request *request, void *user);

/* Where the set-up puts the files: clients/ beside the program. Returns path, or "" when that cannot be
 * told. */
const char *client_files_dir_of_setup(char path[PATH_MAX]);

/* Can files be read from there? 0 or an errno. */
int client_files_try_dir(const char *dir);

#endif
