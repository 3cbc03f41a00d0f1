// What is kept in the state directory for the later verbs.
#pragma once
#include "executor/context.h"
#include "file/files.h"

namespace veloci {

// Makes the bytes the context's plan: verified, and its programs can be run. false with the reason.
bool use_plan(Context &context, Bytes bytes, const char **what);

// Reads a plan file of the state directory and makes it the context's plan. 0; ENOENT; EPROTO when it was made by
// another version or is damaged; or another errno.
int load_plan(Context &context, const char *name, Buffer &memory);

// Writes a plan file of the state directory. 0 or an errno.
int store_plan(Context &context, const char *name, Bytes bytes);

// Stores a memoised exec plan; the least recently used one goes when there are too many. Errors only cost time later.
void store_memo(Context &context, const char *name, Bytes bytes);

} // namespace veloci
