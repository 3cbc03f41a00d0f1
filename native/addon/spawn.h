// Starting the command from a large process: without a copy of its page tables, and with nothing of it but what is
// named.
#pragma once
#include <napi.h>

namespace veloci {

// launch(path: string, args: string[], env: string[], fds: number[]): number: starts a program with exactly these
// descriptors, from 0 on, in a session of its own; the pid.
Napi::Value launch(const Napi::CallbackInfo &info);
// reap(pid: number): number: the end of such a program, as a shell reports it; -1 when it has not ended.
Napi::Value reap(const Napi::CallbackInfo &info);
// openNull(): number: /dev/null.
Napi::Value open_null(const Napi::CallbackInfo &info);
// pipe(), socketPair(): [number, number]: close-on-exec; the pipe's first end is for reading.
Napi::Value make_pipe(const Napi::CallbackInfo &info);
Napi::Value make_socket_pair(const Napi::CallbackInfo &info);
// receiveDescriptor(socket: number): number: one that has come along with a message, or -1.
Napi::Value receive_descriptor(const Napi::CallbackInfo &info);
// send(socket: number, bytes: Uint8Array): a few bytes, if the other side is still there.
Napi::Value send_bytes(const Napi::CallbackInfo &info);
// resize(terminal: number, columns: number, rows: number)
Napi::Value resize(const Napi::CallbackInfo &info);

} // namespace veloci
