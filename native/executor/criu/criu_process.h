// CRIU as a process: started, talked to.
#pragma once
#include "executor/context.h"
#include "executor/criu/criu_message.h"

namespace veloci {

// CRIU's descriptors: the socket, the folders of images and logs, what --status-fd names, the foreign
// namespaces, the cgroup that a dump freezes.
namespace criu_fd {
constexpr int socket = 3, images = 4, work = 5, status = 6, namespaces = 7, namespaces_max = 8,
              freezer = namespaces + namespaces_max;
} // namespace criu_fd

// Opens the folders of images and logs, by the steps of criu.start, and refuses what others may change.
Outcome open_criu_folders(Context &context, const CriuStart &op);

// False and an errno when two descriptors do not name the same folder.
bool is_same_folder(int one, int other);

// Starts `criu swrk` for the operation. It takes descriptor numbers of a request for those of the process that has made
// the socket: that is CRIU's own process here, since a restore's folders must be opened in its mount namespace. Outcome
// by the steps of criu.start.
Outcome spawn_criu(Context &context, const CriuStart &op, Str path, const Fd *namespaces, uint32_t count);

// Kills CRIU and waits for it.
void end_criu(Context &context);
// Waits for its end.
void reap_criu(Context &context);

// Sends a request: its type and, when `options` is not empty, criu_opts. False and errno on failure.
bool send_criu(int socket, CriuType type, Str options);
// Answers a notification.
bool answer_criu(int socket);
// Asks for the version; CRIU waits for more.
bool ask_criu_version(int socket);

// Receives a message, with the descriptor that comes with it. 0; EINTR when we are asked to stop; EPIPE at the end;
// ETIME when a restore does not go on; or another errno.
int receive_criu(Context &context, CriuResponse &response, Fd &fd);

// Puts what CRIU's log says of its failure into `out`; the log's own errors are passed over.
void read_criu_log(const CriuJob &job, Text &out);

} // namespace veloci
